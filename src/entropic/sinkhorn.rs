//! Balanced entropic transport: options and the way from a problem to a solution.

use crate::cost::Form;
use crate::error::{Result, require};
use crate::transport::{Bounds, Interrupt, Observer, Potentials, Problem, Report, Silent, Status, Watch, limits};

use super::kernel::{Exact, Field, State};
use super::levels::{self, Prepared};
use super::priced::Rounded;
use super::rounding::rounded;
use super::share::BITS;
use super::solution::SinkhornSolution;
use super::stage::{Goal, Staged};
use super::work::Work;
use super::{Epsilon, Reference};

/// How much wider bounds may be than a pass of their own would make them.
const UNPLACED: f64 = 1e-3;

/// Entropic optimal transport: min ⟨C, P⟩ + ε Σ P log(P / R) over the plans P between masses a and b of total M.
///
/// R is a ⊗ b / M, so that twice the masses make twice the value, or with [`Reference::Product`] a ⊗ b, as in POT and GeomLoss. Plan and
/// bounds are the same under either; they are the same measure for M = 1.
///
/// It converges at any ε that the digits of the costs allow, from points in O(n + m) memory or from a matrix, and says how
/// far it got: [`SinkhornSolution`] holds the three values, the marginal error of what is returned, and `bounds` on the
/// *unregularised* cost.
///
/// # How
/// Powers are computed by the loop itself, around the present potentials (stabilised kernels; Schmitzer, "Stabilized
/// sparse scaling algorithms for entropy regularized transport problems", SIAM J. Sci. Comput. 41, 2019). One exact pass
/// serves both half-steps, gives the marginal error, and stores the shares in single precision, without tiles that hold
/// nothing; what follows works on those: sweeps with Anderson's extrapolation, and where they are too slow, Newton
/// steps on the semi-dual by conjugate gradients. On the way to a tolerance of 6e-7 or more shares are computed in single
/// precision as well; the last pass, whose error is reported, is in double precision always. Under the squared distance a solve
/// begins with the potentials that normal distributions of the same means and variances would have. Small ε are reached by
/// halving, potentials extrapolated from stage to stage; for the squared distance in at most three dimensions the large ε
/// are solved on coarse cells.
///
/// # Complexity
/// O(n m) time a pass, less where tiles are left out (small ε, few dimensions); ten to a hundred passes for ε above a
/// hundredth of the mean cost. O(n + m) memory and at most `memory` bytes of stored shares.
///
/// # When not to use it
/// For the exact cost: [`exact::solve`](crate::exact::solve) is faster in few dimensions than any small ε. As a loss between
/// samples: S_ε of [`SinkhornDivergence`](super::SinkhornDivergence) is 0 at equality, this is not. For an upper bound where pairs
/// are forbidden by costs such as 1e32: the plan and the lower bound are right, but the last millionth of the mass, which rounding
/// brings to where it is missing, may go over such a pair.
///
/// ```
/// use earthwork::entropic::Sinkhorn;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])?;
/// let y = Samples::new([[3.0, 4.0], [4.0, 4.0], [3.0, 6.0]])?;
/// let problem = Problem::between(&x, &y, SquaredEuclidean)?;
/// let soft = Sinkhorn::relative(1e-2).solve(&problem)?;
///
/// assert!(soft.status.is_success() && soft.marginal_error <= 1e-6);
/// let bounds = soft.bounds.expect("certified by default");
/// assert!(bounds.lower <= 25.0 && 25.0 <= bounds.upper); // every point moves by (3, 4)
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sinkhorn {
    /// The regularisation.
    pub epsilon: Epsilon,
    /// What the entropic term compares the plan with.
    pub reference: Reference,
    /// Converged when Σ |P 1 − a| + Σ |Pᵀ 1 − b| is at most this much of the mass, and the duality gap at most ten times
    /// this much of the value. Default 1e-6; 1e-9 can be reached.
    pub tolerance: f64,
    /// The most bytes of stored shares, and of costs that are kept where they take longer to compute than to read (default 1 GiB). What
    /// does not fit is computed anew in each pass; 0 stores nothing.
    pub memory: usize,
    /// Whether to bound the unregularised cost, which takes a few per cent of the time. Default true.
    pub certify: bool,
    /// Potentials to start from, in units of the cost, such as those of a similar problem.
    pub start: Option<Potentials>,
    /// When to end early. An iteration is a pass over the (stored) pairs.
    pub interrupt: Interrupt,
}

impl Sinkhorn {
    /// Regularisation ε in units of the cost.
    pub fn new(epsilon: f64) -> Self {
        Self::with_epsilon(Epsilon::Absolute(epsilon))
    }

    /// Regularisation as a multiple of the mean cost Σ a_i b_j c_ij / M².
    pub fn relative(factor: f64) -> Self {
        Self::with_epsilon(Epsilon::Relative(factor))
    }

    /// Sinkhorn's algorithm at the given ε, absolute or relative.
    pub fn with_epsilon(epsilon: Epsilon) -> Self {
        Self {
            epsilon,
            reference: Reference::default(),
            tolerance: 1e-6,
            memory: 1 << 30,
            certify: true,
            start: None,
            interrupt: Interrupt::default(),
        }
    }

    /// This solver with another reference measure of the entropy.
    #[must_use]
    pub fn with_reference(self, reference: Reference) -> Self {
        Self { reference, ..self }
    }

