//! Exact partial transport: only part of the mass moves.

use std::ops::Range;
use std::sync::Arc;

use super::NetworkSimplex;
use crate::cost::{CostMatrix, GroundCost, PointCost};
use crate::error::{Result, require};
use crate::measure::{Samples, Weights};
use crate::numeric::sum::sum;
use crate::transport::{Flow, Plan, Potentials, Problem, Report, Status};

/// Part of the mass, moved at the least cost.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PartialSolution {
    /// What moves: row and column sums at most the masses.
    pub plan: Plan,
    /// ⟨C, P⟩.
    pub transport_cost: f64,
    /// Proven bounds on the least cost: f + g + λ ≤ c with f, g ≤ 0 prove the lower one.
    pub lower: f64,
    /// The upper one.
    pub upper: f64,
    /// f ≤ 0 and g ≤ 0: what a unit of each mass more would save.
    pub potentials: Potentials,
    /// λ: what moving a unit more would cost.
    pub price: f64,
    /// How the solve ended.
    pub status: Status,
    /// What it took.
    pub report: Report,
}

/// The cheapest way to move exactly `mass` from `x` to `y`, no point giving or taking more than it has:
/// min ⟨C, P⟩ over P ≥ 0 with P 1 ≤ a, Pᵀ 1 ≤ b, Σ P = mass.
///
/// One point more on each side takes what does not move, at no cost, and the two may not serve each other (Chapel, Alaya, Gasso,
/// "Partial optimal transport with applications on positive-unlabeled learning", 2020, proposition 1). The problem so made is balanced,
/// and the [`NetworkSimplex`] solves it over a matrix of (n + 1)(m + 1) costs.
///
/// # Errors
/// When the mass is not positive or more than a side has, the dimensions differ, or the cost is negative for some pair.
///
/// # Panics
/// Never: the network simplex certifies by default.
///
/// ```
/// use earthwork::cost::Euclidean;
/// use earthwork::exact::partial;
/// use earthwork::prelude::*;
///
/// let x = Samples::weighted([[0.0], [50.0]], [1.0, 1.0])?;
/// let y = Samples::weighted([[1.0], [3.0]], [1.0, 1.0])?;
/// // The nearest unit of mass moves from 0 to 1; the next half of it from 50 to 3.
/// assert_eq!(partial(&x, &y, Euclidean, 1.0)?.transport_cost, 1.0);
/// assert_eq!(partial(&x, &y, Euclidean, 1.5)?.transport_cost, 1.0 + 0.5 * 47.0);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn partial(x: &Samples, y: &Samples, ground: impl GroundCost + 'static, mass: f64) -> Result<PartialSolution> {
    let most = x.total().min(y.total());
    let fits = mass > 0.0 && mass <= most * (1.0 + 1e-12);
    require("mass", mass, fits, "the mass to move must be positive and at most what each side has")?;
    let mass = mass.min(most);
    let cost = PointCost::shared(x.points(), y.points(), Arc::new(ground))?;
    let (n, m) = cost.shape();
    let (mut least, mut costliest) = (f64::INFINITY, 0.0_f64);
    let mut row = vec![0.0; m];
    for i in 0..n {
        cost.fill(i..i + 1, 0..m, &mut row);
        least = row.iter().fold(least, |least, c| least.min(*c));
        costliest = row.iter().fold(costliest, |costliest, c| costliest.max(*c));
    }
    require("cost", least, least >= 0.0, "partial transport needs costs of at least 0")?;
    let widened = Widened { cost, edge: 0.0, corner: if costliest > 0.0 { 4.0 * costliest } else { 1.0 } };
    // A point with more than twice what moves is as good as one with that: with masses cut off there, what stays is no difference of
    // numbers much larger than what moves.
    let cut = |weights: &Weights| weights.as_slice().iter().map(|held| held.min(2.0 * mass)).collect::<Vec<f64>>();
    let (a, b) = (cut(x.weights()), cut(y.weights()));
    let [stays, lacks] = [&a, &b].map(|side| (sum(side.iter().copied()) - mass).max(0.0));
    let with = |mut side: Vec<f64>, one_more: f64| {
        side.push(one_more);
        Weights::new(side)
    };
    let problem = Problem::with_cost(with(a, lacks)?, with(b, stays)?, widened)?;
    let solution = NetworkSimplex::default().solve(&problem)?;

    let kept = solution.plan.flows().iter().filter(|flow| flow.source < n && flow.target < m);
    let plan = Plan::new((n, m), kept.copied().collect::<Vec<Flow>>())?;
    let transport_cost =
        sum(plan.flows().iter().map(|flow| flow.mass * problem.cost().entry(flow.source, flow.target)));
    // With u, w the potentials of the added points, f + w ≤ 0 and u + g ≤ 0, so that λ = −u − w.
    let Potentials { f, g } = &solution.potentials;
    let (u, w) = (f[n], g[m]);
    let potentials = Potentials {
        f: f[..n].iter().map(|f| (f + w).min(0.0)).collect(),
        g: g[..m].iter().map(|g| (g + u).min(0.0)).collect(),
    };
    let bounds = solution.bounds.expect("the network simplex certifies by default");
    Ok(PartialSolution {
        plan,
        transport_cost,
        lower: bounds.lower.min(transport_cost),
        upper: bounds.upper.max(transport_cost),
        potentials,
        price: -u - w,
        status: solution.status,
        report: Report { method: "partial network simplex", ..solution.report },
    })
}

