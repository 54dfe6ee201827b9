//! What entropic transport returns.

use std::fmt;

use ndarray::Array2;

use super::Reference;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Bounds, Potentials, Problem, Report, Status};

/// The end of an entropic solve: values, evidence, potentials.
///
/// | value | formula |
/// | --- | --- |
/// | `transport_cost` | ⟨C, P⟩ of the plan P of the potentials |
/// | `value` | Σ a f + Σ b g, the dual value: at convergence min ⟨C, P⟩ + ε Σ P log(P / R), for the `reference` R |
/// | `bounds` | on the *unregularised* optimum min ⟨C, P⟩ |
#[derive(Debug, Clone, PartialEq)]
pub struct SinkhornSolution {
    /// ε in units of the cost.
    pub epsilon: f64,
    /// What R is in `value`, `value_upper` and the potentials.
    pub reference: Reference,
    /// ⟨C, P⟩, for the total mass as given.
    pub transport_cost: f64,
    /// The dual value Σ a f + Σ b g, at most the regularised optimum and below it by the square of the marginal error.
    pub value: f64,
    /// An upper bound on the regularised optimum: the value of P for the masses that it has, and what the difference to the
    /// masses asked for can cost at most (half the marginal error, all the way).
    pub value_upper: f64,
    /// |⟨C, P⟩ + ε Σ P log(P / R) − `value`|: 0 when the marginals are met.
    pub duality_gap: f64,
    /// Σ |P 1 − a| + Σ |Pᵀ 1 − b| of the returned state, relative to the mass.
    pub marginal_error: f64,
    /// Bounds on the unregularised optimum: the plan rounded to the exact marginals from above, the c-transform of f from
    /// below.
    pub bounds: Option<Bounds>,
    /// f and g in units of the cost, on all points, with Σ a f = Σ b g. They need not satisfy f + g ≤ c.
    pub potentials: Potentials,
    /// How the solve ended. `Converged` means that the returned state meets its marginals to the tolerance.
    pub status: Status,
    /// What it took.
    pub report: Report,
}

impl SinkhornSolution {
    /// The solution under another reference measure, of a problem with this total mass: values and potentials move, plan and bounds stay.
    pub(super) fn under(mut self, reference: Reference, mass: f64) -> Self {
        let each = self.epsilon * (self.reference.divisor(mass) / reference.divisor(mass)).ln();
        if each != 0.0 {
            let rounding = 8.0 * f64::EPSILON * mass * each.abs();
            self.value -= mass * each;
            self.value_upper += rounding - mass * each;
            let Potentials { f, g } = &mut self.potentials;
            f.iter_mut().chain(g).for_each(|potential| *potential -= 0.5 * each);
        }
        Self { reference, ..self }
    }

    /// The plan P_ij = R_ij exp((f_i + g_j − c_ij) / ε) of these potentials, as a dense array of shape (n, m): R is a ⊗ b / M, or
    /// a ⊗ b if that is the reference.
    ///
    /// # Errors
    /// When `problem` has another shape than the one solved.
    ///
    /// # Panics
    /// Never: the entries number n · m.
    pub fn plan(&self, problem: &Problem) -> Result<Array2<f64>> {
        let (n, m) = problem.shape();
        let Potentials { f, g } = &self.potentials;
        if (f.len(), g.len()) != (n, m) {
            let kind =
                ErrorKind::Length { what: "rows", expected: f.len(), found: n, reason: "the problem that was solved" };
            return Err(Error::new("problem", kind));
        }
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let (scale, divisor) = (problem.target_scale(), self.reference.divisor(problem.mass()));
        let mut plan = vec![0.0; n * m];
        problem.cost().fill(0..n, 0..m, &mut plan);
        for (i, row) in plan.chunks_exact_mut(m).enumerate() {
            for (j, p) in row.iter_mut().enumerate() {
                let exponent = (f[i] - *p + g[j]) / self.epsilon;
                *p = if a[i] > 0.0 && b[j] > 0.0 {
                    (exponent + (b[j] * scale / divisor).ln()).exp() * a[i]
                } else {
                    0.0
                };
            }
        }
        Ok(Array2::from_shape_vec((n, m), plan).expect("n rows of m entries"))
    }
}

impl fmt::Display for SinkhornSolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transport cost {} at ε = {}", self.transport_cost, self.epsilon)?;
        if let Some(Bounds { lower, upper, .. }) = self.bounds {
            write!(f, ", unregularised within [{lower}, {upper}]")?;
        }
        let Report { iterations, time, memory, .. } = &self.report;
        let (error, status) = (self.marginal_error, self.status);
        write!(f, ", marginals {error:.1e}, {status} ({iterations} passes, {time:.2?}, {:.1} MB)", *memory as f64 / 1e6)
    }
}
