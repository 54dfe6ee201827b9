//! Unbalanced and partial entropic transport: mass may be made, lost or left where it is, at a price.

use std::sync::Arc;

use super::Epsilon;
use super::kernel::{Also, Depth, Field, State};
use super::layout::ROWS;
use super::levels::Prepared;
use super::newton::extrapolated;
use super::rounding::rounded;
use super::share::BITS;
use super::work::Work;
use crate::cost::GroundCost;
use crate::error::{Result, require};
use crate::measure::Samples;
use crate::transport::{Interrupt, Observer, Potentials, Problem, Report, Silent, Status, Watch, limits};

/// Sweeps that the extrapolation remembers.
const MEMORY: usize = 8;

/// What a side asks of the masses that leave or reach it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Marginal {
    /// Exactly those of the sample.
    Exact,
    /// ρ KL(P 1 | a): more or less mass at a price. ρ → ∞ is `Exact`.
    KullbackLeibler(f64),
    /// ρ Σ |P 1 − a|: each unit of mass not moved costs ρ, as in partial transport.
    TotalVariation(f64),
}

impl Marginal {
    fn check(self, side: &'static str) -> Result<()> {
        match self {
            Self::Exact => Ok(()),
            Self::KullbackLeibler(rho) | Self::TotalVariation(rho) => {
                require(side, rho, rho > 0.0 && rho.is_finite(), "the price of mass must be positive and finite")
            }
        }
    }

    /// The potential that the side answers with, where `met` would meet its masses (Chizat, Peyré, Schmitzer, Vialard,
    /// "Scaling algorithms for unbalanced optimal transport problems", 2018, table 1). All in bits, `bits` to a unit of cost.
    fn respond(self, met: f64, bits: f64) -> f64 {
        match self {
            Self::Exact => met,
            Self::KullbackLeibler(rho) => met * (rho / (rho + BITS / bits)),
            Self::TotalVariation(rho) => met.clamp(-rho * bits, rho * bits),
        }
    }

    /// What a unit of mass with this potential is worth to the dual, in units of cost.
    fn worth(self, potential: f64) -> f64 {
        match self {
            Self::Exact => potential,
            Self::KullbackLeibler(rho) => -rho * (-potential / rho).exp_m1(),
            Self::TotalVariation(rho) => potential.min(rho),
        }
    }
}