/// The least of ⟨C, P⟩ + λ (Σ a + Σ b − 2 Σ P) over P ≥ 0 with P 1 ≤ a, Pᵀ 1 ≤ b, and the mass that moves.
pub(crate) fn penalised(x: &Samples, y: &Samples, ground: impl GroundCost + 'static, price: f64) -> Result<(f64, f64)> {
    let cost = PointCost::shared(x.points(), y.points(), Arc::new(ground))?;
    let (n, m) = cost.shape();
    let with = |weights: &Weights, others: f64| {
        Weights::new(weights.as_slice().iter().copied().chain([others]).collect::<Vec<_>>())
    };
    let widened = Widened { cost, edge: price, corner: 0.0 };
    let problem = Problem::with_cost(with(x.weights(), y.total())?, with(y.weights(), x.total())?, widened)?;
    let solution = NetworkSimplex::default().solve(&problem)?;
    let kept = solution.plan.flows().iter().filter(|flow| flow.source < n && flow.target < m);
    Ok((solution.transport_cost, sum(kept.map(|flow| flow.mass))))
}

/// A cost with one row and one column more, of one cost but where they meet.
struct Widened {
    cost: PointCost,
    edge: f64,
    corner: f64,
}

impl CostMatrix for Widened {
    fn shape(&self) -> (usize, usize) {
        let (n, m) = self.cost.shape();
        (n + 1, m + 1)
    }

    fn fill(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f64]) {
        let (n, m) = self.cost.shape();
        let width = columns.len();
        let inner = columns.start..columns.end.min(m);
        for (i, out) in rows.zip(out.chunks_exact_mut(width)) {
            out.fill(self.edge);
            if i < n && !inner.is_empty() {
                self.cost.fill(i..i + 1, inner.clone(), &mut out[..inner.len()]);
            } else if i == n && columns.end == m + 1 {
                out[width - 1] = self.corner;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Euclidean, SquaredEuclidean};
    use crate::testing::{Family, Weighting};

    fn pair(family: Family, seed: u64) -> (Samples, Samples) {
        let ((x, y), (a, b)) = (family.pair(20, 25, 2, seed), Weighting::Random.pair(20, 25, seed));
        (Samples::with_weights(x, a).unwrap(), Samples::with_weights(y, b).unwrap())
    }

    #[test]
    fn all_of_the_mass_is_transport() {
        for family in Family::ALL {
            let (x, y) = pair(family, 1);
            let whole = crate::exact::solve(&Problem::between(&x, &y, SquaredEuclidean).unwrap()).unwrap();
            let found = partial(&x, &y, SquaredEuclidean, x.total().min(y.total())).unwrap();
            let gap = (found.transport_cost - whole.transport_cost).abs();
            assert!(gap <= 1e-9 * whole.transport_cost, "{family:?}: {found:?}");
        }
    }

    #[test]
    fn the_cost_is_convex_in_the_mass_and_the_price_its_slope() {
        let (x, y) = pair(Family::Gaussian, 2);
        let at = |mass: f64| partial(&x, &y, Euclidean, mass).unwrap();
        let (mut cost, mut price) = (0.0, 0.0);
        for step in 1..=20 {
            let mass = 0.05 * f64::from(step) * x.total().min(y.total());
            let found = at(mass);
            assert!((found.plan.row_sums().iter().sum::<f64>() - mass).abs() < 1e-12);
            let over =
                |sums: Vec<f64>, held: &[f64]| sums.iter().zip(held).any(|(sum, held)| *sum > held * (1.0 + 1e-12));
            assert!(!over(found.plan.row_sums(), x.weights().as_slice()));
            assert!(!over(found.plan.column_sums(), y.weights().as_slice()));
            assert!(found.lower <= found.transport_cost && found.transport_cost <= found.upper);
            assert!(found.transport_cost >= cost - 1e-12 && found.price >= price - 1e-9, "{found:?}");
            // λ · mass + Σ a f + Σ b g is the dual value.
            let of = |masses: &[f64], values: &[f64]| masses.iter().zip(values).map(|(m, v)| m * v).sum::<f64>();
            let dual = found.price * mass
                + of(x.weights().as_slice(), &found.potentials.f)
                + of(y.weights().as_slice(), &found.potentials.g);
            assert!((dual - found.transport_cost).abs() < 1e-10, "{dual} and {}", found.transport_cost);
            (cost, price) = (found.transport_cost, found.price);
        }
    }

    #[test]
    fn a_tiny_share_is_as_right_as_a_large_one() {
        for share in [1e-9, 1e-12, 1e-16, 1e-100, 1e-290] {
            let near = |found: f64, right: f64| (found / right - 1.0).abs() <= 1e-12;
            let one = |at: f64| Samples::weighted([[at]], [1.0]).unwrap();
            let found = partial(&one(0.0), &one(1.0), Euclidean, share).unwrap();
            assert!([found.transport_cost, found.lower, found.upper].into_iter().all(|v| near(v, share)), "{found:?}");
            assert!(near(found.plan.flows()[0].mass, share));
            // Only the nearest pair moves, at its own distance.
            let (x, y) = pair(Family::Gaussian, 4);
            let least = x.points().iter().flat_map(|x| y.points().iter().map(move |y| SquaredEuclidean.between(x, y)));
            let least = least.fold(f64::INFINITY, f64::min);
            let found = partial(&x, &y, SquaredEuclidean, share).unwrap();
            for v in [found.transport_cost, found.lower, found.upper] {
                assert!((v / (share * least) - 1.0).abs() <= 1e-9, "{share:e}: {v:e} is not {:e}", share * least);
            }
            assert!(near(found.price, least) && near(found.plan.row_sums().iter().sum(), share));
        }
    }

    #[test]
    fn too_much_mass_is_refused() {
        let (x, y) = pair(Family::Gaussian, 3);
        for mass in [0.0, -1.0, 2.0 * x.total(), f64::NAN] {
            assert!(partial(&x, &y, Euclidean, mass).unwrap_err().to_string().starts_with("mass: it is"), "{mass}");
        }
    }
}
