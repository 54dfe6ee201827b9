//! Ground costs: two points to a number.

use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::Points;

/// A cost between two points of one dimension.
pub trait GroundCost: Send + Sync {
    /// c(x, y).
    fn between(&self, x: &[f64], y: &[f64]) -> f64;

    /// A short name for reports.
    fn name(&self) -> String;

    /// The family it belongs to, which lets a solver choose a faster path.
    fn form(&self) -> Form {
        Form::Other
    }

    /// Refuses points at which the cost has no value.
    ///
    /// # Errors
    /// When there is such a point.
    fn check(&self, _points: &Points) -> Result<()> {
        Ok(())
    }
}

/// A ground cost that is chosen at run time.
impl GroundCost for std::sync::Arc<dyn GroundCost> {
    fn between(&self, x: &[f64], y: &[f64]) -> f64 {
        (**self).between(x, y)
    }
    fn name(&self) -> String {
        (**self).name()
    }
    fn form(&self) -> Form {
        (**self).form()
    }
    fn check(&self, points: &Points) -> Result<()> {
        (**self).check(points)
    }
}

/// The family of a ground cost.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Form {
    /// ‖x − y‖ₚ^power.
    Norm {
        /// The norm: 1 ≤ p ≤ ∞.
        p: f64,
        /// Its power: > 0.
        power: f64,
    },
    /// 1 − cos of the angle between x and y.
    Cosine,
    /// Anything else.
    Other,
}

impl Form {
    /// The order p of the Wasserstein distance that the p-th root of the transport cost is: the power of a norm, and 1 for powers
    /// below 1, which are distances themselves. None where no root is known to be a distance.
    ///
    /// ```
    /// let order = |name: &str| earthwork::cost::by_name(name).map(|ground| ground.form().order());
    /// assert_eq!(order("sqeuclidean")?, Some(2.0));
    /// assert_eq!(order("euclidean^0.5")?, Some(1.0));
    /// assert_eq!(order("cosine")?, None);
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn order(self) -> Option<f64> {
        match self {
            Self::Norm { power, .. } => Some(power.max(1.0)),
            Self::Cosine | Self::Other => None,
        }
    }
}

/// Σ (xₖ − yₖ)², by differences: points far from the origin keep their digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SquaredEuclidean;

impl GroundCost for SquaredEuclidean {
    fn between(&self, x: &[f64], y: &[f64]) -> f64 {
        norm_power(x, y, 2.0, 2.0)
    }
    fn name(&self) -> String {
        "sqeuclidean".into()
    }
    fn form(&self) -> Form {
        Form::Norm { p: 2.0, power: 2.0 }
    }
}

/// (Σ (xₖ − yₖ)²)^½.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Euclidean;

impl GroundCost for Euclidean {
    fn between(&self, x: &[f64], y: &[f64]) -> f64 {
        norm_power(x, y, 2.0, 1.0)
    }
    fn name(&self) -> String {
        "euclidean".into()
    }
    fn form(&self) -> Form {
        Form::Norm { p: 2.0, power: 1.0 }
    }
}

/// ‖x − y‖ₚ^q: any p-norm with 1 ≤ p ≤ ∞, and any power q > 0 of it.
///
/// ```
/// use earthwork::cost::{GroundCost, PNorm};
///
/// let (x, y) = ([0.0, 0.0], [3.0, 4.0]);
/// assert_eq!(PNorm::cityblock().between(&x, &y), 7.0);
/// assert_eq!(PNorm::chebyshev().between(&x, &y), 4.0);
/// assert_eq!(PNorm::new(2.0)?.power(3.0)?.between(&x, &y), 125.0);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PNorm {
    p: f64,
    power: f64,
}

impl PNorm {
    /// ‖x − y‖ₚ.
    ///
    /// # Errors
    /// When p is below 1 or NaN. `f64::INFINITY` is the maximum norm.
    pub fn new(p: f64) -> Result<Self> {
        require("p", p, p >= 1.0, "a norm needs p between 1 and infinity")?;
        Ok(Self { p, power: 1.0 })
    }

