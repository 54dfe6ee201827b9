//! The network simplex: exact transport for any masses and any costs.

mod active;
mod arcs;
mod dense;
mod expand;
mod fixed_point;
mod forbidden;
pub(super) mod free_flow;
mod levels;
pub(super) mod masses;
mod matrix_levels;
mod multiscale;
mod oracle;
mod outcome;
mod places;
mod priced;
mod rounds;
mod sampled;
mod sparse_start;
mod start;
#[cfg(test)]
mod tests;
mod thread;
mod tour;
mod tree;
mod warm;

use std::borrow::Cow;
use std::time::Duration;

use crate::cost::Form;
use crate::error::{Error, ErrorKind, Result, require};
use crate::exact::amount::{Amount, Wide};
use crate::neighbors::{Until, has_sieve, has_tree};
use crate::transport::{
    Interrupt, Observer, Plan, Potentials, Problem, Report, Silent, Solution, Status, Watch, certify_until,
    check_shapes, limits,
};

use active::Active;
use masses::fit_128_bits;
use multiscale::Clouds;
use outcome::Outcome;
use warm::Former;

/// What the last steps of a solve that ends early take of a time limit: a basis carried to the points, their potentials, and the
/// certificate.
fn last_steps(problem: &Problem, limit: Duration) -> Duration {
    let (n, m) = problem.shape();
    let a_point = match problem.points().map_or(0, |points| points.source().dim()) {
        0..=2 => 6,
        3 => 25,
        _ => 80,
    };
    Duration::from_micros(a_point * (n + m) as u64).min(limit * 2 / 5)
}

/// A plan and potentials to start from: those of a [`Solution`], or your own.
#[derive(Debug, Clone, Copy)]
pub struct Guess<'g> {
    plan: &'g Plan,
    potentials: &'g Potentials,
}

impl Guess<'_> {
    /// Refuses a guess that does not fit the problem.
    pub(super) fn check(&self, problem: &Problem) -> Result<()> {
        check_shapes(problem, self.plan, self.potentials)
    }
}

impl<'g> From<&'g Solution> for Guess<'g> {
    fn from(solution: &'g Solution) -> Self {
        Self { plan: &solution.plan, potentials: &solution.potentials }
    }
}

impl<'g> From<(&'g Plan, &'g Potentials)> for Guess<'g> {
    fn from((plan, potentials): (&'g Plan, &'g Potentials)) -> Self {
        Self { plan, potentials }
    }
}

/// Which way a problem goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Dense,
    Multiscale,
}

/// Whether O(n + m) memory is also the faster way for n · m pairs. Measured on Gaussian clouds: in at most four dimensions
/// from 250 points a side on for the squared Euclidean cost and from 500 for other norms; beyond, costs are expensive to
/// recompute, and a matrix of up to 64 MB is faster, for costs that can be sieved up to a size that grows with the dimension.
fn pays_to_scale(form: Form, dim: usize, pairs: usize) -> bool {
    match form {
        Form::Norm { p: 2.0, power: 2.0 } if has_tree(form, dim) => pairs >= 60_000,
        Form::Norm { .. } if has_tree(form, dim) => pairs >= 250_000,
        Form::Norm { .. } if has_sieve(form) => pairs >= (100_000 * dim).min(8_000_000),
        Form::Norm { .. } => pairs >= 8_000_000,
        _ => false,
    }
}

/// The primal network simplex for balanced transport between n sources and m targets.
///
/// Two ways lead to the same answer, and the default takes the faster one. [`NetworkSimplex::dense`] prices rows of a cost
/// matrix. [`NetworkSimplex::multiscale`] needs points and a p-norm (or a power of one): it carries a basis from coarse
/// cells to fine ones (in more than four dimensions, potentials from a sample to all), keeps only a few candidate arcs a point,
/// and finds the arcs that are missing by a kd-tree, or by a pass over all pairs that single precision sieves, in O(n + m) memory.
///
/// The basis is a spanning tree over the points with positive mass; each pivot brings in an arc whose reduced cost is
/// negative and drops one that runs empty. Flows are exact integers and perturbed, so there is no cycling, no big-M and
/// no tolerance on masses (see `masses.rs`). The solve ends when a full pass over all n · m reduced costs, with potentials
/// computed afresh from the tree, finds none below a few roundings of its own terms: that pass is the proof of optimality.
///
/// # Complexity
/// Exponential in the worst case, like every simplex. On data the dense way takes about O((n + m)^1.3) pivots of O(m)
/// pricing, and 8 n m bytes where the caller brings no matrix; the multiscale way about 5 (n + m) pivots of O(√(n + m)) in the
/// plane, and some 300 bytes a point.
///
/// # When not to use it
/// On a line: [`Line`](crate::exact::Line) sorts in O(n log n). [`solve`](crate::exact::solve) chooses.
///
/// # References
/// Ahuja, Magnanti, Orlin, *Network Flows*, 1993, chapter 11; Kovács, "Minimum-cost flow algorithms: an experimental
/// evaluation", Optim. Methods Softw. 30 (2015); Bonneel et al., "Displacement interpolation using Lagrangian mass
/// transport", SIGGRAPH Asia 2011.
///
/// # Example
/// ```
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0], [1.0, 0.0]])?;
/// let y = Samples::new([[0.0, 1.0], [1.0, 1.0]])?;
/// let problem = Problem::between(&x, &y, SquaredEuclidean)?;
/// let solution = NetworkSimplex::default().solve(&problem)?;
/// assert_eq!(solution.transport_cost, 1.0);
/// assert_eq!(solution.plan.as_permutation(), Some(vec![0, 1]));
/// assert!(solution.bounds.unwrap().gap() < 1e-15);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NetworkSimplex {
    /// When to end early: no limits by default.
    pub interrupt: Interrupt,
    /// Whether to compute the certificate (one more pass over all costs); on by default.
    pub certify: bool,
    path: Option<Path>,
}

