//! Two marginals and a cost, checked together once.

use std::fmt;
use std::sync::Arc;

use ndarray::{CowArray, Ix2};
use rayon::prelude::*;

use crate::cost::{CostMatrix, DenseCost, Form, GroundCost, Origin, PointCost, rows_per_tile};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::{Samples, Weights};

/// A balanced transport problem: masses a on n sources, masses b on m targets, and a cost for each pair.
///
/// ```
/// use earthwork::prelude::*;
/// use ndarray::array;
///
/// let x = Samples::new([[0.0], [1.0]])?;
/// let y = Samples::weighted([[0.5], [3.0]], [0.75, 0.25])?;
/// let from_points = Problem::between(&x, &y, SquaredEuclidean)?;
///
/// let costs = array![[0.25, 9.0], [0.25, 4.0]];
/// let from_matrix = Problem::with_matrix(x.weights().clone(), y.weights().clone(), &costs)?;
/// assert_eq!(solve(&from_points)?.transport_cost, solve(&from_matrix)?.transport_cost);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub struct Problem<'a> {
    source: Weights,
    target: Weights,
    cost: Box<dyn CostMatrix + 'a>,
    /// Whether some cost is infinite.
    forbids: bool,
}

impl Problem<'static> {
    /// Transport from `x` to `y` under a ground cost. No cost matrix is made.
    ///
    /// # Errors
    /// When the dimensions or the total masses differ (masses: by more than 1e-9 relative), the cost is not defined at
    /// a point or overflows, or a closure returns NaN or an infinity for some pair (all pairs are tried, O(n m)).
    pub fn between(x: &Samples, y: &Samples, ground: impl GroundCost + 'static) -> Result<Self> {
        Self::between_shared(x, y, Arc::new(ground))
    }

    /// Poses the problem between two samples under a ground cost that is chosen at run time.
    ///
    /// # Errors
    /// As [`Problem::between`].
    pub fn between_shared(x: &Samples, y: &Samples, ground: Arc<dyn GroundCost>) -> Result<Self> {
        let free_form = ground.form() == Form::Other;
        let cost = PointCost::shared(x.points(), y.points(), ground)?;
        if free_form {
            require(&cost, f64::is_finite)?;
        }
        Self::checked(x.weights().clone(), y.weights().clone(), Box::new(cost), false)
    }
}

impl<'a> Problem<'a> {
    /// Transport under a cost matrix of shape (n, m), owned (`Array2`) or borrowed (a reference or a view). An entry of +∞ means
    /// that no mass may go that way; exact solvers of a matrix take such problems, entropic ones refuse them.
    ///
    /// # Errors
    /// When the shape does not fit the weights, an entry is NaN or −∞, or the total masses differ.
    ///
    /// ```
    /// use earthwork::prelude::*;
    /// use ndarray::array;
    ///
    /// let half = Weights::uniform(2)?;
    /// let costs = array![[f64::INFINITY, 1.0], [2.0, f64::INFINITY]];
    /// assert_eq!(solve(&Problem::with_matrix(half.clone(), half.clone(), costs)?)?.transport_cost, 1.5);
    /// let costs = array![[f64::INFINITY, 1.0], [f64::INFINITY, 1.0]];
    /// let refused = solve(&Problem::with_matrix(half.clone(), half, costs)?).unwrap_err();
    /// assert!(refused.to_string().starts_with("cost: column 0 cannot be served"));
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn with_matrix(source: Weights, target: Weights, matrix: impl Into<CowArray<'a, f64, Ix2>>) -> Result<Self> {
        let cost = DenseCost::new(matrix)?;
        let forbids = cost.view().iter().any(|c| c.is_infinite());
        Self::checked(source, target, Box::new(cost), forbids)
    }

    /// Transport under any cost. An entry of +∞ means that no mass may go that way, as in [`Problem::with_matrix`].
    ///
    /// # Errors
    /// When the shape does not fit the weights, an entry is NaN or −∞ (all pairs are tried, O(n m)), or the total
    /// masses differ.
    pub fn with_cost(source: Weights, target: Weights, cost: impl CostMatrix + 'a) -> Result<Self> {
        require(&cost, crate::cost::may_be_cost)?;
        let forbids = require(&cost, f64::is_finite).is_err();
        Self::checked(source, target, Box::new(cost), forbids)
    }

    fn checked(source: Weights, target: Weights, cost: Box<dyn CostMatrix + 'a>, forbids: bool) -> Result<Self> {
        let (n, m) = cost.shape();
        let sides = [
            ("source weights", &source, n, "the cost has that many rows"),
            ("target weights", &target, m, "the cost has that many columns"),
        ];
        for (argument, weights, expected, reason) in sides {
            if weights.len() != expected {
                let kind = ErrorKind::Length { what: "weights", expected, found: weights.len(), reason };
                return Err(Error::new(argument, kind));
            }
        }
        source.require_equal_total(&target)?;
        Ok(Self { source, target, cost, forbids })
    }

