//! Whole jobs: the distances between two samples with their evidence, and where the distance lies.
//!
//! [`Compare`] computes every row of the report that `earthwork compare` prints. The parts are functions of their own:
//! [`column_scales`] and [`standardised`] say and remove differences of scale, [`cost_by_column`] splits W₂² over the
//! columns, [`group_flows`] sums a plan up in a few sentences, [`PrincipalPlane`] draws points of many dimensions.

mod catalogue;
mod columns;
mod consistency;
mod flows;
mod others;
mod plane;
mod scale;

use std::time::{Duration, Instant};

pub use catalogue::{Entry, FORMS, all_discrepancies, catalogue, discrepancy, metrics};
pub use columns::{ColumnShare, cost_by_column};
pub use flows::{FlowGroup, group_flows};
pub use others::{LARGEST_TEST, LeftOut, Other, Reason};
pub use plane::PrincipalPlane;
pub use scale::{ColumnScale, column_scales, standardised};

use crate::error::Result;
use crate::estimate::Estimate;
use crate::estimate::resample::PermutationTest;
use crate::exact;
use crate::measure::Samples;
use crate::transport::{CancelToken, Interrupt, Progress, Root, Solution};

/// The exact rows: name and order p.
const EXACT: [(&str, f64); 2] = [("W1", 1.0), ("W2", 2.0)];

/// The most points on a side for which transport is solved to the optimum by default: that takes seconds.
const OPTIMAL_UP_TO: usize = 20_000;

/// The relative gap to which transport of larger samples is solved by default.
const TOLERANCE_OF_LARGE: f64 = 1e-3;

/// Compares two samples: exact W₁ and W₂, what the W₂ plan says, every other discrepancy of the library ([`catalogue`](fn@catalogue))
/// and a permutation test.
///
/// # Complexity
/// Two exact solves (see [`exact::solve`]), then O(d) for each entry of the plan; five solves more and O((n + m)² d) for the others.
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::compare::Compare;
///
/// let x = Samples::new([[0.0, 0.0], [1.0, 0.0]])?;
/// let y = Samples::new([[3.0, 0.0], [4.0, 4.0]])?;
/// let comparison = Compare::default().between(&x, &y)?;
/// assert_eq!(comparison.row("W2").unwrap().estimate().value, 17_f64.sqrt());
/// let shares: Vec<f64> = comparison.columns.iter().map(|column| column.share).collect();
/// assert_eq!(shares, [9.0 / 17.0, 8.0 / 17.0]);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Compare {
    /// The most wall-clock time for all rows together; none by default. What one row leaves over, the next may use.
    pub time_limit: Option<Duration>,
    /// A flag with which another thread ends the work; none by default.
    pub cancel: Option<CancelToken>,
    /// The relative gap between the proven bounds of a transport cost at which its row is done. By default 0, the optimum, and
    /// 10⁻³ for samples of more than 20,000 points.
    pub tolerance: Option<f64>,
    /// In how many groups to sum up the flows of the W₂ plan; 5 by default.
    pub flow_groups: usize,
    /// The most points on both sides together for which the other discrepancies of the library are computed as well; they take
    /// time quadratic in it. 20,000 by default; 0 for none.
    pub others_up_to: usize,
    /// The seed of methods that draw random numbers; 0 by default.
    pub seed: u64,
}

impl Default for Compare {
    fn default() -> Self {
        Self { time_limit: None, cancel: None, tolerance: None, flow_groups: 5, others_up_to: 20_000, seed: 0 }
    }
}

/// What [`Compare`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// One row for each distance.
    pub rows: Vec<Row>,
    /// Mean and spread of each column over both samples.
    pub scales: Vec<ColumnScale>,
    /// How much of W₂² each column carries, in column order.
    pub columns: Vec<ColumnShare>,
    /// The W₂ plan in a few groups, the largest first.
    pub flows: Vec<FlowGroup>,
    /// The other discrepancies of the library, in the order of [`catalogue`](fn@catalogue).
    pub others: Vec<Other>,
    /// Whether both samples can come from one distribution: the energy distance under 999 permutations. None for samples of
    /// more than [`LARGEST_TEST`] points, with weights, or when time is up.
    pub test: Option<PermutationTest>,
    /// What was not computed, and why: too many points, too little time, or samples that do not allow it.
    pub left_out: Vec<LeftOut>,
}

/// One step of a comparison, handed over as it comes: see [`Compare::between_in_parts`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// An exact row.
    Row(Row),
    /// Another discrepancy.
    Other(Other),
    /// The permutation test with the energy distance.
    Test(PermutationTest),
    /// The permutation test with MMD, against which the row of MMD is held.
    MmdTest(PermutationTest),
    /// Something that is not computed.
    LeftOut(LeftOut),
    /// Nothing more will come.
    End,
}

