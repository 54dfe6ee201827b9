//! Exact transport between histograms on grids.

mod lattice;
mod levels;
mod paths;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::NetworkSimplex;
use super::amount::{Amount, Wide};
use super::network_simplex::free_flow::{Flowing, Step};
use super::network_simplex::masses::{MOST_POINTS, Masses, fit_128_bits};
use crate::cost::{GroundCost, PointCost};
use crate::error::Result;
use crate::measure::Histogram;
use crate::transport::{
    Flow, Interrupt, Observer, Plan, Potentials, Problem, Report, Silent, Solution, Watch, balanced, certify, limits,
};

use lattice::{Lattice, Neighbours};

/// Exact transport between two histograms on grids, of one to three dimensions or more.
///
/// Three things make grids faster than clouds of as many points:
///
/// - Under Σ |xₖ − yₖ| ([`PNorm::cityblock`](crate::cost::PNorm::cityblock)), distances are lengths of paths between
///   neighbouring cells. The problem is then a minimum cost flow on n nodes with d n edges instead of n² pairs, which this
///   solver hands to a network simplex of its own, from coarse cells to fine ones, and takes apart into a plan at the end. The
///   same goes for max |xₖ − yₖ| ([`PNorm::chebyshev`](crate::cost::PNorm::chebyshev)) with the moves of a chess king.
/// - For costs that are sums over coordinates, such as the squared Euclidean one, the c-transform of the certificate goes axis
///   by axis: O(n s) for s cells along the longest axis.
/// - All else is solved as points are, by [`solve`](crate::exact::solve): the multiscale network simplex from some hundred
///   cells on.
///
/// The two grids may differ in shape, spacing and origin; where they share no coordinates, only the first point is lost.
/// [`solve`](crate::exact::solve) itself recognises points that are the cells of grids, so samples made by
/// [`Histogram::to_samples`] are as fast.
///
/// # Complexity
/// The flow: about as many pivots as cells at each level, O(√n) each, O(n) memory. Else as
/// [`NetworkSimplex`](crate::exact::NetworkSimplex).
///
/// # References
/// Ling, Okada, "An efficient earth mover's distance algorithm for robust histogram comparison", IEEE TPAMI 29 (2007);
/// Bassetti, Gualandi, Veneroni, "On the computation of Kantorovich-Wasserstein distances between two-dimensional histograms by
/// uncapacitated minimum cost flows", SIAM J. Optim. 30 (2020).
///
/// # Example
/// ```
/// use earthwork::exact::Grid;
/// use earthwork::prelude::*;
/// use ndarray::array;
///
/// let today = Histogram::grid(array![[4.0, 0.0], [0.0, 0.0]])?;
/// let tomorrow = Histogram::grid(array![[1.0, 1.0], [1.0, 1.0]])?;
/// let solution = Grid::default().solve(&today, &tomorrow, PNorm::cityblock())?;
/// // One unit stays, two move by 1, one moves by 2.
/// assert_eq!(solution.transport_cost, 4.0);
/// assert!(solution.bounds.unwrap().gap() < 1e-14);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Grid {
    /// When to end early: no limits by default.
    pub interrupt: Interrupt,
    /// Whether to compute the certificate; on by default.
    pub certify: bool,
}

impl Default for Grid {
    fn default() -> Self {
        Self { interrupt: Interrupt::default(), certify: true }
    }
}

impl Grid {
    limits!("pivots", ", a feasible plan and valid bounds");

    /// Leaves out the certificate: `bounds` is then `None`.
    #[must_use]
    pub fn without_certificate(self) -> Self {
        Self { certify: false, ..self }
    }

    /// Solves transport from `source` to `target` under a ground cost. Sources and targets of the solution are cells in
    /// row-major order.
    ///
    /// # Errors
    /// When a histogram is one of categories, the numbers of axes or the total masses differ, the cost overflows, or a side
    /// has more than 4,194,304 cells of positive mass.
    pub fn solve(&self, source: &Histogram, target: &Histogram, ground: impl GroundCost + 'static) -> Result<Solution> {
        self.solve_observed(source, target, ground, &mut Silent)
    }

    /// [`solve`](Self::solve) with progress reports.
    ///
    /// # Errors
    /// As [`Grid::solve`].
    pub fn solve_observed(
        &self,
        source: &Histogram,
        target: &Histogram,
        ground: impl GroundCost + 'static,
        observer: &mut dyn Observer,
    ) -> Result<Solution> {
        let cells = |side: &Histogram, name: &'static str| side.to_samples().map_err(|error| error.about(name));
        let problem = Problem::between(&cells(source, "source")?, &cells(target, "target")?, ground)?;
        if let Some(solution) = self.flow(&problem, observer)? {
            return Ok(solution);
        }
        if self.certify || problem.is_line() {
            return super::solve_points(&problem, self.interrupt.clone(), observer);
        }
        let mut simplex = NetworkSimplex::default().without_certificate();
        simplex.interrupt = self.interrupt.clone();
        simplex.solve_observed(&problem, observer)
    }

    /// Solves a problem between cells of grids as a flow between neighbours, if it is one and that is the faster way.
    pub(super) fn flow(&self, problem: &Problem, observer: &mut dyn Observer) -> Result<Option<Solution>> {
        let (Some(points), Some(cells)) = (problem.points(), Cells::of(problem)) else { return Ok(None) };
        if fit_128_bits(problem.source().as_slice(), problem.target().as_slice()) {
            self.flow_between(&Between::<i128>::new(cells, problem, points), problem, observer).map(Some)
        } else {
            self.flow_between(&Between::<Wide>::new(cells, problem, points), problem, observer).map(Some)
        }
    }