    /// This problem, with its own costs in memory: all of them, row by row, and none infinite.
    pub(crate) fn in_memory<'c>(&self, costs: &'c [f64]) -> Problem<'c> {
        let cost = Box::new(DenseCost::known(self.shape(), costs));
        Problem { source: self.source.clone(), target: self.target.clone(), cost, forbids: false }
    }

    /// (n, m).
    pub fn shape(&self) -> (usize, usize) {
        self.cost.shape()
    }

    /// The masses of the n sources.
    pub fn source(&self) -> &Weights {
        &self.source
    }

    /// The masses of the m targets.
    pub fn target(&self) -> &Weights {
        &self.target
    }

    /// What the target masses are multiplied by so that the totals agree to the last digit: within 1e-9 of 1.
    pub fn target_scale(&self) -> f64 {
        if self.target.total() == self.source.total() { 1.0 } else { self.source.total() / self.target.total() }
    }

    /// Total mass moved.
    pub fn mass(&self) -> f64 {
        self.source.total()
    }

    /// The costs.
    pub fn cost(&self) -> &dyn CostMatrix {
        &*self.cost
    }

    /// Whether some pairs are none: an entry of the cost is infinite.
    pub fn has_forbidden_pairs(&self) -> bool {
        self.forbids
    }

    /// Refuses a problem with an infinite cost.
    pub(crate) fn require_finite_costs(&self) -> Result<()> {
        if self.forbids { require(self.cost(), f64::is_finite) } else { Ok(()) }
    }

    /// The points behind the cost, when there are some.
    pub fn points(&self) -> Option<&PointCost> {
        match self.cost.origin() {
            Origin::Points(points) => Some(points),
            _ => None,
        }
    }

    /// Whether both marginals are uniform and n = m: some optimal plan is then a permutation.
    pub fn is_assignment(&self) -> bool {
        let (n, m) = self.shape();
        n == m && self.source.is_uniform() && self.target.is_uniform()
    }

    /// Whether all points lie on a line and the cost is |x − y|^power with power ≥ 1, so that sorting solves it.
    pub fn is_line(&self) -> bool {
        self.points().is_some_and(|points| {
            let convex = matches!(points.ground().form(), Form::Norm { power, .. } if power >= 1.0);
            points.source().dim() == 1 && convex
        })
    }
}

impl fmt::Debug for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, m) = self.shape();
        write!(f, "Problem({n} sources, {m} targets, mass {})", self.mass())
    }
}

/// Refuses a cost with an entry that `may_be` refuses.
fn require(cost: &dyn CostMatrix, may_be: fn(f64) -> bool) -> Result<()> {
    let (n, m) = cost.shape();
    let step = rows_per_tile(m);
    let found = (0..n.div_ceil(step)).into_par_iter().find_map_first(|block| {
        let rows = block * step..((block + 1) * step).min(n);
        let mut tile = vec![0.0; rows.len() * m];
        cost.fill(rows.clone(), 0..m, &mut tile);
        let at = tile.iter().position(|c| !may_be(*c))?;
        Some(ErrorKind::Cost { row: rows.start + at / m, column: at % m, value: tile[at] })
    });
    found.map_or(Ok(()), |kind| Err(Error::new("cost", kind)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{CostFn, Euclidean, SquaredEuclidean};
    use ndarray::array;

    #[test]
    fn unequal_masses_are_refused_with_both_totals() {
        let x = Samples::weighted([[0.0]], [1.0]).unwrap();
        let y = Samples::weighted([[0.0]], [1.5]).unwrap();
        let message = Problem::between(&x, &y, Euclidean).unwrap_err().to_string();
        assert!(message.contains("the source holds 1, the target 1.5"), "{message}");
        assert!(message.contains("normalised()"), "{message}");
        let nearly = Samples::weighted([[0.0]], [1.0 + 1e-10]).unwrap();
        assert!(Problem::between(&x, &nearly, Euclidean).is_ok());
        assert!(Problem::between(&x.normalised(), &y.normalised(), Euclidean).is_ok());
    }

    #[test]
    fn shapes_are_checked() {
        let weights = |n| Weights::uniform(n).unwrap();
        let message = Problem::with_matrix(weights(2), weights(2), array![[1.0, 2.0, 3.0]]).unwrap_err().to_string();
        assert_eq!(message, "source weights: it has 2 weights, but 1 are needed (the cost has that many rows)");
    }

    #[test]
    fn a_closure_that_returns_nan_is_refused() {
        let x = Samples::new([[0.0], [1.0]]).unwrap();
        let bad = CostFn::new("bad", |x: &[f64], y: &[f64]| if x[0] > y[0] { f64::NAN } else { 1.0 });
        let message = Problem::between(&x, &x, bad).unwrap_err().to_string();
        assert_eq!(message, "cost: the cost in row 1, column 0 is NaN; every cost must be a number");
    }

    #[test]
    fn a_problem_knows_its_kind() {
        let line = Samples::new([[0.0], [1.0]]).unwrap();
        let plane = Samples::weighted([[0.0, 0.0], [1.0, 0.0]], [0.25, 0.75]).unwrap();
        let between = |s: &Samples| Problem::between(s, s, SquaredEuclidean).unwrap();
        assert!(between(&line).is_line() && between(&line).is_assignment());
        assert!(!between(&plane).is_line() && !between(&plane).is_assignment());
    }
}
