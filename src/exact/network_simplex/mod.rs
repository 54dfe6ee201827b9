//! The network simplex: exact transport for any masses and any costs.

mod arcs;
mod dense;
mod expand;
pub(super) mod free_flow;
mod levels;
pub(super) mod masses;
mod multiscale;
mod oracle;
mod rounds;
mod sampled;
mod sparse_start;
mod start;
#[cfg(test)]
mod tests;
mod thread;
mod tour;
mod tree;

use std::borrow::Cow;
use std::time::Duration;

use crate::cost::{Form, Origin, rows_per_tile};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Points;
use crate::neighbors::has_tree;
use crate::transport::{
    CancelToken, Flow, Interrupt, Observer, Plan, Potentials, Problem, Report, Silent, Solution, Status, Watch, certify,
};

use masses::{MOST_POINTS, Masses};
use multiscale::Clouds;
use tree::TreeArc;

/// Nodes from which subtrees are shifted by chunks rather than node by node.
const TOUR_FROM: usize = 24_000;

/// An arc enters only when its reduced cost is below minus this much of |c| + |π(s)| + |π(t)|: a few roundings of the
/// numbers at hand, whatever the largest cost is.
const TOLERANCE: f64 = 4.0 * f64::EPSILON;

/// Rounds, each from fresh potentials, after which the tolerance begins to grow. Exact arithmetic never needs that; where
/// costs span more digits than a float has, rounding could otherwise let pivots chase each other for ever.
const PATIENCE: u32 = 60;

/// The tolerance of a round.
fn tolerance(round: u32) -> f64 {
    TOLERANCE * 2f64.powi((round.saturating_sub(PATIENCE) / 4).min(40) as i32)
}

/// Pivots after which a round ends, so that potentials are refreshed before their rounding adds up.
fn pivots_per_round(nodes: usize) -> u64 {
    2 * nodes as u64 + 100
}

/// Entries of a matrix from which few candidate arcs are faster than all rows in turn.
const SPARSE_FROM: usize = 160_000;

/// What a run of the simplex gives back.
struct Outcome {
    arcs: Vec<TreeArc>,
    /// π on sources, then targets.
    potential: Vec<f64>,
    iterations: u64,
    status: Status,
    memory: usize,
}

impl Outcome {
    /// The same with sources and targets numbered as before they were put in the given orders.
    fn in_order(mut self, source: &[u32], target: &[u32]) -> Self {
        for arc in &mut self.arcs {
            (arc.source, arc.target) = (source[arc.source as usize], target[arc.target as usize]);
        }
        let mut potential = vec![0.0; self.potential.len()];
        let places = source.iter().map(|&i| i as usize).chain(target.iter().map(|&j| source.len() + j as usize));
        for (place, &value) in places.zip(&self.potential) {
            potential[place] = value;
        }
        Self { potential, ..self }
    }
}

/// Which way a problem goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Dense,
    Multiscale,
}

/// Whether O(n + m) memory is also the faster way for n · m pairs. Measured on Gaussian clouds: in at most four dimensions
/// from 250 points a side on for the squared Euclidean cost and from 500 for other norms; beyond, costs are dear to
/// recompute, and a matrix of up to 64 MB is faster.
fn pays_to_scale(form: Form, dim: usize, pairs: usize) -> bool {
    match form {
        Form::Norm { p: 2.0, power: 2.0 } if has_tree(form, dim) => pairs >= 60_000,
        Form::Norm { .. } if has_tree(form, dim) => pairs >= 250_000,
        Form::Norm { .. } => pairs >= 8_000_000,
        _ => false,
    }
}

