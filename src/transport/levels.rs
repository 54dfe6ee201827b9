//! Potentials whose levels lie no farther apart than optimality asks.
//!
//! Where clusters lie far apart, or one point far out, the potentials of a spanning tree differ between them by the cost of
//! the way there, and the last digits of all of them are lost in that. They need not. Let f, g be optimal potentials beside a
//! plan P, let c ≥ c₀, and let L = max {c_ij − c₀ : P_ij > 0} be the costliest pair that the plan uses.
//!
//! *Sort the sources by f. Where neighbours differ by more than L, all sources above and the targets that they serve can be
//! lowered until the difference is L, and the potentials stay feasible and optimal.*
//!
//! Two sources that share a target differ by at most L, so no flow crosses, and the sums f_i + g_j along flows do not
//! change. For a source i above and a target j below, f_i + g_j only falls. For i below and j above, let k above serve j:
//! f_i + g_j = f_i − f_k + c_kj ≤ −L + (c₀ + L) = c₀ ≤ c_ij.

use crate::numeric::Sum;
use crate::numeric::parallel;
use crate::numeric::sum::add_down;
use crate::transport::{Flow, Potentials, Problem};

/// A flow below this much of the masses at both of its ends is what rounding left between two sums of masses.
const NOTHING: f64 = 1.0 / (1u64 << 44) as f64;

/// f lowered by levels, exact along the flows of a plan, and with each violation corrected on the lighter side.
///
/// `least` is a lower bound on all costs. The result is not quite feasible and has no g: a c-transform follows.
pub(super) fn settled(
    problem: &Problem,
    flows: &[Flow],
    given: &Potentials,
    least: f64,
    a: &[f64],
    b: &[f64],
) -> Vec<f64> {
    let real = |flow: &&Flow| flow.mass > NOTHING * a[flow.source].min(b[flow.target]);
    let flows: Vec<Flow> = flows.iter().filter(real).copied().collect();
    let costs: Vec<f64> = flows.iter().map(|flow| problem.cost().entry(flow.source, flow.target)).collect();
    let costliest = costs.iter().fold(0.0_f64, |l, c| l.max(c - least));
    let drop = drops(&given.f, a, costliest);
    let Potentials { f, g } = along_flows(&flows, &costs, given, &drop, a, b);

    // A violation costs its size times the mass of the side that gives way.
    parallel::map_with(
        f.len(),
        || vec![0.0; g.len()],
        |row, i| {
            let mut f = f[i];
            problem.cost().fill(i..i + 1, 0..row.len(), row);
            for ((c, g), b) in row.iter().zip(&g).zip(b) {
                if *b >= a[i] {
                    f = f.min(add_down(*c, -g));
                }
            }
            f
        },
    )
}

/// How far each source comes down so that no two neighbours in the order of f differ by more than 256 times `costliest`.
///
/// (Not by more than `costliest` would be enough if the f at hand were exact; and who looks for far parts finds them still.)
fn drops(f: &[f64], a: &[f64], costliest: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..f.len()).filter(|&i| a[i] > 0.0).collect();
    order.sort_by(|&i, &j| f[i].total_cmp(&f[j]));
    let mut drop = vec![0.0; f.len()];
    let mut down = 0.0;
    for pair in order.windows(2) {
        let step = f[pair[1]] - f[pair[0]];
        if step > 256.0 * costliest {
            down += step - 128.0 * costliest;
        }
        drop[pair[1]] = down;
    }
    drop
}

/// Potentials that are tight along all flows, each connected part at the level that `given` less `drop` puts it.
fn along_flows(flows: &[Flow], costs: &[f64], given: &Potentials, drop: &[f64], a: &[f64], b: &[f64]) -> Potentials {
    let (n, m) = (a.len(), b.len());
    let mut around = vec![Vec::new(); n + m];
    for (at, flow) in flows.iter().enumerate() {
        around[flow.source].push(at);
        around[n + flow.target].push(at);
    }
    // The heaviest sources come first, so each part hangs on its heaviest one, and the heaviest of all is at level 0.
    let mut roots: Vec<usize> = (0..n).collect();
    roots.sort_by(|&i, &j| a[j].total_cmp(&a[i]).then(i.cmp(&j)));
    let base = roots[0];
    // Sums along a path are compensated: it may go through a point far out and come back.
    let mut known = vec![None; n + m];
    let mut open = Vec::new();
    for root in roots {
        if known[root].is_some() {
            continue;
        }
        known[root] = Some(Sum::from_iter([given.f[root], -given.f[base], drop[base], -drop[root]]));
        open.push(root);
        while let Some(v) = open.pop() {
            let at_v: Sum = known[v].expect("open nodes are known");
            for &at in &around[v] {
                let (i, j) = (flows[at].source, n + flows[at].target);
                let w = if v == i { j } else { i };
                if known[w].is_none() {
                    let mut potential = Sum::default();
                    potential.add(costs[at]);
                    potential.subtract(at_v);
                    known[w] = Some(potential);
                    open.push(w);
                }
            }
        }
    }
    let value =
        |known: &[Option<Sum>], otherwise: f64| known.iter().map(|sum| sum.map_or(otherwise, Sum::value)).collect();
    Potentials { f: value(&known[..n], 0.0), g: value(&known[n..], f64::INFINITY) }
}
