//! Exact transport on a line, by sorting.

pub(crate) mod partial;
pub(crate) mod power;
pub(crate) mod sort;
#[cfg(test)]
mod tests;
pub(crate) mod units;
pub(crate) mod walk;

use std::time::Instant;

use crate::cost::{Form, PointCost};
use crate::error::{Error, ErrorKind, Result};
use crate::exact::amount::Wide;
use crate::transport::{Bounds, Flow, Plan, Potentials, Problem, Report, Solution, Status, Summary};

use power::{Convex, with_power};
use sort::{Scratch, Sorted, sort_values};
use units::{Count, Masses};
use walk::{Cell, merge, pair, staircase, sum_of_costs};

/// Half a unit in the last place of 1: the most that one operation rounds by, relative to its result.
const ROUNDING: f64 = 0.5 * f64::EPSILON;
/// Additions in turn, of which each may round, in a block of [`sum_of_costs`].
const BLOCK_ROUNDINGS: f64 = 48.0;
/// From so many points on the two sides are sorted by two threads.
const PARALLEL: usize = 1 << 15;
/// What sorting holds for each point: records and spare records, the order and the sorted values.
const SORT_BYTES: usize = 2 * size_of::<u64>() + size_of::<u32>() + size_of::<f64>();

/// Transport between points on a line under |x − y|^p, p ≥ 1: sort both sides and pair them off in order.
///
/// Any masses, n ≠ m, ties and points without mass are all the same to it. Returned are the monotone plan (at most
/// n + m − 1 entries), potentials on all points, and bounds a few roundings apart.
///
/// # Why the answer is proven
/// Let x and y be sorted. For a convex cost h of the gap, `c[i][j] = h(x[i] − y[j])` is a *Monge array* (Hoffman, "On simple
/// linear programming problems", 1963): for i < k and j < l,
///
/// ```text
/// c[i][j] + c[k][l] ≤ c[i][l] + c[k][j]
/// ```
///
/// Walk the staircase of the north-west corner from the first cell to the last. Each step, right or down, leads to a cell
/// that shares its row or its column with the one before, so `F[i] + G[j] = c[i][j]` on the n + m − 1 cells of the staircase
/// defines F and G up to one constant. They are feasible everywhere: a cell off the staircase encloses a region with it, and
/// its slack `c − F − G` is the sum over that region of the slack of the inequality above for neighbouring rows and columns,
/// each at least 0. The plan lives on cells where F and G are tight, so both have the value Σ P c over the staircase, and that
/// is the optimum.
///
/// What is left is arithmetic. Both sides are in order: checked. Masses are whole multiples of one unit, so the cells fill
/// rows and columns exactly (see `units.rs`). The value is a compensated sum of at most n + m − 1 terms ≥ 0, each within p + 4
/// roundings of the exact product; the bounds are the sum less and more that rounding. The potentials returned are F and G,
/// summed with compensation along the staircase from differences that do not cancel, then rounded. Of the masses, b is
/// scaled to the total of a, and its largest entry takes up what rounding leaves over.
///
/// # Complexity
/// O((n + m) log(n + m)) in the worst case, about linear (a radix sort) on data; O(n + m) memory. The two sides are sorted in
/// parallel.
///
/// # References
/// Peyré & Cuturi, *Computational Optimal Transport*, 2019, §2.6; Santambrogio, *Optimal Transport for Applied
/// Mathematicians*, 2015, §2.1–2.2; Hoffman as above.
///
/// # Example
/// ```
/// use earthwork::exact::Line;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[3.0], [0.0]])?;
/// let y = Samples::weighted([[1.0], [4.0]], [0.75, 0.25])?;
/// let problem = Problem::between(&x, &y, SquaredEuclidean)?;
/// let solution = Line::default().solve(&problem)?;
/// // Half the mass goes from 0 to 1, a quarter from 3 to 1, a quarter from 3 to 4.
/// assert_eq!(solution.transport_cost, 0.5 * 1.0 + 0.25 * 4.0 + 0.25 * 1.0);
/// assert_eq!(Line::default().summary(&problem)?.transport_cost, solution.transport_cost);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Line {}