    /// Σ |xₖ − yₖ|.
    pub fn cityblock() -> Self {
        Self { p: 1.0, power: 1.0 }
    }

    /// max |xₖ − yₖ|.
    pub fn chebyshev() -> Self {
        Self { p: f64::INFINITY, power: 1.0 }
    }

    /// The Euclidean distance to the power q: the cost of the Wasserstein distance of order q.
    ///
    /// # Errors
    /// When q is not positive and finite.
    pub fn wasserstein(q: f64) -> Result<Self> {
        Self { p: 2.0, power: 1.0 }.power(q)
    }

    /// The norm to the power q.
    ///
    /// # Errors
    /// When q is not positive and finite.
    pub fn power(self, q: f64) -> Result<Self> {
        require("power", q, q > 0.0 && q.is_finite(), "the power of a norm must be positive and finite")?;
        Ok(Self { power: q, ..self })
    }
}

impl GroundCost for PNorm {
    fn between(&self, x: &[f64], y: &[f64]) -> f64 {
        norm_power(x, y, self.p, self.power)
    }
    fn name(&self) -> String {
        let norm = match self.p {
            1.0 => "cityblock".to_string(),
            2.0 if self.power == 2.0 => return "sqeuclidean".into(),
            2.0 => "euclidean".to_string(),
            f64::INFINITY => "chebyshev".to_string(),
            p => format!("minkowski:{p}"),
        };
        if self.power == 1.0 { norm } else { format!("{norm}^{}", self.power) }
    }
    fn form(&self) -> Form {
        Form::Norm { p: self.p, power: self.power }
    }
}

/// 1 − ⟨x, y⟩ / (‖x‖ ‖y‖), in [0, 2]; computed as half the squared distance of the unit vectors, so that nearly
/// parallel points keep their digits. Not defined at the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cosine;

impl GroundCost for Cosine {
    fn between(&self, x: &[f64], y: &[f64]) -> f64 {
        let (mut x, mut y) = (x.to_vec(), y.to_vec());
        scale_to_unit(&mut x);
        scale_to_unit(&mut y);
        0.5 * norm_power(&x, &y, 2.0, 2.0)
    }
    fn name(&self) -> String {
        "cosine".into()
    }
    fn form(&self) -> Form {
        Form::Cosine
    }
    fn check(&self, points: &Points) -> Result<()> {
        match points.iter().position(|x| x.iter().all(|&v| v == 0.0)) {
            None => Ok(()),
            Some(point) => {
                let reason = "is the origin, where the cosine is not defined";
                Err(Error::new("points", ErrorKind::Undefined { point, reason }))
            }
        }
    }
}

/// A cost given by a closure.
///
/// ```
/// use earthwork::prelude::*;
///
/// let on_a_torus = CostFn::new("torus", |x, y| {
///     x.iter().zip(y).map(|(x, y)| { let d = (x - y).abs(); d.min(1.0 - d).powi(2) }).sum()
/// });
/// let problem = Problem::between(&Samples::new([[0.05]])?, &Samples::new([[0.95]])?, on_a_torus)?;
/// assert!((solve(&problem)?.transport_cost - 0.01).abs() < 1e-15);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Clone)]
pub struct CostFn<F> {
    name: String,
    cost: F,
}

impl<F: Fn(&[f64], &[f64]) -> f64 + Send + Sync> CostFn<F> {
    /// The cost `cost`, called `name` in reports.
    pub fn new(name: impl Into<String>, cost: F) -> Self {
        Self { name: name.into(), cost }
    }
}

impl<F: Fn(&[f64], &[f64]) -> f64 + Send + Sync> GroundCost for CostFn<F> {
    fn between(&self, x: &[f64], y: &[f64]) -> f64 {
        (self.cost)(x, y)
    }
    fn name(&self) -> String {
        self.name.clone()
    }
}