    /// Sets the tolerance at which the iteration ends.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Sets the most memory, in bytes, that stored kernel entries may take.
    #[must_use]
    pub fn with_memory(self, bytes: usize) -> Self {
        Self { memory: bytes, ..self }
    }

    /// Starts from these potentials (in units of the cost, in the order of the problem) and at ε itself.
    #[must_use]
    pub fn starting_from(self, potentials: Potentials) -> Self {
        Self { start: Some(potentials), ..self }
    }

    /// Leaves out the bounds on the unregularised cost.
    #[must_use]
    pub fn without_certificate(self) -> Self {
        Self { certify: false, ..self }
    }

    limits!("passes", "");

    /// Solves `problem`.
    ///
    /// # Errors
    /// When a cost is infinite, ε or the tolerance is not positive and finite, the costs divided by ε overflow, the mean cost is not positive
    /// though ε is relative to it, or the potentials to start from do not fit.
    pub fn solve(&self, problem: &Problem) -> Result<SinkhornSolution> {
        self.solve_observed(problem, &mut Silent)
    }

    /// Solves `problem` and reports ε, the marginal error and the gap to `observer`.
    ///
    /// # Errors
    /// As [`Sinkhorn::solve`].
    pub fn solve_observed(&self, problem: &Problem, observer: &mut dyn Observer) -> Result<SinkhornSolution> {
        problem.require_finite_costs()?;
        let tolerance = self.tolerance;
        require("tolerance", tolerance, tolerance > 0.0 && tolerance < 1.0, "the tolerance must be between 0 and 1")?;
        let mut work = Work::new(Watch::new(self.interrupt.clone(), observer), "sinkhorn");
        let epsilon = self.epsilon.of(problem)?;
        let rate = BITS / epsilon;
        let mut prepared = Prepared::new(problem, self.memory, rate);
        require(
            "epsilon",
            epsilon,
            (rate * prepared.field.geometry.largest).is_finite() && rate > 0.0,
            "the costs divided by ε must be finite numbers",
        )?;
        prepared.keep_costs(rate);
        let goal = Goal { rate, tolerance, rough: false, gap: 10.0 * tolerance, bounds: self.certify };
        let start = self.start.as_ref().map(|start| prepared.state(problem, start, rate)).transpose()?;
        let (state, Staged { exact, error, status }) = levels::solve(&prepared, start, goal, &mut work);

        let mass = problem.mass();
        let masses = &prepared.field.masses;
        let unit = epsilon / BITS;
        let rounded = self.rounded(&prepared.field, &state, &exact, rate);
        let largest = prepared.field.geometry.largest;
        let potentials = prepared.potentials(&state, rate);
        let terms = |mass: &[f64], bits: &[f64]| -> f64 { mass.iter().zip(bits).map(|(a, f)| a * f).sum() };
        let value = unit * (terms(&masses.a, &state.f) + terms(&masses.b, &state.g));
        let primal = unit * (terms(&masses.a, &state.f) + terms(&exact.columns, &state.g));
        let bounds = self.certify.then(|| {
            let filled: f64 = rounded
                .filled
                .iter()
                .map(|&(i, j, mass)| mass * problem.cost().entry(prepared.row(i), prepared.column(j)))
                .sum();
            // Sums of n · m terms in blocks: far below this much of them.
            let upper = rounded.scaled_cost + filled + 2.0 * rounded.unplaced * largest;
            let upper = mass * (upper + 1e-14 * (rounded.scaled_cost.abs() + filled.abs()));
            let (lower, magnitude) = (mass * rounded.lower, mass * rounded.magnitude);
            Bounds { lower: lower.min(upper), upper, magnitude }
        });
        // Potentials of any masses oscillate by no more than the costs do.
        let costs = problem.points().map(|points| points.ground().form());
        let signed = matches!(costs, None | Some(Form::Other));
        let reach = largest * if signed { 2.0 } else { 1.0 };
        let rounding = 8.0 * f64::EPSILON * (value.abs() + reach);
        let status = if error.is_finite() && value.is_finite() { status } else { Status::Stalled };
        let solution = SinkhornSolution {
            epsilon,
            reference: Reference::Normalised,
            transport_cost: mass * rounded.cost,
            value: mass * value,
            value_upper: mass * (value.max(primal) + 0.5 * error * reach + rounding),
            duality_gap: mass * (primal - value).abs(),
            marginal_error: error,
            bounds,
            potentials,
            status,
            report: Report {
                method: "sinkhorn",
                iterations: work.progress.iterations,
                time: work.elapsed(),
                memory: work.memory + prepared.bytes(),
            },
        };
        Ok(solution.under(self.reference, mass))
    }

    /// What the state costs, by the last pass if that tells.
    fn rounded(&self, field: &Field, state: &State, exact: &Exact, rate: f64) -> Rounded {
        let a = &field.masses.a;
        if let Some(priced) = exact.priced.as_ref().filter(|_| !exact.lost) {
            if !self.certify {
                return Rounded::cost_alone(priced.cost());
            }
            let rounded = priced.settled(
                (a, &field.masses.b),
                (&state.f, &state.g),
                &exact.columns,
                rate,
                field.geometry.cost_slack(),
            );
            if rounded.unplaced * field.geometry.largest <= UNPLACED * (rounded.scaled_cost - rounded.lower) {
                return rounded;
            }
        }
        rounded(field, a, state, &exact.columns, rate)
    }
}
