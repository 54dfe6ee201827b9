//! How much of W₂² each column carries.

use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::measure::Samples;
use crate::numeric::Sum;
use crate::transport::{Plan, Root};

/// One column's part of a squared Euclidean transport cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnShare {
    /// `Σ P_ij (x_ik − y_jk)²` for this column k; infinite where that is more than a 64-bit number holds.
    pub cost: f64,
    /// That, as a part of the sum over all columns (0 where the sum is 0).
    pub share: f64,
    /// The part of the column's cost that the difference of the two means alone explains: `mass · (x̄ₖ − ȳₖ)² / cost`,
    /// between 0 and 1. What is left is a change of shape.
    pub shift: f64,
    /// The column's mean in the source.
    pub source_mean: f64,
    /// The column's mean in the target.
    pub target_mean: f64,
}

/// Splits the squared Euclidean cost of `plan` over the columns:
/// `Σ P_ij |x_i − y_j|² = Σₖ Σ P_ij (x_ik − y_jk)²`.
///
/// Exact: the parts add up to the whole, for any plan. The sums are compensated. O(d) for each entry of the plan.
///
/// # Errors
/// When the plan does not have the shape of the two samples, or their dimensions differ.
///
/// ```
/// use earthwork::prelude::*;
/// use earthwork::compare::cost_by_column;
///
/// let x = Samples::new([[0.0, 0.0]])?;
/// let y = Samples::new([[3.0, 1.0]])?;
/// let solution = solve(&Problem::between(&x, &y, SquaredEuclidean)?)?;
/// let columns = cost_by_column(&x, &y, &solution.plan)?;
/// assert_eq!((columns[0].share, columns[1].share), (0.9, 0.1));
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn cost_by_column(x: &Samples, y: &Samples, plan: &Plan) -> Result<Vec<ColumnShare>> {
    check_shapes(x, y, plan)?;
    // Shares have no unit, whatever the squares of the points as given would come to.
    let root = Root::for_samples(2.0, x, y);
    let mut sums = vec![Sum::default(); x.dim()];
    for flow in plan.flows() {
        for (sum, (x, y)) in sums.iter_mut().zip(x.point(flow.source).iter().zip(y.point(flow.target))) {
            let gap = (x - y) / root.unit();
            sum.add_product(flow.mass * gap, gap);
        }
    }
    let costs: Vec<f64> = sums.into_iter().map(Sum::value).collect();
    let total: f64 = costs.iter().copied().collect::<Sum>().value();
    let part = |cost: f64, of: f64| if of > 0.0 { cost / of } else { 0.0 };
    let mass = x.total();
    let columns =
        costs.into_iter().zip(x.mean().into_iter().zip(y.mean())).map(|(cost, (source_mean, target_mean))| {
            let shift = part(mass * ((source_mean - target_mean) / root.unit()).powi(2), cost).min(1.0);
            let given = cost * root.unit() * root.unit();
            ColumnShare { cost: given, share: part(cost, total), shift, source_mean, target_mean }
        });
    Ok(columns.collect())
}

/// Refuses a plan that does not belong to the samples.
pub(super) fn check_shapes(x: &Samples, y: &Samples, plan: &Plan) -> Result<()> {
    require_dimension("target", y.dim(), x.dim())?;
    let (n, m) = plan.shape();
    for (what, expected, found) in [("rows", x.len(), n), ("columns", y.len(), m)] {
        if expected != found {
            let reason = "one for each point";
            return Err(Error::new("plan", ErrorKind::Length { what, expected, found, reason }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Flow;

    fn diagonal(n: usize) -> Plan {
        let flows = (0..n).map(|i| Flow { source: i, target: i, mass: 1.0 / n as f64 }).collect();
        Plan::new((n, n), flows).unwrap()
    }

    #[test]
    fn a_translation_is_all_shift() {
        let x = Samples::new([[0.0, 5.0], [1.0, 7.0], [4.0, 6.0]]).unwrap();
        let y = Samples::new([[2.0, 5.0], [3.0, 7.0], [6.0, 6.0]]).unwrap();
        let columns = cost_by_column(&x, &y, &diagonal(3)).unwrap();
        assert!((columns[0].share - 1.0).abs() < 1e-15 && (columns[0].shift - 1.0).abs() < 1e-15);
        assert_eq!((columns[1].cost, columns[1].share, columns[1].shift), (0.0, 0.0, 0.0));
    }

    #[test]
    fn a_stretch_about_the_mean_is_all_shape() {
        let x = Samples::new([[-1.0], [1.0]]).unwrap();
        let y = Samples::new([[-3.0], [3.0]]).unwrap();
        let columns = cost_by_column(&x, &y, &diagonal(2)).unwrap();
        assert_eq!((columns[0].cost, columns[0].shift), (4.0, 0.0));
    }

    #[test]
    fn equal_samples_have_no_shares() {
        let x = Samples::new([[1.0], [2.0]]).unwrap();
        assert_eq!(cost_by_column(&x, &x, &diagonal(2)).unwrap()[0].share, 0.0);
    }

    #[test]
    fn a_plan_of_another_shape_is_refused() {
        let x = Samples::new([[1.0], [2.0]]).unwrap();
        let message = cost_by_column(&x, &x, &diagonal(3)).unwrap_err().to_string();
        assert_eq!(message, "plan: it has 3 rows, but 2 are needed (one for each point)");
    }
}