/// ‖x − y‖ₚ^power, without overflow inside for any p.
pub(crate) fn norm_power(x: &[f64], y: &[f64], p: f64, power: f64) -> f64 {
    let gaps = x.iter().zip(y).map(|(x, y)| (x - y).abs());
    if p == 2.0 {
        let square: f64 = gaps.map(|d| d * d).sum();
        return if power == 2.0 { square } else { raise(square.sqrt(), power) };
    }
    let norm = if p == 1.0 {
        gaps.sum()
    } else {
        let largest = gaps.clone().fold(0.0, f64::max);
        if p == f64::INFINITY || largest == 0.0 {
            largest
        } else {
            // Each ratio is at most 1 and one of them is 1, so nothing over- or underflows that matters.
            largest * gaps.map(|d| (d / largest).powf(p)).sum::<f64>().powf(1.0 / p)
        }
    };
    raise(norm, power)
}

/// base^power; whole small powers by multiplication.
#[inline]
pub(crate) fn raise(base: f64, power: f64) -> f64 {
    match power {
        1.0 => base,
        2.0 => base * base,
        3.0 => base * base * base,
        _ => base.powf(power),
    }
}

/// Divides a vector by its Euclidean length (which must not be 0), without over- or underflow inside.
pub(crate) fn scale_to_unit(x: &mut [f64]) {
    let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let length = x.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt();
    for v in x {
        *v = *v / largest / length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_norm_is_the_textbook_one() {
        let (x, y) = ([1.0, -2.0, 0.5], [0.0, 1.0, 0.5]);
        let near = |cost: &dyn GroundCost, value: f64| {
            let found = cost.between(&x, &y);
            assert!((found - value).abs() <= 1e-15 * value, "{}: {found} is not {value}", cost.name());
        };
        near(&SquaredEuclidean, 10.0);
        near(&Euclidean, 10_f64.sqrt());
        near(&PNorm::cityblock(), 4.0);
        near(&PNorm::chebyshev(), 3.0);
        near(&PNorm::new(3.0).unwrap(), 28_f64.cbrt());
        near(&PNorm::cityblock().power(1.5).unwrap(), 8.0);
        near(&PNorm::wasserstein(4.0).unwrap(), 100.0);
    }

    #[test]
    fn a_large_order_neither_overflows_nor_vanishes() {
        assert_eq!(PNorm::new(1000.0).unwrap().between(&[1e-3, 0.0], &[0.0, 0.0]), 1e-3);
        assert_eq!(PNorm::new(1000.0).unwrap().between(&[1e3, 0.0], &[0.0, 0.0]), 1e3);
    }

    #[test]
    fn the_cosine_keeps_digits_of_small_angles() {
        let angle = 1e-6_f64;
        let found = Cosine.between(&[3.0, 0.0], &[5.0 * angle.cos(), 5.0 * angle.sin()]);
        // 1 - cos = θ²/2 - θ⁴/24
        assert!((found - 5e-13).abs() < 1e-21, "{found}");
        assert!((Cosine.between(&[1e200, 0.0], &[-1e-200, 0.0]) - 2.0).abs() < 1e-15);
        assert!(Cosine.check(&Points::from_rows(vec![1.0, 0.0, 0.0, 0.0], 2).unwrap()).is_err());
    }

    #[test]
    fn wrong_orders_are_refused_and_names_are_readable() {
        assert!(PNorm::new(0.5).is_err() && PNorm::new(f64::NAN).is_err());
        assert!(Euclidean.form() == PNorm::new(2.0).unwrap().form());
        assert!(PNorm::cityblock().power(0.0).is_err());
        assert_eq!(PNorm::wasserstein(3.0).unwrap().name(), "euclidean^3");
        assert_eq!(PNorm::new(1.5).unwrap().name(), "minkowski:1.5");
    }
}
