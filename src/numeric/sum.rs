//! Compensated sums and products.
//!
//! [`Sum`] carries a running total as an unevaluated pair `hi + lo` (double-double), so its error is about
//! 2⁻¹⁰⁵ times the sum of magnitudes. Reference: Ogita, Rump, Oishi, "Accurate sum and dot product", SIAM J. Sci.
//! Comput. 26 (2005), algorithms 3.1 (`TwoSum`) and 3.5 (`TwoProductFMA`).

/// A compensated running sum.
///
/// ```
/// use earthwork::numeric::Sum;
///
/// let mut sum = Sum::default();
/// for term in [1e100, 1.0, -1e100] {
///     sum.add(term);
/// }
/// assert_eq!(sum.value(), 1.0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    hi: f64,
    lo: f64,
}

impl Sum {
    /// Adds one term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        let (hi, error) = two_sum(self.hi, term);
        self.hi = hi;
        self.lo += error;
    }

    /// Adds `x · y` without rounding the product first.
    #[inline]
    pub fn add_product(&mut self, x: f64, y: f64) {
        let product = x * y;
        let error = x.mul_add(y, -product);
        self.add(product);
        // A product in the subnormal range has no exact error term; an overflow has none that is a number.
        if error.is_finite() {
            self.lo += error;
        }
    }

    /// Adds another running sum.
    #[inline]
    pub fn merge(&mut self, other: Self) {
        self.add(other.hi);
        self.lo += other.lo;
    }

    /// Subtracts another running sum.
    #[inline]
    pub fn subtract(&mut self, other: Self) {
        self.merge(Self { hi: -other.hi, lo: -other.lo });
    }

    /// The sum, rounded once.
    #[inline]
    pub fn value(self) -> f64 {
        let total = self.hi + self.lo;
        if total.is_nan() { self.hi } else { total }
    }
}

impl Extend<f64> for Sum {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, terms: I) {
        for term in terms {
            self.add(term);
        }
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        sum.extend(terms);
        sum
    }
}

/// The compensated sum of `terms`.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    terms.into_iter().collect::<Sum>().value()
}

/// The compensated inner product Σ xᵢ yᵢ.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut total = Sum::default();
    for (&x, &y) in x.iter().zip(y) {
        total.add_product(x, y);
    }
    total.value()
}

/// The mean, and the variance over n − 1.
pub(crate) fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = sum(values.iter().copied()) / values.len() as f64;
    let squares = sum(values.iter().map(|v| (v - mean) * (v - mean)));
    (mean, squares / (values.len().max(2) - 1) as f64)
}

/// a + b, rounded, and what that loses.
#[inline]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}

/// The largest number that is at most x + y.
#[inline]
pub(crate) fn add_down(x: f64, y: f64) -> f64 {
    let (sum, error) = two_sum(x, y);
    if error < 0.0 { sum.next_down() } else { sum }
}

/// Below every number that rounds to the sum or difference `x` of two doubles. Those that are this small are exact.
#[inline]
pub(crate) fn down(x: f64) -> f64 {
    if x.abs() < f64::MIN_POSITIVE { x } else { x.next_down() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_what_cancellation_would_lose() {
        let terms: Vec<f64> = (0..1000).flat_map(|k| [1e16, f64::from(k), -1e16]).collect();
        assert_eq!(sum(terms), 499_500.0);
    }

    #[test]
    fn a_dot_product_keeps_the_low_half_of_each_product() {
        let x = 1.0 + f64::EPSILON;
        // x² = 1 + 2u + u², and the u² is lost by a plain product.
        assert_eq!(dot(&[x, -1.0, -2.0 * f64::EPSILON], &[x, 1.0, 1.0]), f64::EPSILON * f64::EPSILON);
    }

    #[test]
    fn sums_are_rounded_down() {
        assert_eq!(add_down(1.0, 2.0), 3.0);
        assert_eq!(add_down(1.0, f64::EPSILON / 4.0), 1.0);
        assert_eq!(add_down(1.0, -f64::EPSILON / 8.0), 1.0 - f64::EPSILON / 2.0);
    }

    #[test]
    fn an_infinite_term_gives_an_infinite_sum_and_not_nan() {
        assert_eq!(sum([1.0, f64::INFINITY]), f64::INFINITY);
    }
}
