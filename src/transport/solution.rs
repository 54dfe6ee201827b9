//! What a solver returns.

use std::fmt;
use std::time::Duration;

use crate::numeric::sum::sum;
use crate::transport::Plan;

/// Lower and upper bound on the true optimal transport cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The value of feasible potentials.
    pub lower: f64,
    /// The cost of a feasible plan.
    pub upper: f64,
    /// Σ a |f| + Σ b |g|: the size of the terms that the lower bound sums, and so what rounding is relative to.
    pub magnitude: f64,
}

impl Bounds {
    /// Upper minus lower bound, ≥ 0.
    pub fn gap(&self) -> f64 {
        (self.upper - self.lower).max(0.0)
    }

    /// The gap relative to the larger bound. A cost below a millionth of the potentials is a difference of much larger
    /// numbers, of which nothing may be left: its gap is relative to that millionth.
    pub fn relative_gap(&self) -> f64 {
        let scale = self.upper.abs().max(self.lower.abs()).max(1e-6 * self.magnitude);
        match self.gap() {
            0.0 => 0.0,
            f64::INFINITY => f64::INFINITY,
            gap => gap / scale,
        }
    }
}

/// Dual potentials in cost units: f on the sources, g on the targets, with f_i + g_j ≤ c_ij.
///
/// Only the sums f_i + g_j matter. The gauge is Σ a_i f_i = Σ b_j g_j: each side carries half of the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Potentials {
    /// On the n sources.
    pub f: Vec<f64>,
    /// On the m targets.
    pub g: Vec<f64>,
}

/// How a solve ended. None of these is an error: the solution says what was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Proven optimal: no arc violates dual feasibility beyond rounding.
    Optimal,
    /// Converged to the tolerance asked for.
    Converged,
    /// The proven bounds are as close as was asked for: see [`Interrupt::tolerance`](super::Interrupt::tolerance).
    WithinTolerance,
    /// The iteration limit was reached first.
    IterationLimit,
    /// The time limit was reached first.
    Deadline,
    /// The caller cancelled.
    Cancelled,
    /// No further progress is possible in floating point.
    Stalled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Optimal,
        Self::Converged,
        Self::WithinTolerance,
        Self::IterationLimit,
        Self::Deadline,
        Self::Cancelled,
        Self::Stalled,
    ];

    /// The status that is written so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.to_string() == name)
    }

    /// Whether the solver reached what it set out for.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Optimal | Self::Converged | Self::WithinTolerance)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Optimal => "optimal",
            Self::Converged => "converged",
            Self::WithinTolerance => "within tolerance",
            Self::IterationLimit => "iteration limit",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Stalled => "stalled",
        })
    }
}

/// What a solve took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Which algorithm ran.
    pub method: &'static str,
    /// Pivots or iterations.
    pub iterations: u64,
    /// Wall-clock time, from the checked problem to the certificate.
    pub time: Duration,
    /// The most memory the solver held at once beyond the problem itself, in bytes.
    pub memory: usize,
}

/// A transport plan, its potentials, and the evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The plan.
    pub plan: Plan,
    /// Feasible potentials on all points, also on those of zero weight.
    pub potentials: Potentials,
    /// ⟨C, P⟩ of the plan.
    pub transport_cost: f64,
    /// Bounds on the optimal cost, unless the caller switched the certificate off.
    pub bounds: Option<Bounds>,
    /// How the solve ended.
    pub status: Status,
    /// What it took.
    pub report: Report,
}

/// What a solve found and took, without its plan and its potentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// (n, m).
    pub shape: (usize, usize),
    /// How many positive entries the plan has.
    pub flows: usize,
    /// The mass that the plan carries.
    pub mass: f64,
    /// ⟨C, P⟩ of the plan.
    pub transport_cost: f64,
    /// Bounds on the optimal cost, unless the caller switched the certificate off.
    pub bounds: Option<Bounds>,
    /// How the solve ended.
    pub status: Status,
    /// What it took.
    pub report: Report,
}

impl Solution {
    /// Everything but the plan and the potentials.
    pub fn summary(&self) -> Summary {
        Summary {
            shape: self.plan.shape(),
            flows: self.plan.flows().len(),
            mass: sum(self.plan.flows().iter().map(|flow| flow.mass)),
            transport_cost: self.transport_cost,
            bounds: self.bounds,
            status: self.status,
            report: self.report.clone(),
        }
    }
}

impl fmt::Display for Solution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transport cost {}", self.transport_cost)?;
        if let Some(Bounds { lower, upper, .. }) = self.bounds {
            write!(f, ", proven within [{lower}, {upper}]")?;
        }
        let Report { method, iterations, time, memory } = &self.report;
        let work = match (*method, *iterations) {
            (_, 0) => String::new(),
            ("network simplex", pivots) => format!("{pivots} pivots, "),
            (_, iterations) => format!("{iterations} iterations, "),
        };
        write!(f, ", {} ({method}, {work}{time:.2?}, {:.1} MB)", self.status, *memory as f64 / 1e6)
    }
}