/// One distance and the solution behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `W1` or `W2`.
    pub name: &'static str,
    /// What makes the distance of the cost: the order p, and the unit in which lengths were measured.
    pub root: Root,
    /// The name of the ground cost.
    pub cost: String,
    /// Plan, potentials, bounds, status and report, with costs in the unit of `root`.
    pub solution: Solution,
}

impl Row {
    /// The distance (the root of the transport cost) with its bounds.
    pub fn estimate(&self) -> Estimate {
        self.root.estimate(&self.solution.summary())
    }
}

impl Comparison {
    /// The row of that name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Whether every solve reached what it set out for, and nothing was left out for want of time. If not, the rows hold bounds.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.solution.status.is_success())
            && self.left_out.iter().all(|left| left.reason != Reason::Time)
    }

    /// A comparison from the parts that were handed over. Rows that exclude each other say so. Without [`Part::End`] whatever is missing
    /// after the exact rows is left out for want of time. None before all exact rows are there.
    ///
    /// # Errors
    /// As [`Compare::between`].
    pub fn from_parts(x: &Samples, y: &Samples, flow_groups: usize, parts: Vec<Part>) -> Result<Option<Self>> {
        let (mut rows, mut others, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let (mut test, mut of_mmd, mut ended) = (None, None, false);
        for part in parts {
            match part {
                Part::Row(row) => rows.push(row),
                Part::Other(other) => others.push(other),
                Part::Test(found) => test = Some(found),
                Part::MmdTest(found) => of_mmd = Some(found),
                Part::LeftOut(left) => left_out.push(left),
                Part::End => ended = true,
            }
        }
        if rows.len() < EXACT.len() {
            return Ok(None);
        }
        if !ended {
            let found = others.len() + left_out.len();
            left_out.extend(others::rest(found, test.is_some(), &Reason::Time));
        }
        consistency::check(&rows, &mut others, x.dim());
        for other in &mut others {
            match (other.key, &test, &of_mmd) {
                ("energy", Some(test), _) | ("mmd", _, Some(test)) => consistency::check_against(test, other),
                _ => {}
            }
        }
        let plan = &rows[EXACT.len() - 1].solution.plan;
        Ok(Some(Self {
            scales: column_scales(&[x, y])?,
            columns: cost_by_column(x, y, plan)?,
            flows: group_flows(x, y, plan, flow_groups)?,
            rows,
            others,
            test,
            left_out,
        }))
    }
}