/// The primal network simplex for balanced transport between n sources and m targets.
///
/// Two ways lead to the same answer, and the default takes the faster one. [`NetworkSimplex::dense`] prices rows of a cost
/// matrix. [`NetworkSimplex::multiscale`] needs points and a p-norm (or a power of one): it carries a basis from coarse
/// cells to fine ones (in more than four dimensions, potentials from a sample to all), keeps only a few candidate arcs a point,
/// and finds the arcs that are missing by a kd-tree or a pass over tiles, in O(n + m) memory.
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

    fn path(&self, problem: &Problem) -> Result<Path> {
        let points = problem.points().map(|points| (points.ground().form(), points.source().dim()));
        match self.path {
            Some(Path::Multiscale) if !matches!(points, Some((Form::Norm { .. }, _))) => {
                let why = "the multiscale simplex needs points and a p-norm cost; the default chooses what fits";
                Err(Error::new("problem", ErrorKind::Unsupported(why.into())))
            }
            Some(path) => Ok(path),
            None => {
                let (n, m) = problem.shape();
                let scales = points.is_some_and(|(form, dim)| pays_to_scale(form, dim, n * m));
                Ok(if scales { Path::Multiscale } else { Path::Dense })
            }
        }
    }

    /// Ends after this many pivots with status `IterationLimit`, a feasible plan and valid bounds.
    #[must_use]
    pub fn with_iteration_limit(self, pivots: u64) -> Self {
        Self { interrupt: Interrupt { iterations: Some(pivots), ..self.interrupt }, ..self }
    }

    /// Ends after this much time with status `Deadline`, a feasible plan and valid bounds.
    #[must_use]
    pub fn with_time_limit(self, time: Duration) -> Self {
        Self { interrupt: Interrupt { time: Some(time), ..self.interrupt }, ..self }
    }

    /// Ends when the token is cancelled, with status `Cancelled`, a feasible plan and valid bounds.
    #[must_use]
    pub fn with_cancel(self, token: CancelToken) -> Self {
        Self { interrupt: Interrupt { cancel: Some(token), ..self.interrupt }, ..self }
    }

    /// Leaves out the certificate: `bounds` is then `None`, and one pass over all costs is saved.
    #[must_use]
    pub fn without_certificate(self) -> Self {
        Self { certify: false, ..self }
    }

    /// Solves `problem`.
    ///
    /// # Errors
    /// When a side has more than 4,194,304 points of positive mass.
    pub fn solve(&self, problem: &Problem) -> Result<Solution> {
        self.solve_observed(problem, &mut Silent)
    }

    /// Solves `problem` and reports progress to `observer`.
    ///
    /// # Errors
    /// As [`NetworkSimplex::solve`].
    ///
    /// # Panics
    /// Never: the multiscale way is taken for points only.
    pub fn solve_observed(&self, problem: &Problem, observer: &mut dyn Observer) -> Result<Solution> {
        let mut watch = Watch::new(self.interrupt.clone(), observer);
        let active = Active::new(problem)?;
        let masses = active.masses();
        let outcome = match self.path(problem)? {
            Path::Multiscale => {
                let points = problem.points().expect("this path is for points");
                let (source, target) =
                    (Active::points(points.source(), &active.rows), Active::points(points.target(), &active.columns));
                let clouds = Clouds {
                    ground: points.shared_ground(),
                    dim: points.source().dim(),
                    source: &source,
                    target: &target,
                    masses: &masses,
                };
                if has_tree(points.ground().form(), clouds.dim) {
                    multiscale::solve(&clouds, &mut watch)
                } else {
                    sampled::solve_clouds(&clouds, &mut watch)
                }
            }
            Path::Dense => {
                let costs = active.costs(problem);
                let mut outcome = sampled::solve_matrix(&costs, &masses, &mut watch);
                if let Cow::Owned(made) = &costs {
                    outcome.memory += size_of_val(&made[..]);
                }
                outcome
            }
        };

        let plan = active.plan(&masses, &outcome.arcs);
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
        if self.certify {
            let certificate = certify(problem, &solution.plan, &solution.potentials)?;
            solution.bounds = Some(certificate.bounds);
            solution.potentials = certificate.potentials;
        }
        solution.report.time = watch.elapsed();
        Ok(solution)
    }
}

/// The points that hold mass; the others take no part and get their potential at the end.
struct Active {
    shape: (usize, usize),
    rows: Vec<usize>,
    columns: Vec<usize>,
    source: Vec<f64>,
    target: Vec<f64>,
}

