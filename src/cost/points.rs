//! A cost recomputed from points: O((n + m) d) memory for n · m costs.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::cost::ground::{norm_power, raise, scale_to_unit};
use crate::cost::{CostMatrix, Form, GroundCost, Origin};
use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::measure::Points;
use crate::simd;

/// Costs below this lose digits: it is where sums of them meet the subnormal numbers.
pub(crate) const LEAST: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// A ground cost between n source points and m target points.
#[derive(Clone)]
pub struct PointCost {
    ground: Arc<dyn GroundCost>,
    source: Points,
    target: Points,
    /// The points that the tile loop reads (unit vectors for the cosine), the target ones coordinate by coordinate once they are
    /// asked for.
    rows: Points,
    read: Points,
    columns: Arc<OnceLock<Arc<[f64]>>>,
}

impl PointCost {
    /// The costs between two point clouds of one dimension.
    ///
    /// # Errors
    /// When the dimensions differ, the cost is not defined at a point, or costs overflow.
    pub fn new(source: &Points, target: &Points, ground: impl GroundCost + 'static) -> Result<Self> {
        Self::shared(source, target, Arc::new(ground))
    }

    /// Poses the problem between two samples under a ground cost that is chosen at run time.
    ///
    /// # Errors
    /// As [`PointCost::new`].
    pub fn shared(source: &Points, target: &Points, ground: Arc<dyn GroundCost>) -> Result<Self> {
        require_dimension("target points", target.dim(), source.dim())?;
        ground.check(source).map_err(|e| e.about("source points"))?;
        ground.check(target).map_err(|e| e.about("target points"))?;
        let (rows, read) = match ground.form() {
            Form::Cosine => (unit_vectors(source), unit_vectors(target)),
            _ => (source.clone(), target.clone()),
        };
        let cost = Self { ground, source: source.clone(), target: target.clone(), rows, read, columns: Arc::default() };
        cost.check_range()?;
        Ok(cost)
    }

    /// The source points.
    pub fn source(&self) -> &Points {
        &self.source
    }

    /// The target points.
    pub fn target(&self) -> &Points {
        &self.target
    }

    /// The ground cost.
    pub fn ground(&self) -> &dyn GroundCost {
        &*self.ground
    }

    /// The ground cost, to be shared with another cost matrix.
    pub fn shared_ground(&self) -> Arc<dyn GroundCost> {
        Arc::clone(&self.ground)
    }

    /// Refuses points so far apart that their cost overflows, or so close together that it underflows: the corners of the
    /// two boxes tell.
    fn check_range(&self) -> Result<()> {
        let Form::Norm { p, .. } = self.ground.form() else { return Ok(()) };
        let reach: Vec<f64> = longest_gaps(&self.source, &self.target).collect();
        let origin = vec![0.0; reach.len()];
        let farthest = self.ground.between(&reach, &origin);
        // The Euclidean norm goes through its square.
        let inner = if p == 2.0 { norm_power(&reach, &origin, 2.0, 2.0) } else { farthest };
        let why = if farthest.is_infinite() {
            "so far apart that the {} cost overflows; scale them down"
        } else if farthest.min(inner) < LEAST && reach.iter().any(|&gap| gap > 0.0) {
            "so close together that the {} cost underflows; scale them up"
        } else {
            return Ok(());
        };
        let why = format!("the points are {}", why.replace("{}", &self.ground.name()));
        Err(Error::new("points", ErrorKind::Unsupported(why.into())))
    }
}

impl CostMatrix for PointCost {
    fn shape(&self) -> (usize, usize) {
        (self.source.len(), self.target.len())
    }

    fn fill(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f64]) {
        let width = columns.len();
        let form = self.ground.form();
        let (p, power) = match form {
            Form::Norm { p, power } => (p, power),
            Form::Cosine => (2.0, 2.0),
            Form::Other => {
                for (i, row) in rows.zip(out.chunks_exact_mut(width)) {
                    for (j, c) in columns.clone().zip(row) {
                        *c = self.ground.between(self.source.point(i), self.target.point(j));
                    }
                }
                return;
            }
        };
        let dim = self.rows.dim();
        let targets = self.columns.get_or_init(|| self.read.columns());
        let x = &self.rows.as_slice()[rows.start * dim..rows.end * dim];
        for (x, out) in x.chunks(simd::ROWS * dim).zip(out.chunks_mut(simd::ROWS * width)) {
            if p == 2.0 && x.len() == simd::ROWS * dim {
                simd::square_rows(x, targets, columns.start, out);
            } else {
                for (x, out) in x.chunks_exact(dim).zip(out.chunks_exact_mut(width)) {
                    simd::norm_row(x, targets, columns.start, p, out);
                }
            }
        }
        finish(p, power, out);
        if form == Form::Cosine {
            out.iter_mut().for_each(|c| *c *= 0.5);
        }
    }

    fn entry(&self, row: usize, column: usize) -> f64 {
        let mut cost = [0.0];
        if let Form::Norm { p: 2.0, power } = self.ground.form() {
            cost[0] = simd::square(self.source.point(row), self.target.point(column));
            finish(2.0, power, &mut cost);
        } else {
            self.fill(row..row + 1, column..column + 1, &mut cost);
        }
        cost[0]
    }

    fn origin(&self) -> Origin<'_> {
        Origin::Points(self)
    }
}