impl Default for NetworkSimplex {
    fn default() -> Self {
        Self { interrupt: Interrupt::default(), certify: true, path: None }
    }
}

impl NetworkSimplex {
    /// The simplex over a dense cost matrix, which is made when the problem has none: 8 n m bytes.
    pub fn dense() -> Self {
        Self { path: Some(Path::Dense), ..Self::default() }
    }

    /// The simplex that goes from coarse to fine, for points under a p-norm or a power of one: O(n + m) memory. The default
    /// chooses it by itself.
    pub fn multiscale() -> Self {
        Self { path: Some(Path::Multiscale), ..Self::default() }
    }

    /// The way of a problem that has `pairs` pairs of points to price.
    fn path(&self, problem: &Problem, pairs: usize) -> Result<Path> {
        let points = problem.points().map(|points| (points.ground().form(), points.source().dim()));
        match self.path {
            Some(Path::Multiscale) if !matches!(points, Some((Form::Norm { .. }, _))) => {
                let why = "the multiscale simplex needs points and a p-norm cost; the default chooses what fits";
                Err(Error::new("problem", ErrorKind::Unsupported(why.into())))
            }
            Some(path) => Ok(path),
            None => {
                let scales = points.is_some_and(|(form, dim)| pays_to_scale(form, dim, pairs));
                Ok(if scales { Path::Multiscale } else { Path::Dense })
            }
        }
    }

    limits!("pivots", ", a feasible plan and valid bounds");