/// Entropic transport between measures of any masses:
/// min ⟨C, P⟩ + ε KL(P | a ⊗ b / √(m_a m_b)) + D₁(P 1 | a) + D₂(Pᵀ 1 | b), with a [`Marginal`] for each side.
///
/// The reference measure makes everything scale with the masses: twice the masses, twice the plan and the value. (For masses
/// of total 1 it is the usual a ⊗ b.) One `Exact` side is semi-relaxed transport.
///
/// Each iteration is an exact pass over all pairs, O(n m); sweeps are extrapolated by Anderson's mixing, since for ρ far above
/// ε they contract by only ρ² / (ρ + ε)². O(n + m) memory.
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
    /// Converged when another sweep would move at most this much of the mass. Default 1e-6.
    pub tolerance: f64,
    /// When to end early. Without a limit of iterations there are 100,000.
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
    /// The dual value: at convergence the objective.
    pub value: f64,
    /// The mass that moves.
    pub mass: f64,
    /// P 1: what leaves each source.
    pub source_masses: Vec<f64>,
    /// Pᵀ 1: what reaches each target.
    pub target_masses: Vec<f64>,
    /// f and g in units of the cost: P_ij = a_i b_j exp((f_i + g_j − c_ij) / ε) / √(m_a m_b).
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
        let interrupt = Interrupt { iterations: Some(100_000), ..Interrupt::default() };
        Self { epsilon: Epsilon::Absolute(epsilon), source, target, mass: None, tolerance: 1e-6, interrupt }
    }

    /// Partial transport: exactly `mass` moves, and no point gives or takes more than it has.
    pub fn partial(epsilon: f64, mass: f64) -> Self {
        Self { mass: Some(mass), ..Self::new(epsilon, Marginal::Exact, Marginal::Exact) }
    }

    /// The same with another tolerance.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    limits!("sweeps", "");

    /// Solves between `x` and `y`, whose totals may differ.
    ///
    /// # Errors
    /// When ε, a price or the tolerance is not positive and finite, both sides are exact though their totals differ, the mass
    /// to move is more than a side has, or the dimensions differ.
    pub fn solve(&self, x: &Samples, y: &Samples, ground: impl GroundCost + 'static) -> Result<UnbalancedSolution> {
        self.solve_observed(x, y, Arc::new(ground), &mut Silent)
    }

    /// The same with progress.
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
        let epsilon = self.epsilon.of(&problem)?;
        let rate = BITS / epsilon;
        let mut prepared = Prepared::new(&problem, 0, rate);
        let range = rate * prepared.field.geometry.largest;
        require("epsilon", epsilon, range.is_finite() && rate > 0.0, "the costs divided by ε must be finite numbers")?;

        // In this unit of mass the two totals multiply to 1.
        let unit = x.total().sqrt() * y.total().sqrt();
        let (share_x, share_y) = (x.total() / unit, y.total() / unit);
        prepared.field.rescale(share_x, share_y);
        let mut work = Work::new(Watch::new(self.interrupt.clone(), observer), "sinkhorn");
        let sides = Sides { source: self.source, target: self.target, mass: self.mass.map(|mass| mass / unit), rate };
        let end = iterate(&prepared.field, sides, tolerance, &mut work);
        Ok(Self::report(&prepared, sides, end, unit, &work))
    }

    fn report(prepared: &Prepared, sides: Sides, end: End, unit: f64, work: &Work) -> UnbalancedSolution {
        let Sides { source, target, rate, .. } = sides;
        let (field, epsilon) = (&prepared.field, BITS / rate);
        let End { met, f, g, columns, lambda, residual, status } = end;
        let (a, b) = (&field.masses.a, &field.masses.b);
        let rows: Vec<f64> =
            (0..a.len()).map(|i| if a[i] > 0.0 { a[i] * (f[i] - met[i]).exp2() } else { 0.0 }).collect();
        let mass: f64 = rows.iter().sum();
        let cost = rounded(field, &rows, &State { f: met.clone(), g: g.clone() }, &columns, rate).cost;
        let mut value = 0.0;
        for (side, masses, potentials) in [(source, a, &f), (target, b, &g)] {
            for (mass, bits) in masses.iter().zip(potentials).filter(|(mass, _)| **mass > 0.0) {
                value += mass * if sides.mass.is_some() { 0.0 } else { side.worth(bits / rate) };
            }
        }
        value -= epsilon * (mass - 1.0);
        if sides.mass.is_some() {
            // ⟨C, P⟩ + ε KL, where log P / (a b) = (f + g − c) / ε.
            let along = |masses: &[f64], bits: &[f64]| masses.iter().zip(bits).map(|(m, p)| m * p).sum::<f64>();
            value = (along(&rows, &f) + along(&columns, &g)) / rate - epsilon * (mass - 1.0);
        }
        let (n, m) = (field.geometry.n, field.geometry.m);
        let in_order = |len: usize, place: &dyn Fn(usize) -> usize, values: &dyn Fn(usize) -> f64| {
            let mut out = vec![0.0; len];
            (0..len).for_each(|i| out[place(i)] = values(i));
            out
        };
        let (row, column) = (|i| prepared.row(i), |j| prepared.column(j));
        UnbalancedSolution {
            epsilon,
            transport_cost: unit * cost,
            value: unit * value,
            mass: unit * mass,
            source_masses: in_order(n, &row, &|i| unit * rows[i]),
            target_masses: in_order(m, &column, &|j| unit * columns[j]),
            potentials: Potentials {
                f: in_order(n, &row, &|i| f[i] / rate),
                g: in_order(m, &column, &|j| g[j] / rate),
            },
            residual,
            status: if sides.mass.is_some() && !lambda.is_finite() { Status::Stalled } else { status },
            report: Report {
                method: if sides.mass.is_some() { "partial sinkhorn" } else { "unbalanced sinkhorn" },
                iterations: work.progress.iterations,
                time: work.elapsed(),
                memory: prepared.bytes(),
            },
        }
    }
}