impl Line {
    /// Solves `problem`; see [`Problem::is_line`].
    ///
    /// # Errors
    /// When the points are not on a line, the cost is not |x − y|^p with p ≥ 1, or a side has more than 2³² − 1 points.
    #[expect(clippy::missing_panics_doc, reason = "it would take a wrong sort; the proof checks it")]
    pub fn solve(self, problem: &Problem) -> Result<Solution> {
        let started = Instant::now();
        let (points, power) = points_and_power(problem)?;
        let (x, y) = (points.source().as_slice(), points.target().as_slice());
        let (mut sorted_x, mut sorted_y, mut scratch) = sorted(x, y);
        assert!(
            sorted_x.values.is_sorted() && sorted_y.values.is_sorted(),
            "the proof of optimality needs sorted sides"
        );
        let farthest = farthest(&sorted_x.values, &sorted_y.values);
        let (cost, plan, lost) = with_power!(power, cost => {
            let (x, y) = (&mut sorted_x.values[..], &mut sorted_y.values[..]);
            if problem.is_assignment() {
                let mass = problem.source().as_slice()[0];
                (mass * pair(cost, x, y), permutation(&sorted_x.order, &sorted_y.order, &mut scratch.indices, mass), 0.0)
            } else {
                let orders = (&sorted_x.order[..], &sorted_y.order[..]);
                let mut cells = Vec::with_capacity(x.len() + y.len() - 1);
                let (total, lost) = walked(problem, cost, (x, y), orders, |cell| cells.push(cell));
                (total, staircase_plan(&sorted_x.order, &sorted_y.order, &cells), lost * cost.cost(farthest))
            }
        });
        let mut f = sorted_x.restored(scratch.values);
        let mut g = sorted_y.restored(sorted_x.values);
        let magnitude = balance(problem, cost, &mut f, &mut g);
        let slack = rounding(cost, power, problem.mass(), || moves(points, &plan)) + lost;
        let memory = SORT_BYTES * (f.len() + g.len()) + size_of_val(plan.flows());
        Ok(Solution {
            plan,
            potentials: Potentials { f, g },
            transport_cost: cost,
            bounds: Some(Bounds { lower: (cost - slack).max(0.0), upper: cost + slack, magnitude }),
            status: Status::Optimal,
            report: Report { method: "line", iterations: 0, time: started.elapsed(), memory },
        })
    }

    /// The optimal transport cost and its bounds, without plan and potentials.
    ///
    /// The cost of [`Line::solve`] up to some roundings, in about a third of its time: where nobody asks which
    /// point goes where, values are sorted without their indices, and the plan is never written down.
    ///
    /// # Errors
    /// As [`Line::solve`].
    #[expect(clippy::missing_panics_doc, reason = "it would take a wrong sort; the proof checks it")]
    pub fn summary(self, problem: &Problem) -> Result<Summary> {
        let started = Instant::now();
        let (points, power) = points_and_power(problem)?;
        let (x, y) = (points.source().as_slice(), points.target().as_slice());
        let (cost, flows, slack) = if problem.is_assignment() {
            let (mut x, mut y) = (x.to_vec(), y.to_vec());
            let cost = problem.mass() * line_cost(&mut x, &mut y, power, &mut Vec::new());
            assert!(x.is_sorted() && y.is_sorted(), "the proof of optimality needs sorted sides");
            let moves = || x != y;
            (cost, x.len(), rounding(cost, power + BLOCK_ROUNDINGS, problem.mass(), moves))
        } else {
            let (mut x, mut y, _) = sorted(x, y);
            assert!(x.values.is_sorted() && y.values.is_sorted(), "the proof of optimality needs sorted sides");
            let farthest = farthest(&x.values, &y.values);
            with_power!(power, cost => {
                let mut flows = 0;
                let (values, orders) = ((&mut x.values[..], &mut y.values[..]), (&x.order[..], &y.order[..]));
                let (total, lost) = walked(problem, cost, values, orders, |_| flows += 1);
                let moves = || self.solve(problem).is_ok_and(|solution| moves(points, &solution.plan));
                (total, flows, rounding(total, power, problem.mass(), moves) + lost * cost.cost(farthest))
            })
        };
        let memory = SORT_BYTES * (x.len() + y.len());
        Ok(Summary {
            shape: (x.len(), y.len()),
            flows,
            mass: problem.mass(),
            transport_cost: cost,
            // Potentials of whatever size would do; those of the least are assumed, for which the gap is the largest.
            bounds: Some(Bounds { lower: (cost - slack).max(0.0), upper: cost + slack, magnitude: cost }),
            status: Status::Optimal,
            report: Report { method: "line", iterations: 0, time: started.elapsed(), memory },
        })
    }
}