    /// Ends as soon as the relative gap between proven bounds is at most `tolerance`, with status `WithinTolerance`. The bounds are
    /// looked at after each pass over all costs, so the gap is often much smaller. 0, the default, asks for the optimum, and so does
    /// every solve of a matrix that is small or has infinite costs.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.interrupt.tolerance = tolerance;
        self
    }

    /// Leaves out the certificate: `bounds` is then `None`, and one pass over all costs is saved.
    #[must_use]
    pub fn without_certificate(self) -> Self {
        Self { certify: false, ..self }
    }

    /// Solves `problem`.
    ///
    /// # Errors
    /// When a side has more than 4,194,304 points of positive mass, or infinite costs leave no way for some mass.
    pub fn solve(&self, problem: &Problem) -> Result<Solution> {
        self.solve_observed(problem, &mut Silent)
    }

    /// Solves `problem` and reports progress to `observer`.
    ///
    /// # Errors
    /// As [`NetworkSimplex::solve`].
    pub fn solve_observed(&self, problem: &Problem, observer: &mut dyn Observer) -> Result<Solution> {
        self.solve_with(problem, None, observer)
    }

    /// Solves `problem` from the solution of a similar one with the same numbers of points: points that have moved a little,
    /// masses that have changed a little, a plan and potentials of your own.
    ///
    /// The answer is as exact and as well proven as that of [`NetworkSimplex::solve`], whatever the guess; what a good one
    /// saves is time. The support of its plan becomes the first basis, and the potentials bound how far that is from the optimum:
    /// a guess that is several per cent off is dropped, and the solve starts afresh. Moves well below the distance between
    /// neighbours take a few per cent of the pivots of a cold start; see `docs/benchmarks.md`.
    ///
    /// # Errors
    /// As [`NetworkSimplex::solve`], and when the guess does not have the shape of the problem or a potential of it is NaN or
    /// infinite.
    ///
    /// ```
    /// use earthwork::prelude::*;
    ///
    /// let y = Samples::new([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])?;
    /// let at = |x: f64| Problem::between(&Samples::new([[0.0, 0.0], [x, 0.0], [3.0, 0.5]])?, &y, SquaredEuclidean);
    /// let solver = NetworkSimplex::default();
    /// let mut solution = solver.solve(&at(1.0)?)?;
    /// for step in 1..10 {
    ///     solution = solver.solve_from(&at(1.0 + 0.01 * f64::from(step))?, &solution)?;
    /// }
    /// assert_eq!(solution.transport_cost, solver.solve(&at(1.09)?)?.transport_cost);
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn solve_from<'g>(&self, problem: &Problem, guess: impl Into<Guess<'g>>) -> Result<Solution> {
        self.solve_from_observed(problem, guess, &mut Silent)
    }

    /// [`solve_from`](Self::solve_from) with progress reports.
    ///
    /// # Errors
    /// As [`NetworkSimplex::solve_from`].
    pub fn solve_from_observed<'g>(
        &self,
        problem: &Problem,
        guess: impl Into<Guess<'g>>,
        observer: &mut dyn Observer,
    ) -> Result<Solution> {
        let guess = guess.into();
        guess.check(problem)?;
        self.solve_with(problem, Some(guess), observer)
    }

    fn solve_with(&self, problem: &Problem, guess: Option<Guess>, observer: &mut dyn Observer) -> Result<Solution> {
        if fit_128_bits(problem.source().as_slice(), problem.target().as_slice()) {
            self.solve_in::<i128>(problem, guess, observer)
        } else {
            self.solve_in::<Wide>(problem, guess, observer)
        }
    }

    /// Solves with flows of this width.
    fn solve_in<A: Amount>(
        &self,
        problem: &Problem,
        guess: Option<Guess>,
        observer: &mut dyn Observer,
    ) -> Result<Solution> {
        let mut interrupt = self.interrupt.clone();
        let tolerance = interrupt.tolerance;
        require("tolerance", tolerance, tolerance >= 0.0, "a relative gap is at least 0")?;
        if problem.has_forbidden_pairs() {
            // What goes where there is no pair must be known to the last digit.
            interrupt.tolerance = 0.0;
        }
        let mut watch = Watch::new(interrupt, observer);
        if let Some(limit) = self.interrupt.time {
            watch.reserve(last_steps(problem, limit));
        }
        let mut active = Active::<A>::new(problem)?;
        let path = self.path(problem, active.pairs())?;
        let former = guess.map(|guess| active.former(guess.plan, guess.potentials));
        let mut outcome = if active.pairs() == 0 {
            Outcome::nothing()
        } else {
            Self::run(path, problem, &mut active, former.as_ref(), &mut watch)?
        };
        outcome.memory += active.memory();

        let mut plan = active.plan(problem, &outcome.arcs);
        // (Ended early, mass may still go where there is no pair: the upper bound is then infinite.)
        if problem.has_forbidden_pairs() && outcome.status.is_success() {
            plan = forbidden::without_stand_ins(problem, plan)?;
        }
        let potentials = active.potentials(problem, &outcome.potential);
        let mut solution = Solution {
            transport_cost: plan.transport_cost(problem),
            plan,
            potentials,
            bounds: None,
            status: outcome.status,
            report: Report {
                method: "network simplex",
                iterations: outcome.iterations,
                time: Duration::ZERO,
                memory: outcome.memory,
            },
        };
        // (After an early end potentials may not be feasible before it.)
        if self.certify || !solution.status.is_success() {
            let until = if solution.status == Status::Optimal { Until::default() } else { watch.until_the_end() };
            let certificate = certify_until(problem, &solution.plan, &solution.potentials, &until)?;
            solution.bounds = self.certify.then_some(certificate.bounds);
            solution.potentials = certificate.potentials;
        }
        solution.report.time = watch.elapsed();
        Ok(solution)
    }

    /// Solves between the places that take part.
    fn run<A: Amount>(
        path: Path,
        problem: &Problem,
        active: &mut Active<A>,
        former: Option<&Former>,
        watch: &mut Watch,
    ) -> Result<Outcome<A>> {
        if let (Path::Multiscale, Some(points)) = (path, problem.points()) {
            let (source, target) = (active.source_points(points), active.target_points(points));
            let clouds = Clouds {
                ground: points.shared_ground(),
                dim: points.source().dim(),
                source: &source,
                target: &target,
                masses: active.take_masses(),
            };
            let warm = former.and_then(|former| warm::solve_clouds(former, &clouds, watch));
            return Ok(warm.unwrap_or_else(|| {
                if has_tree(points.ground().form(), clouds.dim) {
                    multiscale::solve(clouds, watch)
                } else {
                    sampled::solve_clouds(&clouds, watch)
                }
            }));
        }
        let mut costs = active.costs(problem);
        if problem.has_forbidden_pairs() {
            costs = Cow::Owned(forbidden::with_stand_ins(costs, active.taking_part(), problem)?);
        }
        let warm = former.and_then(|former| warm::solve_matrix(former, &costs, active.masses(), watch));
        let mut outcome = warm.unwrap_or_else(|| sampled::solve_matrix(&costs, active.masses(), watch));
        if let Cow::Owned(made) = &costs {
            outcome.memory += size_of_val(&made[..]);
        }
        Ok(outcome)
    }
}