/// Both sides, in units where the two totals multiply to 1.
#[derive(Clone, Copy)]
struct Sides {
    source: Marginal,
    target: Marginal,
    mass: Option<f64>,
    rate: f64,
}

impl Sides {
    /// Where mass is given, no side has a positive potential, and a common λ (in g) brings the total there.
    fn source(self, met: f64) -> f64 {
        if self.mass.is_some() { met.min(0.0) } else { self.source.respond(met, self.rate) }
    }

    fn target(self, met: f64, lambda: f64) -> f64 {
        if self.mass.is_some() { (met - lambda).min(0.0) + lambda } else { self.target.respond(met, self.rate) }
    }
}

struct End {
    /// The potentials that would meet the rows, and those that the source answers with.
    met: Vec<f64>,
    f: Vec<f64>,
    g: Vec<f64>,
    columns: Vec<f64>,
    lambda: f64,
    residual: f64,
    status: Status,
}

/// Sweeps until another one would move at most `tolerance` of the mass.
fn iterate(field: &Field, sides: Sides, tolerance: f64, work: &mut Work) -> End {
    let depth = Depth((10.0 - tolerance.log2()).clamp(24.0, 60.0));
    let mut state = field.zeros();
    field.tighten(&mut state, sides.rate);
    // The c-transforms keep exponents in range; the iteration begins at what the target says to them.
    let mut lambda = 0.0;
    let (b, m) = (&field.masses.b, state.g.len());
    let weights: Vec<f64> = b.iter().copied().chain([1.0]).collect();
    let (mut steps, mut points): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    let mut best = f64::INFINITY;
    work.progress.epsilon = Some(BITS / sides.rate);
    loop {
        let (exact, _) = field.exact(&state, sides.rate, depth, &|met| sides.source(met), Also::Nothing);
        work.tick();
        let met: Vec<f64> = exact.met;
        let total: f64 = exact.columns.iter().sum();
        let next_lambda = sides.mass.map_or(0.0, |mass| lambda + if total > 0.0 { (mass / total).log2() } else { 1.0 });
        let swept: Vec<f64> = (0..m)
            .map(|j| {
                if b[j] == 0.0 {
                    return 0.0;
                }
                let share = (exact.columns[j] / b[j]).max(1e-300);
                sides.target(state.g[j] - share.log2(), next_lambda)
            })
            .chain([next_lambda])
            .collect();
        let step: Vec<f64> = swept.iter().zip(state.g.iter().chain([&lambda])).map(|(s, g)| s - g).collect();
        let moved = |(step, column): (&f64, &f64)| column * (step.abs() / BITS).min(1.0);
        let residual = step.iter().zip(&exact.columns).map(moved).sum::<f64>() / total.max(f64::MIN_POSITIVE)
            + sides.mass.map_or(0.0, |mass| (total - mass).abs() / mass);
        work.progress.marginal_error = Some(residual);
        let converged = residual <= tolerance && !exact.lost;
        if converged || work.ended.is_some() {
            let status = if converged { Status::Converged } else { work.ended.unwrap_or(Status::Stalled) };
            return End { met, f: exact.f, g: state.g, columns: exact.columns, lambda, residual, status };
        }
        let bold = sides.mass.is_none() && residual <= 4.0 * best;
        if !bold {
            // Too bold, or a kink at each point that gives all it has: forget, and sweep plainly.
            steps.clear();
            points.clear();
        }
        best = best.min(residual);
        steps.push(step);
        points.push(swept.clone());
        if steps.len() > MEMORY {
            steps.remove(0);
            points.remove(0);
        }
        let tame = |y: &Vec<f64>| y.iter().zip(&swept).all(|(y, s)| (y - s).abs() <= 16.0);
        let mut next = extrapolated(&steps, &points, &weights).filter(tame).unwrap_or(swept);
        lambda = next.pop().expect("λ comes last");
        for g in &mut next {
            // What a side can never answer is no potential, wherever the extrapolation went.
            *g = if sides.mass.is_some() { g.min(lambda) } else { *g };
        }
        state = State { f: met, g: next };
        debug_assert!(state.f.len().is_multiple_of(ROWS));
    }
}
