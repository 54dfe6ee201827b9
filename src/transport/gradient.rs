//! How a transport cost changes when points move or masses change.

use ndarray::Array2;

use crate::cost::{Form, PointCost};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Plan, Potentials, Problem};

/// Derivatives of a transport cost or a divergence.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// By the coordinates of the source points, of shape (n, d), in units of cost times mass per length.
    pub source_points: Array2<f64>,
    /// By the coordinates of the target points, of shape (m, d).
    pub target_points: Array2<f64>,
    /// By the source masses. Totals must stay equal, so only differences of these numbers mean something.
    pub source_masses: Vec<f64>,
    /// By the target masses, likewise.
    pub target_masses: Vec<f64>,
}

/// The gradient of the optimal cost ⟨C, P⟩ at an optimal plan with its potentials: Σ_j P_ij ∂c(xᵢ, yⱼ)/∂xᵢ by points, and f by
/// masses (the envelope theorem; Peyré & Cuturi, *Computational Optimal Transport*, 2019, §9.1).
///
/// Where several plans are optimal the cost has a kink, and this is one of its subgradients; so is 0 for the distance of two
/// points that coincide. O(flows · d) time.
///
/// # Errors
/// When the problem has no points or its cost is not a power of a p-norm.
///
/// ```
/// use earthwork::prelude::*;
/// use earthwork::transport::gradient;
///
/// let (x, y) = (Samples::new([[0.0, 0.0]])?, Samples::new([[3.0, 4.0]])?);
/// let problem = Problem::between(&x, &y, SquaredEuclidean)?;
/// let solution = solve(&problem)?;
/// let gradient = gradient(&problem, &solution.plan, &solution.potentials)?;
/// assert_eq!(gradient.source_points.row(0).to_vec(), [-6.0, -8.0]);
/// # Ok::<(), Error>(())
/// ```
pub fn gradient(problem: &Problem, plan: &Plan, potentials: &Potentials) -> Result<Gradient> {
    let points = differentiable(problem)?;
    let (x, y) = (points.source(), points.target());
    let mut source_points = Array2::zeros((x.len(), x.dim()));
    let mut target_points = Array2::zeros((y.len(), y.dim()));
    let mut slope = vec![0.0; x.dim()];
    for flow in plan.flows() {
        slope_at(points.ground().form(), x.point(flow.source), y.point(flow.target), &mut slope);
        for (k, slope) in slope.iter().enumerate() {
            source_points[[flow.source, k]] += flow.mass * slope;
            target_points[[flow.target, k]] -= flow.mass * slope;
        }
    }
    let (source_masses, target_masses) = (potentials.f.clone(), potentials.g.clone());
    Ok(Gradient { source_points, target_points, source_masses, target_masses })
}

/// The points of a problem whose cost has a gradient here.
pub(crate) fn differentiable<'p>(problem: &'p Problem) -> Result<&'p PointCost> {
    let why = "gradients by points need points and a power of a p-norm as the cost";
    problem
        .points()
        .filter(|points| matches!(points.ground().form(), Form::Norm { .. }))
        .ok_or_else(|| Error::new("problem", ErrorKind::Unsupported(why.into())))
}

/// ∂‖x − y‖ₚ^power / ∂x; 0 where x = y.
pub(crate) fn slope_at(form: Form, x: &[f64], y: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    let Form::Norm { p, power } = form else { return };
    let gaps = x.iter().zip(y).map(|(x, y)| x - y);
    if p == 2.0 && power == 2.0 {
        out.iter_mut().zip(gaps).for_each(|(out, gap)| *out = 2.0 * gap);
        return;
    }
    let largest = gaps.clone().fold(0.0_f64, |m, gap| m.max(gap.abs()));
    if largest == 0.0 {
        return;
    }
    // With d = gap / largest: ‖gap‖ = largest ‖d‖, and ∂‖gap‖ₚ/∂gapₖ = sign(dₖ) (|dₖ| / ‖d‖)^(p − 1).
    let norm = if p == f64::INFINITY {
        1.0
    } else {
        gaps.clone().map(|gap| (gap.abs() / largest).powf(p)).sum::<f64>().powf(1.0 / p)
    };
    let outer = power * (largest * norm).powf(power - 1.0);
    for (out, gap) in out.iter_mut().zip(gaps) {
        let d = gap.abs() / largest;
        let inner = match p {
            f64::INFINITY => f64::from(u8::from(d == 1.0)),
            1.0 => f64::from(u8::from(d > 0.0)),
            _ => (d / norm).powf(p - 1.0),
        };
        *out = outer * inner * gap.signum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{GroundCost, PNorm};

    #[test]
    fn slopes_agree_with_differences() {
        let (x, y) = ([0.3, -1.2, 2.0], [1.0, 0.5, -0.25]);
        for p in [1.0, 1.5, 2.0, 3.0, f64::INFINITY] {
            for power in [1.0, 1.5, 2.0, 3.0] {
                let cost = PNorm::new(p).unwrap().power(power).unwrap();
                let mut slope = [0.0; 3];
                slope_at(cost.form(), &x, &y, &mut slope);
                for k in 0..3 {
                    let at = |step: f64| {
                        let mut moved = x;
                        moved[k] += step;
                        cost.between(&moved, &y)
                    };
                    let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
                    assert!(
                        (slope[k] - difference).abs() < 1e-7 * (1.0 + difference.abs()),
                        "p = {p}, power = {power}"
                    );
                }
            }
        }
    }
}
