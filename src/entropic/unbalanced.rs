//! Unbalanced and partial entropic transport: mass may be made, lost or left where it is, at a price.

use std::sync::Arc;

use super::kernel::{Depth, State};
use super::levels::Prepared;
use super::marginal::{Marginal, Reference, Side};
use super::rounding::rounded;
use super::semi_dual::{At, SemiDual, Sides};
use super::share::BITS;
use super::work::Work;
use super::{Epsilon, Sinkhorn};
use crate::cost::GroundCost;
use crate::error::{Result, require};
use crate::measure::Samples;
use crate::transport::{Interrupt, Observer, Potentials, Problem, Report, Silent, Status, Watch, limits};

/// Passes over all pairs, unless another limit is given.
const MOST_PASSES: u64 = 10_000;
/// Bytes of shares that Newton steps may keep.
const MEMORY: usize = 1 << 28;
/// Pairs up to which passes leave out nothing that doubles can tell.
const FEW: usize = 1024 * 1024;

/// Entropic transport between measures of any masses:
/// min ⟨C, P⟩ + ε KL(P | R) + D₁(P 1 | a) + D₂(Pᵀ 1 | b), with a [`Marginal`] for each side and
/// KL(P | R) = Σ P log(P / R) − P + R.
///
/// R is a ⊗ b / √(m_a m_b) for total masses m_a and m_b: twice the masses, twice the plan and the value. With
/// [`Reference::Product`] it is a ⊗ b, which is the same where the masses total 1. One `Exact` side is semi-relaxed transport. Between two
/// of them of total M the terms − P + R, which [`Sinkhorn`](super::Sinkhorn) leaves out, are 0, or ε (M² − M) with `Product`.
///
/// # How
/// Sweeps (Chizat et al., 2018) are extrapolated by Anderson's mixing, since for ρ far above ε they contract by only ρ² / (ρ + ε)²;
/// where they are too slow, Newton steps on the semi-dual take over, from large ε to small. No step is kept that lowers the dual value. A
/// solve is `Converged` when the primal value of its plan exceeds the dual value by at most the tolerance times that value, and another
/// sweep would move at most the tolerance of the mass. Each pass is over all pairs, O(n m); O(n + m) memory, and up to 256 MB where Newton
/// steps keep shares. Where both sides must be met the solve is that of [`Sinkhorn`](super::Sinkhorn).
///
/// ```
/// use earthwork::cost::SquaredEuclidean;
/// use earthwork::entropic::{Marginal, Unbalanced};
/// use earthwork::prelude::*;
///
/// // Two sources, one far from everything: its mass is not worth the way.
/// let x = Samples::weighted([[0.0], [100.0]], [1.0, 1.0])?;
/// let y = Samples::weighted([[1.0]], [1.0])?;
/// let solver = Unbalanced::new(0.1, Marginal::TotalVariation(10.0), Marginal::TotalVariation(10.0));
/// let found = solver.solve(&x, &y, SquaredEuclidean)?;
/// assert!(found.source_masses[1] < 1e-9 && (found.source_masses[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Unbalanced {
    /// The regularisation.
    pub epsilon: Epsilon,
    /// What the source side asks.
    pub source: Marginal,
    /// What the target side asks.
    pub target: Marginal,
    /// The total mass to move, in units of the samples: with it each side gives and takes at most what it has (partial
    /// transport), and `source` and `target` are not used.
    pub mass: Option<f64>,
    /// What the entropic term compares the plan with.
    pub reference: Reference,
    /// Converged when another sweep would move at most this much of the mass, and the duality gap is at most this much of the value.
    /// Default 1e-6.
    pub tolerance: f64,
    /// When to end early. Without a limit of iterations, passes over all pairs, there are 10,000.
    pub interrupt: Interrupt,
}

/// The end of an unbalanced solve.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnbalancedSolution {
    /// ε in units of the cost.
    pub epsilon: f64,
    /// ⟨C, P⟩.
    pub transport_cost: f64,
    /// The dual value, which no plan can undercut; at convergence the objective.
    pub value: f64,
    /// What the objective of the plan is above `value`. (A side whose masses must be met counts with its potentials.)
    pub duality_gap: f64,
    /// The mass that moves.
    pub mass: f64,
    /// P 1: what leaves each source.
    pub source_masses: Vec<f64>,
    /// Pᵀ 1: what reaches each target.
    pub target_masses: Vec<f64>,
    /// f and g in units of the cost: P_ij = R_ij exp((f_i + g_j − c_ij) / ε) with R = a ⊗ b / √(m_a m_b), or a ⊗ b where that is the
    /// reference.
    pub potentials: Potentials,
    /// How much of the mass another sweep would move.
    pub residual: f64,
    /// How the solve ended.
    pub status: Status,
    /// What it took.
    pub report: Report,
}

