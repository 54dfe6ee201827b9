//! Costs as multiples of one power of two, so that potentials and reduced costs are exact.
//!
//! A potential is a sum of ± costs along a path of the tree. In floating point each shift of it rounds, and where the reduced costs of many
//! arcs are 0 (points on one line with their targets under a norm) pivots then chase arcs that violate by rounding alone. In
//! multiples of one unit all sums are exact as long as they stay below 2⁵³ units: an arc violates or it does not.

/// Bits of the largest number at hand: 2⁵³ units are exact, so sums may grow to eight times that.
const BITS: i32 = 50;

/// Rounds costs to multiples of a power of two.
#[derive(Debug, Clone, Copy)]
pub(super) struct FixedPoint {
    /// 1.5 · 2⁵² units: a number added to it is rounded to whole units.
    shift: f64,
    unit: f64,
}

impl FixedPoint {
    /// For potentials and costs of at most `largest`. None where the unit would be no normal number, or the sums overflow.
    pub(super) fn new(largest: f64) -> Option<Self> {
        if !(largest.is_finite() && largest > 0.0) {
            return None;
        }
        let unit = 2_f64.powi(largest.log2().ceil() as i32 - BITS);
        let shift = 1.5 * 2_f64.powi(52) * unit;
        (unit >= f64::MIN_POSITIVE && shift.is_finite()).then_some(Self { shift, unit })
    }

    /// The multiple of the unit that is nearest to a cost.
    #[inline]
    pub(super) fn round(self, cost: f64) -> f64 {
        (cost + self.shift) - self.shift
    }

    /// The unit: costs move by at most half of it.
    pub(super) fn unit(self) -> f64 {
        self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_in_any_order_are_equal() {
        for largest in [1e-280, 0.7, 1.0, 3e200] {
            let fixed = FixedPoint::new(largest).unwrap();
            let costs: Vec<f64> = (1..400).map(|k| fixed.round(largest * (f64::from(k) * 0.618).fract())).collect();
            let signed = |(k, c): (usize, &f64)| if k % 2 == 0 { *c } else { -c };
            let forward: f64 = costs.iter().enumerate().map(signed).sum();
            let backward: f64 = costs.iter().enumerate().rev().map(signed).sum();
            assert_eq!(forward, backward);
            assert!(costs.iter().all(|c| c / fixed.unit() == (c / fixed.unit()).round()));
        }
    }

    #[test]
    fn what_has_no_unit_is_left_alone() {
        for largest in [0.0, f64::INFINITY, f64::NAN, 1e-300, 1e308] {
            assert!(FixedPoint::new(largest).is_none(), "{largest}");
        }
    }
}