impl Active {
    fn new(problem: &Problem) -> Result<Self> {
        let holding = |masses: &[f64]| (0..masses.len()).filter(|&i| masses[i] > 0.0).collect::<Vec<_>>();
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let (rows, columns) = (holding(a), holding(b));
        for (argument, side) in [("source", &rows), ("target", &columns)] {
            if side.len() > MOST_POINTS {
                let why = format!("{} points with mass; the exact solver takes at most {MOST_POINTS}", side.len());
                return Err(Error::new(argument, ErrorKind::Unsupported(why.into())));
            }
        }
        let source = rows.iter().map(|&i| a[i]).collect();
        let scale = problem.target_scale();
        let target = columns.iter().map(|&j| b[j] * scale).collect();
        Ok(Self { shape: problem.shape(), rows, columns, source, target })
    }

    fn masses(&self) -> Masses {
        Masses::new(&self.source, &self.target)
    }

    /// The coordinates of the points that hold mass.
    fn points<'p>(points: &'p Points, holding: &[usize]) -> Cow<'p, [f64]> {
        if holding.len() == points.len() {
            return Cow::Borrowed(points.as_slice());
        }
        Cow::Owned(holding.iter().flat_map(|&i| points.point(i).iter().copied()).collect())
    }

    /// The costs between points that hold mass, row by row; borrowed where the caller's matrix is just that.
    fn costs<'p>(&self, problem: &'p Problem) -> Cow<'p, [f64]> {
        let (n, m) = self.shape;
        let all_columns = self.columns.len() == m;
        if let Origin::Matrix(matrix) = problem.cost().origin()
            && all_columns
            && self.rows.len() == n
        {
            return Cow::Borrowed(matrix);
        }
        let mut costs = Vec::with_capacity(self.rows.len() * self.columns.len());
        let step = rows_per_tile(m);
        let mut tile = vec![0.0; step * m];
        for rows in self.rows.chunks(step) {
            let (first, last) = (rows[0], rows[rows.len() - 1]);
            if all_columns && last - first + 1 == rows.len() {
                let tile = &mut tile[..rows.len() * m];
                problem.cost().fill(first..last + 1, 0..m, tile);
                costs.extend_from_slice(tile);
                continue;
            }
            for &i in rows {
                problem.cost().fill(i..i + 1, 0..m, &mut tile[..m]);
                costs.extend(self.columns.iter().map(|&j| tile[j]));
            }
        }
        Cow::Owned(costs)
    }

    /// The plan of the tree arcs, over all points. A flow far below the last digit of what both its ends hold is what
    /// rounding left between two sums, and is left out: its cost may be as large as all that is paid.
    fn plan(&self, masses: &Masses, arcs: &[TreeArc]) -> Plan {
        const ROUNDING: f64 = 16.0 * f64::EPSILON;
        let flows = arcs.iter().filter_map(|arc| {
            let (i, j) = (arc.source as usize, arc.target as usize);
            let mass = masses.mass(arc.flow);
            let seen = mass > ROUNDING * self.source[i].min(self.target[j]);
            seen.then(|| Flow { source: self.rows[i], target: self.columns[j], mass })
        });
        Plan::from_flows(self.shape, flows.collect())
    }

    /// Potentials on all points: from the tree where there is mass, and for a source without mass the most that
    /// feasibility allows, and for the targets after them.
    fn potentials(&self, problem: &Problem, tree: &[f64]) -> Potentials {
        let (n, m) = self.shape;
        let (pi_source, pi_target) = tree.split_at(self.rows.len());
        let mut g = vec![f64::NAN; m];
        for (&j, pi) in self.columns.iter().zip(pi_target) {
            g[j] = *pi;
        }
        let mut f = vec![f64::NAN; n];
        for (&i, pi) in self.rows.iter().zip(pi_source) {
            f[i] = -pi;
        }
        crate::transport::extended(problem, f, g)
    }
}