    fn flow_between<A: Amount>(
        &self,
        between: &Between<A>,
        problem: &Problem,
        observer: &mut dyn Observer,
    ) -> Result<Solution> {
        let mut watch = Watch::new(self.interrupt.clone(), observer);
        let flowing = levels::solve(&between.lattice, between.neighbours, &between.perturbed(), &mut watch);
        let plan = between.plan(problem, &flowing.steps);
        let Flowing { potential, iterations, status, memory, .. } = flowing;
        let mut solution = Solution {
            transport_cost: plan.transport_cost(problem),
            plan,
            potentials: between.potentials(&potential),
            bounds: None,
            status,
            report: Report { method: "grid flow", iterations, time: Duration::ZERO, memory },
        };
        if self.certify {
            let certificate = certify(problem, &solution.plan, &solution.potentials)?;
            solution.bounds = Some(certificate.bounds);
            solution.potentials = certificate.potentials;
        } else {
            let Potentials { f, g } = solution.potentials;
            solution.potentials = balanced(problem.source().as_slice(), problem.target().as_slice(), f, g);
        }
        solution.report.time = watch.elapsed();
        Ok(solution)
    }
}

/// The most cells, for each point that holds mass and beyond some thousands, for which the flow is faster than the pairs.
const SPARSEST: usize = 16;
/// Cells that are no matter.
const FEW: usize = 4_096;

/// A problem between the cells of a lattice.
struct Between<A> {
    neighbours: Neighbours,
    lattice: Lattice,
    /// The cell of each source and of each target.
    source: Vec<u32>,
    target: Vec<u32>,
    masses: Masses<A>,
    /// What each cell has to give, not perturbed.
    supply: Vec<A>,
}

/// Cells of a lattice that hold the points of a problem.
struct Cells {
    neighbours: Neighbours,
    lattice: Lattice,
    count: usize,
}

impl Cells {
    fn of(problem: &Problem) -> Option<Self> {
        let points = problem.points()?;
        let neighbours = Neighbours::of(points.ground().form())?;
        if points.source().dim() > 3 {
            return None;
        }
        let lattice = Lattice::common(neighbours, points.source(), points.target())?;
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let holding = a.iter().chain(b).filter(|mass| **mass > 0.0).count();
        let count = lattice.cells().filter(|&cells| cells <= MOST_POINTS && cells <= SPARSEST * holding + FEW)?;
        Some(Self { neighbours, lattice, count })
    }
}

impl<A: Amount> Between<A> {
    fn new(Cells { neighbours, lattice, count }: Cells, problem: &Problem, points: &PointCost) -> Self {
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let scale = problem.target_scale();
        let masses = Masses::unperturbed(a, &b.iter().map(|b| b * scale).collect::<Vec<_>>());
        let source: Vec<u32> = points.source().iter().map(|x| lattice.cell(x)).collect();
        let target: Vec<u32> = points.target().iter().map(|y| lattice.cell(y)).collect();
        let mut supply = vec![A::ZERO; count];
        source.iter().zip(&masses.source).for_each(|(&cell, mass)| supply[cell as usize] += *mass);
        target.iter().zip(&masses.target).for_each(|(&cell, mass)| supply[cell as usize] -= *mass);
        Self { neighbours, lattice, source, target, masses, supply }
    }

    /// The supplies with one unit more for each cell, which the first takes.
    fn perturbed(&self) -> Vec<A> {
        let mut supply: Vec<A> = self.supply.iter().map(|supply| *supply + A::units(1)).collect();
        supply[0] -= A::units(self.supply.len());
        supply
    }

    /// What stays in its cell, and the ways of the flow.
    fn plan(&self, problem: &Problem, steps: &[Step<A>]) -> Plan {
        const ROUNDING: f64 = 16.0 * f64::EPSILON;
        const NONE: u32 = u32::MAX;
        let at = |cells: &[u32]| {
            let mut at = vec![NONE; self.supply.len()];
            cells.iter().enumerate().for_each(|(i, &cell)| at[cell as usize] = i as u32);
            at
        };
        let (source_at, target_at) = (at(&self.source), at(&self.target));
        let stays = self.source.iter().zip(&self.masses.source).filter_map(|(&cell, held)| {
            let wanted = self.masses.target.get(target_at[cell as usize] as usize)?;
            Some(Step { from: cell, to: cell, flow: *held.min(wanted) })
        });
        let steps = steps.iter().map(|step| Step { flow: step.flow.without_units(), ..*step });
        let steps: Vec<Step<A>> = steps.filter(|step| step.flow > A::ZERO).collect();
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let flows = stays.chain(paths::ways(&steps, &self.supply)).filter_map(|step| {
            let (source, target) = (source_at[step.from as usize] as usize, target_at[step.to as usize] as usize);
            let mass = self.masses.mass(step.flow);
            (mass > ROUNDING * a[source].min(b[target])).then_some(Flow { source, target, mass })
        });
        Plan::from_flows(problem.shape(), flows.collect())
    }

    /// f = −π on sources, g = π on targets.
    fn potentials(&self, potential: &[f64]) -> Potentials {
        let at = |cell: &u32| potential[*cell as usize];
        Potentials { f: self.source.iter().map(|cell| -at(cell)).collect(), g: self.target.iter().map(at).collect() }
    }
}