/// The mean of |x − y|^p over the optimal pairing of two equally long lists of finite numbers: `W_p^p` of two uniform samples.
///
/// Sorts both lists in place; `scratch` is grown when needed, and may be kept for the next call so that nothing is
/// allocated. O(n) on data, 5 to 20 ns a point. Each of about n / 8 additions rounds once at most.
///
/// # Panics
/// When the lists are empty or of unequal length.
///
/// ```
/// use earthwork::exact::line_cost;
///
/// let cost = line_cost(&mut [3.0, 1.0], &mut [0.0, 5.0], 2.0, &mut Vec::new());
/// assert_eq!(cost, (1.0 + 4.0) / 2.0);
/// ```
pub fn line_cost(x: &mut [f64], y: &mut [f64], p: f64, scratch: &mut Vec<f64>) -> f64 {
    assert!(!x.is_empty() && x.len() == y.len(), "two lists of one length are needed, not {} and {}", x.len(), y.len());
    if scratch.len() < x.len() {
        scratch.resize(x.len(), 0.0);
    }
    sort_values(x, scratch);
    sort_values(y, scratch);
    with_power!(p, cost => sum_of_costs(cost, x, y)) / x.len() as f64
}

/// The points of a problem on a line, and the power of its cost.
fn points_and_power<'p>(problem: &'p Problem) -> Result<(&'p PointCost, f64)> {
    let unsupported = |why: &'static str| Err(Error::new("problem", ErrorKind::Unsupported(why.into())));
    let (n, m) = problem.shape();
    if n.max(m) > u32::MAX as usize {
        return unsupported("a side has more than 4,294,967,295 points; the line solver numbers them in 32 bits");
    }
    match problem.points().map(|points| (points, points.ground().form())) {
        Some((points, Form::Norm { power, .. })) if problem.is_line() => Ok((points, power)),
        _ => unsupported("the line solver needs points of one coordinate and a cost |x − y|^p with p ≥ 1"),
    }
}

/// The masses of a problem in units.
pub(in crate::exact) fn masses<'p, C: Count>(problem: &'p Problem) -> Masses<'p, C> {
    Masses::new(problem.source().as_slice(), problem.target().as_slice(), problem.mass(), problem.target_scale())
}

/// Walks the staircase of sorted values, in counts wide enough for the masses. Returns ⟨C, P⟩, and how much mass was lost.
fn walked(
    problem: &Problem,
    cost: impl Convex,
    (x, y): (&mut [f64], &mut [f64]),
    (order_x, order_y): (&[u32], &[u32]),
    carry: impl FnMut(Cell),
) -> (f64, f64) {
    let counted = masses::<i128>(problem);
    if counted.lost() == 0.0 {
        return (merge(cost, x, y, stairs(&counted, order_x, order_y), &counted, carry), 0.0);
    }
    let counted = masses::<Wide>(problem);
    (merge(cost, x, y, stairs(&counted, order_x, order_y), &counted, carry), counted.lost())
}

/// Sorts both sides, in parallel where that pays; the memory it took may be used again.
fn sorted(x: &[f64], y: &[f64]) -> (Sorted, Sorted, Scratch) {
    let (mut scratch, mut other) = (Scratch::default(), Scratch::default());
    let (x, y) = if x.len() + y.len() < PARALLEL || rayon::current_num_threads() == 1 {
        (Sorted::new(x, &mut scratch), Sorted::new(y, &mut scratch))
    } else {
        rayon::join(|| Sorted::new(x, &mut scratch), || Sorted::new(y, &mut other))
    };
    (x, y, scratch)
}

