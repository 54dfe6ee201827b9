//! How strong the regularisation is.

use crate::cost::{Form, rows_per_tile};
use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Points, Weights};
use crate::numeric::Sum;
use crate::numeric::parallel;
use crate::transport::Problem;

/// The strength ε of the entropic term, in units of the cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Epsilon {
    /// ε itself.
    Absolute(f64),
    /// A multiple of the mean cost Σ a_i b_j c_ij / M²: the cost of the independent plan, per unit of mass.
    Relative(f64),
}

impl Epsilon {
    /// ε for `problem`, in units of its cost.
    ///
    /// # Errors
    /// When the number is not positive and finite, or the mean cost that it multiplies is not positive.
    pub fn of(self, problem: &Problem) -> Result<f64> {
        let (Self::Absolute(value) | Self::Relative(value)) = self;
        require("epsilon", value, value > 0.0 && value.is_finite(), "the regularisation must be positive and finite")?;
        match self {
            Self::Absolute(epsilon) => Ok(epsilon),
            Self::Relative(factor) => {
                let mean = mean_cost(problem);
                // All points in one place: any ε is as good, and every plan is optimal.
                let unit = if mean == 0.0 { 1.0 } else { mean };
                let epsilon = factor * unit;
                if mean < 0.0 || !(epsilon > 0.0 && epsilon.is_finite()) {
                    let why = format!("the mean cost is {mean}, so a relative ε means nothing; give an absolute one");
                    return Err(Error::new("epsilon", ErrorKind::Unsupported(why.into())));
                }
                Ok(epsilon)
            }
        }
    }
}

/// Σ a_i b_j c_ij / M²: O(n + m) for the squared Euclidean cost, else a pass over all pairs.
pub fn mean_cost(problem: &Problem) -> f64 {
    let (a, b) = (problem.source(), problem.target());
    if let Some(points) = problem.points()
        && points.ground().form() == (Form::Norm { p: 2.0, power: 2.0 })
    {
        return mean_square(points.source(), points.target(), a, b);
    }
    let (n, m) = problem.shape();
    let (step, total_b) = (rows_per_tile(m), b.total());
    let blocks = parallel::map(n.div_ceil(step), |block| {
        let rows = block * step..((block + 1) * step).min(n);
        let mut tile = vec![0.0; rows.len() * m];
        problem.cost().fill(rows.clone(), 0..m, &mut tile);
        let mut total = Sum::default();
        for (i, row) in rows.zip(tile.chunks_exact(m)) {
            let mean: f64 = row.iter().zip(b.as_slice()).map(|(c, b)| c * (b / total_b)).sum();
            total.add_product(a.as_slice()[i] / a.total(), mean);
        }
        total
    });
    let mut total = Sum::default();
    blocks.into_iter().for_each(|part| total.merge(part));
    total.value()
}

/// The mean of |x − y|²: the two variances and the square of the distance between the means.
fn mean_square(x: &Points, y: &Points, a: &Weights, b: &Weights) -> f64 {
    let origin = x.point(0);
    // Point by point: the coordinates of one lie together.
    let moments = |points: &Points, weights: &Weights| -> Vec<(f64, f64)> {
        let share = |i: usize| weights.as_slice()[i] / weights.total();
        let (mut means, mut spreads) = (vec![Sum::default(); points.dim()], vec![Sum::default(); points.dim()]);
        for (i, p) in points.iter().enumerate() {
            let share = share(i);
            means.iter_mut().zip(p).zip(origin).for_each(|((mean, p), o)| mean.add(share * (p - o)));
        }
        let means: Vec<f64> = means.iter().map(|mean| mean.value()).collect();
        for (i, p) in points.iter().enumerate() {
            let share = share(i);
            for (k, spread) in spreads.iter_mut().enumerate() {
                spread.add(share * (p[k] - origin[k] - means[k]).powi(2));
            }
        }
        means.into_iter().zip(spreads.iter().map(|spread| spread.value())).collect()
    };
    moments(x, a).into_iter().zip(moments(y, b)).map(|((p, u), (q, v))| u + v + (p - q).powi(2)).sum()
}