impl fmt::Debug for PointCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, m) = self.shape();
        write!(f, "PointCost({} between {n} and {m} points, d = {})", self.ground.name(), self.source.dim())
    }
}

/// Turns what [`simd::norm_row`] leaves (the squared norm for p = 2, else the norm) into the norm to the power.
fn finish(p: f64, power: f64, costs: &mut [f64]) {
    match (p == 2.0, power) {
        (true, 2.0) | (false, 1.0) => {}
        (true, 1.0) => costs.iter_mut().for_each(|c| *c = c.sqrt()),
        (true, _) => costs.iter_mut().for_each(|c| *c = raise(c.sqrt(), power)),
        (false, _) => costs.iter_mut().for_each(|c| *c = raise(*c, power)),
    }
}

fn unit_vectors(points: &Points) -> Points {
    let mut coordinates = points.as_slice().to_vec();
    coordinates.chunks_exact_mut(points.dim()).for_each(scale_to_unit);
    Points::from_rows(coordinates, points.dim()).expect("unit vectors of finite points are finite")
}

/// The unit in which lengths of at most `longest` are measured: 1, unless the longest to the power p leaves the range where costs
/// keep all digits. Then it is a power of two, so that the points are scaled without rounding, that puts the largest cost at the
/// upper end of that range and leaves the room below to the small ones.
pub(crate) fn unit_of_length(longest: f64, p: f64) -> f64 {
    // Costs between 2^−400 and 2^400 leave as many powers of two again for the smaller ones, and for masses.
    const COMFORTABLE: f64 = 400.0;
    let bits = longest.log2();
    if longest > 0.0 && longest.is_finite() && (bits * p).abs() > COMFORTABLE {
        // No smaller than the least power of two that has all digits.
        (bits - COMFORTABLE / p).ceil().max(f64::from(f64::MIN_EXP - 1)).exp2()
    } else {
        1.0
    }
}

/// The longest gap between a source and a target along each coordinate.
pub(crate) fn longest_gaps(source: &Points, target: &Points) -> impl Iterator<Item = f64> {
    source.ranges().into_iter().zip(target.ranges()).map(|((a, b), (c, d))| (b - c).max(d - a).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Cosine, CostFn, Euclidean, PNorm, SquaredEuclidean};
    use crate::measure::Gaussian;

    fn assert_tiles_match_entries(ground: impl GroundCost + 'static, dim: usize) {
        let cloud = |n, seed| Gaussian::standard(dim).unwrap().sample(n, seed).unwrap().points().clone();
        let cost = PointCost::new(&cloud(7, 1), &cloud(37, 2), ground).unwrap();
        let mut tile = vec![0.0; 3 * 30];
        cost.fill(2..5, 5..35, &mut tile);
        for (at, &c) in tile.iter().enumerate() {
            let (i, j) = (2 + at / 30, 5 + at % 30);
            let exact = cost.ground().between(cost.source().point(i), cost.target().point(j));
            assert!((c - exact).abs() <= 1e-14 * exact, "{cost:?} at ({i}, {j}): {c} is not {exact}");
        }
    }

    #[test]
    fn tiles_agree_with_the_ground_cost() {
        for dim in [1, 2, 3, 10, 17] {
            assert_tiles_match_entries(SquaredEuclidean, dim);
            assert_tiles_match_entries(Euclidean, dim);
            assert_tiles_match_entries(PNorm::cityblock(), dim);
            assert_tiles_match_entries(PNorm::chebyshev().power(2.0).unwrap(), dim);
            assert_tiles_match_entries(PNorm::new(3.5).unwrap(), dim);
            assert_tiles_match_entries(PNorm::wasserstein(1.5).unwrap(), dim);
            assert_tiles_match_entries(Cosine, dim);
            assert_tiles_match_entries(CostFn::new("first", |x: &[f64], y: &[f64]| (x[0] - y[0]).abs()), dim);
        }
    }

    #[test]
    fn far_points_keep_their_digits() {
        let far = Points::from_rows(vec![1e8, 1e8], 2).unwrap();
        let near = Points::from_rows(vec![1e8 + 0.25, 1e8 - 0.5], 2).unwrap();
        assert_eq!(PointCost::new(&far, &near, SquaredEuclidean).unwrap().entry(0, 0), 0.3125);
    }

    #[test]
    fn overflow_underflow_and_unequal_dimensions_are_refused() {
        let point = |x: f64| Points::from_rows(vec![x], 1).unwrap();
        let error = PointCost::new(&point(1e200), &point(-1e200), SquaredEuclidean).unwrap_err();
        assert!(error.to_string().contains("the sqeuclidean cost overflows"), "{error}");
        assert!(PointCost::new(&point(1e200), &point(-1e200), Euclidean).is_err());
        let error = PointCost::new(&point(1e-160), &point(-1e-160), Euclidean).unwrap_err();
        assert!(error.to_string().contains("the euclidean cost underflows"), "{error}");
        assert!(PointCost::new(&point(1e-160), &point(1e-160), Euclidean).is_ok());
        let plane = Points::from_rows(vec![0.0, 0.0], 2).unwrap();
        assert!(PointCost::new(&point(0.0), &plane, Euclidean).unwrap_err().to_string().contains("dimension 2"));
    }
}