impl Compare {
    /// Ends after this much time in all; rows that are not done then hold bounds.
    #[must_use]
    pub fn with_time_limit(self, time: Duration) -> Self {
        Self { time_limit: Some(time), ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Without the other discrepancies and the test.
    #[must_use]
    pub fn exact_only(self) -> Self {
        Self { others_up_to: 0, ..self }
    }

    /// Transport costs to this relative gap between proven bounds; 0 for the optimum.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance: Some(tolerance), ..self }
    }

    /// Ends when the token is cancelled; rows that are not done then hold bounds.
    #[must_use]
    pub fn with_cancel(self, token: CancelToken) -> Self {
        Self { cancel: Some(token), ..self }
    }

    /// Compares `x` with `y`.
    ///
    /// # Errors
    /// When the dimensions or the total masses differ, or distances are more than a 64-bit number holds.
    pub fn between(&self, x: &Samples, y: &Samples) -> Result<Comparison> {
        self.between_observed(x, y, &mut |_, _| {})
    }

    /// [`between`](Self::between) with progress reports: `observe` is called with the row's name a few times each second at most.
    ///
    /// # Errors
    /// As [`Compare::between`].
    pub fn between_observed(
        &self,
        x: &Samples,
        y: &Samples,
        observe: &mut dyn FnMut(&'static str, &Progress),
    ) -> Result<Comparison> {
        let mut parts = Vec::new();
        self.between_in_parts(x, y, observe, &mut |part| parts.push(part))?;
        let whole = Comparison::from_parts(x, y, self.flow_groups, parts)?;
        Ok(whole.unwrap_or_else(|| unreachable!("all exact rows were handed over")))
    }

    /// [`between`](Self::between), with each row handed over as soon as it is there, for a caller that must not wait for the last:
    /// [`Comparison::from_parts`] makes a comparison of those that came.
    ///
    /// # Errors
    /// As [`Compare::between`].
    pub fn between_in_parts(
        &self,
        x: &Samples,
        y: &Samples,
        observe: &mut dyn FnMut(&'static str, &Progress),
        receive: &mut dyn FnMut(Part),
    ) -> Result<()> {
        let start = Instant::now();
        let large = x.len().max(y.len()) > OPTIMAL_UP_TO;
        let tolerance = self.tolerance.unwrap_or(if large { TOLERANCE_OF_LARGE } else { 0.0 });
        for (done, (name, order)) in EXACT.into_iter().enumerate() {
            let share = |limit: Duration| limit.saturating_sub(start.elapsed()) / (EXACT.len() - done) as u32;
            let interrupt = Interrupt {
                iterations: None,
                time: self.time_limit.map(share),
                cancel: self.cancel.clone(),
                tolerance,
            };
            let (problem, root) = Root::pose(x, y, order)?;
            let cost = problem.points().map_or_else(String::new, |points| points.ground().name());
            let solution =
                exact::solve_observed(&problem, interrupt, &mut |progress: &Progress| observe(name, progress))?;
            exact::refuse_underflow(&problem, &solution)?;
            receive(Part::Row(Row { name, root, cost, solution }));
        }
        self.others(x, y, start, receive);
        receive(Part::End);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;

    fn clouds() -> (Samples, Samples) {
        let gaussian = Gaussian::standard(3).unwrap();
        (gaussian.sample(40, 1).unwrap(), gaussian.sample(30, 2).unwrap())
    }

    #[test]
    fn a_comparison_agrees_with_its_parts() {
        let (x, y) = clouds();
        let comparison = Compare::default().between(&x, &y).unwrap();
        assert!(comparison.is_complete());
        for (name, p) in EXACT {
            let row = comparison.row(name).unwrap();
            assert_eq!(row.estimate(), exact::wasserstein(&x, &y, p).unwrap());
        }
        let total: f64 = comparison.columns.iter().map(|column| column.cost).sum();
        let cost = comparison.row("W2").unwrap().solution.transport_cost;
        // Two sums of the same terms in another order.
        assert!((total - cost).abs() <= 1e-14 * cost, "{total} is not {cost}");
        let moved: f64 = comparison.flows.iter().map(|flow| flow.share).sum();
        assert!((moved - 1.0).abs() < 1e-14, "{moved}");
    }

    #[test]
    fn a_sample_against_itself_is_0_in_every_row() {
        let (x, _) = clouds();
        let mut rows: Vec<Vec<f64>> = x.points().iter().map(<[f64]>::to_vec).collect();
        rows.reverse();
        let reversed = Samples::new(crate::measure::Points::from_rows(rows.concat(), 3).unwrap()).unwrap();
        let comparison = Compare::default().between(&x, &reversed).unwrap();
        assert!(comparison.rows.iter().all(|row| row.estimate().value == 0.0));
        for other in &comparison.others {
            let found = other.outcome.as_ref().unwrap();
            assert!(found.value == 0.0 && found.lower() == 0.0 && found.upper() == 0.0, "{}: {found}", other.name);
        }
        assert_eq!(comparison.test.unwrap().p_value, 1.0);
    }

    #[test]
    fn what_is_left_out_is_named() {
        let (x, y) = clouds();
        let few = Compare { others_up_to: 50, ..Compare::default() }.between(&x, &y).unwrap();
        assert!(few.others.is_empty() && few.test.is_none() && few.is_complete());
        let count = catalogue().len() - EXACT.len() + 1;
        assert_eq!(few.left_out.len(), count);
        assert_eq!(few.left_out[0].reason, Reason::Size { most: 50 });
        assert!(Compare::default().exact_only().between(&x, &y).unwrap().left_out.is_empty());
        // What was handed over before time was up, and the names of the rest.
        let mut parts = Vec::new();
        Compare::default().between_in_parts(&x, &y, &mut |_, _| {}, &mut |part| parts.push(part)).unwrap();
        parts.truncate(5);
        let cut = Comparison::from_parts(&x, &y, 5, parts).unwrap().unwrap();
        assert_eq!((cut.others.len(), cut.left_out.len()), (3, count - 3));
        assert!(!cut.is_complete());
        let weighted = Samples::weighted([[0.0], [1.0], [2.0]], [1.0, 2.0, 3.0]).unwrap();
        let other = Samples::weighted([[0.5], [1.0]], [3.0, 3.0]).unwrap();
        let untested = Compare::default().between(&weighted, &other).unwrap();
        assert!(matches!(untested.left_out[0].reason, Reason::Refused(_)));
    }

    #[test]
    fn a_deadline_leaves_bounds_in_every_row() {
        let (x, y) = clouds();
        let comparison = Compare::default().with_time_limit(Duration::ZERO).between(&x, &y).unwrap();
        assert!(!comparison.is_complete());
        for row in &comparison.rows {
            let estimate = row.estimate();
            assert!(estimate.lower() <= estimate.value && estimate.value <= estimate.upper(), "{estimate}");
            let exact = exact::wasserstein(&x, &y, row.root.order()).unwrap().value;
            assert!(estimate.lower() <= exact && exact <= estimate.upper(), "{estimate} does not hold {exact}");
        }
    }

    #[test]
    fn a_cancelled_comparison_says_so() {
        let (x, y) = clouds();
        let token = CancelToken::default();
        token.cancel();
        let comparison = Compare::default().with_cancel(token).between(&x, &y).unwrap();
        assert_eq!(comparison.rows[0].solution.status, crate::transport::Status::Cancelled);
    }
}