impl Unbalanced {
    /// Two sides with their prices, at ε in units of the cost.
    pub fn new(epsilon: f64, source: Marginal, target: Marginal) -> Self {
        Self {
            epsilon: Epsilon::Absolute(epsilon),
            source,
            target,
            mass: None,
            reference: Reference::default(),
            tolerance: 1e-6,
            interrupt: Interrupt::default(),
        }
    }

    /// Partial transport: exactly `mass` moves, and no point gives or takes more than it has.
    pub fn partial(epsilon: f64, mass: f64) -> Self {
        Self { mass: Some(mass), ..Self::new(epsilon, Marginal::Exact, Marginal::Exact) }
    }

    /// Sets the tolerance at which the iteration ends.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// This solver with another reference measure of the entropy.
    #[must_use]
    pub fn with_reference(self, reference: Reference) -> Self {
        Self { reference, ..self }
    }

    limits!("passes", "");

    /// Solves between `x` and `y`, whose totals may differ.
    ///
    /// # Errors
    /// When ε, a price or the tolerance is not positive and finite, both sides are exact though their totals differ, the mass
    /// to move is more than a side has, or the dimensions differ.
    pub fn solve(&self, x: &Samples, y: &Samples, ground: impl GroundCost + 'static) -> Result<UnbalancedSolution> {
        self.solve_observed(x, y, Arc::new(ground), &mut Silent)
    }

    /// [`solve`](Self::solve) with progress reports.
    ///
    /// # Errors
    /// As [`Unbalanced::solve`].
    pub fn solve_observed(
        &self,
        x: &Samples,
        y: &Samples,
        ground: Arc<dyn GroundCost>,
        observer: &mut dyn Observer,
    ) -> Result<UnbalancedSolution> {
        let tolerance = self.tolerance;
        require("tolerance", tolerance, tolerance > 0.0 && tolerance < 1.0, "the tolerance must be between 0 and 1")?;
        self.source.check("source")?;
        self.target.check("target")?;
        if let Some(mass) = self.mass {
            let most = x.total().min(y.total());
            let fits = mass > 0.0 && mass <= most * (1.0 + 1e-12);
            require("mass", mass, fits, "the mass to move must be positive and at most what each side has")?;
        } else if self.source == Marginal::Exact && self.target == Marginal::Exact {
            Problem::between_shared(x, y, Arc::clone(&ground))?;
        }
        let problem = Problem::between_shared(&x.normalised(), &y.normalised(), ground)?;
        // A side that gives all it has is met exactly.
        let all = |total: f64| self.mass.is_some_and(|mass| mass >= total * (1.0 - 1e-12));
        let met = [all(x.total()), all(y.total())];
        let exact = self.mass.is_none() && [self.source, self.target] == [Marginal::Exact; 2];
        if exact || met == [true; 2] {
            return self.balanced(&problem, x.total(), observer);
        }
        let epsilon = self.epsilon.of(&problem)?;
        let rate = BITS / epsilon;
        let mut prepared = Prepared::new(&problem, MEMORY, rate);
        let range = rate * prepared.field.geometry.largest;
        require("epsilon", epsilon, range.is_finite() && rate > 0.0, "the costs divided by ε must be finite numbers")?;

        // In this unit of mass the two totals multiply to 1.
        let unit = x.total().sqrt() * y.total().sqrt();
        let (share_x, share_y) = (x.total() / unit, y.total() / unit);
        prepared.field.rescale(share_x, share_y);
        let product = self.reference == Reference::Product;
        let sides = match self.mass {
            Some(_) => met.map(|met| if met { Side::Priced(Marginal::Exact) } else { Side::AtMost }),
            None => [self.source, self.target].map(|side| Side::Priced(side.per(unit))),
        };
        let sides = Sides {
            source: sides[0],
            target: sides[1],
            mass: self.mass.filter(|_| met == [false; 2]).map(|mass| mass / unit),
            lift: if product { unit.log2() } else { 0.0 },
            reference: if product { unit } else { 1.0 },
        };
        let mut work = Work::new(Watch::new(self.limited(), observer), "sinkhorn");
        work.progress.epsilon = Some(epsilon);
        let few = x.len().saturating_mul(y.len()) <= FEW;
        let depth = Depth(if few { 60.0 } else { (10.0 - tolerance.log2()).clamp(24.0, 60.0) });
        let (at, status) = SemiDual { field: &prepared.field, sides, work: &mut work, depth }.solve(rate, tolerance);
        Ok(self.report(&prepared, sides, &at, status, unit, &work))
    }