/// The staircase of sorted sides.
fn stairs<C: Count>(masses: &Masses<C>, order_x: &[u32], order_y: &[u32]) -> impl Iterator<Item = (usize, usize, C)> {
    // The walk jumps unpredictably between the sides; masses fetched from all over memory at each jump would stall it.
    let a: Vec<f64> = order_x.iter().map(|&i| masses.source[i as usize]).collect();
    let b: Vec<f64> = order_y.iter().map(|&j| masses.target[j as usize]).collect();
    let largest = order_y.iter().position(|&j| j as usize == masses.largest);
    staircase(
        (a.len(), b.len()),
        move |i| masses.count_source(a[i]),
        move |j| if Some(j) == largest { masses.target(masses.largest) } else { masses.count_target(b[j]) },
    )
}

/// The plan that moves `mass` from the k-th source to the k-th target in increasing order; `partner` is scratch.
fn permutation(order_x: &[u32], order_y: &[u32], partner: &mut Vec<u32>, mass: f64) -> Plan {
    let n = order_x.len();
    partner.resize(n, 0);
    for (&i, &j) in order_x.iter().zip(order_y) {
        partner[i as usize] = j;
    }
    let flow = |(source, &target): (usize, &u32)| Flow { source, target: target as usize, mass };
    Plan::from_ordered((n, n), partner.iter().enumerate().map(flow).collect())
}

/// The plan of cells that are numbered in increasing order of the points, and listed along the staircase.
fn staircase_plan(order_x: &[u32], order_y: &[u32], cells: &[Cell]) -> Plan {
    // Where the entries of each source start, in the caller's numbering.
    let mut next = vec![0u32; order_x.len()];
    for cell in cells {
        next[order_x[cell.source as usize] as usize] += 1;
    }
    let mut start = 0;
    for count in &mut next {
        start += std::mem::replace(count, start);
    }
    let mut flows = vec![Flow { source: 0, target: 0, mass: 0.0 }; cells.len()];
    for cell in cells {
        let (source, target) = (order_x[cell.source as usize] as usize, order_y[cell.target as usize] as usize);
        flows[next[source] as usize] = Flow { source, target, mass: cell.mass };
        next[source] += 1;
    }
    // Each start has become the next one.
    let mut start = 0;
    for end in next {
        let row = &mut flows[start as usize..end as usize];
        if row.len() > 1 {
            row.sort_unstable_by_key(|flow| flow.target);
        }
        start = end;
    }
    Plan::from_ordered((order_x.len(), order_y.len()), flows)
}

/// Shifts potentials of value `cost` into the gauge Σ a f = Σ b g, and returns Σ a |f| + Σ b |g|.
pub(in crate::exact) fn balance(problem: &Problem, cost: f64, f: &mut [f64], g: &mut [f64]) -> f64 {
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    let own = a.iter().zip(&*f).map(|(mass, potential)| mass * potential).sum::<f64>();
    let shift = (0.5 * cost - own) / problem.mass();
    let mut magnitude = 0.0;
    for (mass, f) in a.iter().zip(f) {
        *f += shift;
        magnitude += mass * f.abs();
    }
    for (mass, g) in b.iter().zip(g) {
        *g -= shift;
        magnitude += mass * g.abs();
    }
    magnitude
}

/// What rounding can have done to a computed cost Σ P |x − y|^power of total mass `mass`.
pub(in crate::exact) fn rounding(cost: f64, power: f64, mass: f64, moves: impl FnOnce() -> bool) -> f64 {
    // p + 2 for the power, 1 for the gap, 2 for the mass and its product, and some for the sum and the bounds themselves.
    let normal = (power + 10.0) * ROUNDING * cost;
    // Costs below the normal range have lost digits, or all; unless nothing moves at all.
    let least = mass.max(1.0) * f64::MIN_POSITIVE;
    if cost * f64::EPSILON < least && moves() { normal + least } else { normal }
}

/// Whether any mass changes its place.
fn moves(points: &PointCost, plan: &Plan) -> bool {
    plan.flows().iter().any(|flow| points.source().point(flow.source) != points.target().point(flow.target))
}

/// The largest gap between two sorted sides.
fn farthest(x: &[f64], y: &[f64]) -> f64 {
    (x[x.len() - 1] - y[0]).max(y[y.len() - 1] - x[0]).max(0.0)
}