    fn limited(&self) -> Interrupt {
        Interrupt { iterations: self.interrupt.iterations.or(Some(MOST_PASSES)), ..self.interrupt.clone() }
    }

    fn method(&self) -> &'static str {
        if self.mass.is_some() { "partial sinkhorn" } else { "unbalanced sinkhorn" }
    }

    /// Where both sides are met the plan is that of balanced transport, of which `problem` has shares of the masses `total`.
    fn balanced(&self, problem: &Problem, total: f64, observer: &mut dyn Observer) -> Result<UnbalancedSolution> {
        let mut solver = Sinkhorn::with_epsilon(self.epsilon).without_certificate();
        // (A gap of ten times its tolerance is allowed there.)
        solver.tolerance = (0.1 * self.tolerance).max(self.tolerance.min(1e-10));
        solver.interrupt = self.limited();
        let found = solver.solve_observed(problem, observer)?;
        let (n, m) = problem.shape();
        let (epsilon, Potentials { f, mut g }) = (found.epsilon, found.potentials);
        let (mut row, mut columns) = (vec![0.0; m], vec![0.0; m]);
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        for i in (0..n).filter(|&i| a[i] > 0.0) {
            problem.cost().fill(i..i + 1, 0..m, &mut row);
            let share = |j: usize| a[i] * b[j] * ((f[i] + g[j] - row[j]) / epsilon).exp();
            (0..m).filter(|&j| b[j] > 0.0).for_each(|j| columns[j] += share(j));
        }
        let mut value = total * found.value;
        if self.reference == Reference::Product {
            value += epsilon * total * (total - 1.0 - total.ln());
            g.iter_mut().for_each(|g| *g -= epsilon * total.ln());
        }
        Ok(UnbalancedSolution {
            epsilon,
            transport_cost: total * found.transport_cost,
            value,
            duality_gap: total * found.duality_gap,
            mass: total,
            source_masses: a.iter().map(|a| total * a).collect(),
            target_masses: columns.iter().map(|c| total * c).collect(),
            potentials: Potentials { f, g },
            residual: found.marginal_error,
            status: found.status,
            report: Report { method: self.method(), ..found.report },
        })
    }

    fn report(
        &self,
        prepared: &Prepared,
        sides: Sides,
        at: &At,
        status: Status,
        unit: f64,
        work: &Work,
    ) -> UnbalancedSolution {
        let (field, rate, a) = (&prepared.field, at.rate, &prepared.field.masses.a);
        let left = |i: usize| if a[i] > 0.0 { a[i] * (at.f[i] - at.met[i]).exp2() } else { 0.0 };
        let rows: Vec<f64> = (0..a.len()).map(left).collect();
        let mass: f64 = rows.iter().sum();
        // Of a plan of mass 1, so that costs of next to nothing are right too.
        let cost = if mass >= f64::MIN_POSITIVE {
            let shares: Vec<f64> = rows.iter().map(|row| row / mass).collect();
            mass * rounded(field, &shares, &State { f: at.met.clone(), g: at.g.clone() }, &at.columns, rate).cost
        } else {
            0.0
        };
        let (n, m) = (field.geometry.n, field.geometry.m);
        let in_order = |len: usize, place: &dyn Fn(usize) -> usize, values: &dyn Fn(usize) -> f64| {
            let mut out = vec![0.0; len];
            (0..len).for_each(|i| out[place(i)] = values(i));
            out
        };
        let (row, column) = (|i| prepared.row(i), |j| prepared.column(j));
        UnbalancedSolution {
            epsilon: BITS / rate,
            transport_cost: unit * cost,
            value: unit * at.value,
            duality_gap: unit * at.gap,
            mass: unit * mass,
            source_masses: in_order(n, &row, &|i| unit * rows[i]),
            target_masses: in_order(m, &column, &|j| unit * at.columns[j]),
            potentials: Potentials {
                f: in_order(n, &row, &|i| at.f[i] / rate),
                g: in_order(m, &column, &|j| (at.g[j] - sides.lift) / rate),
            },
            residual: at.residual,
            status,
            report: Report {
                method: self.method(),
                iterations: work.progress.iterations,
                time: work.elapsed(),
                memory: work.memory + prepared.bytes(),
            },
        }
    }
}
