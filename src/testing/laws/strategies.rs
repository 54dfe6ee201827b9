//! Strategies of `proptest` for property tests of discrepancies (feature `testing`).
//!
//! ```ignore
//! proptest! {
//!     #[test]
//!     fn my_distance_is_symmetric((x, y) in strategies::pairs(20)) {
//!         prop_assert_eq!(mine(&x, &y), mine(&y, &x));
//!     }
//! }
//! ```

use proptest::prelude::*;

use super::{Case, Support};
use crate::measure::{Samples, Weights};

/// How two supports lie to each other.
pub fn supports() -> impl Strategy<Value = Support> {
    proptest::sample::select(Support::ALL.to_vec())
}

/// Three samples of at most `most` points, at least 1, in up to three dimensions, of every kind of support.
pub fn cases(most: usize) -> impl Strategy<Value = Case> {
    (supports(), 1..=most, any::<u64>()).prop_map(|(support, most, seed)| Case::new(support, most, seed))
}

/// Two samples of at most `most` points.
pub fn pairs(most: usize) -> impl Strategy<Value = (Samples, Samples)> {
    cases(most).prop_map(|case| (case.x.samples(), case.y.samples()))
}

/// Two distributions on one support of at most `most` bins, with bins that either lacks: masses of total 1.
///
/// # Panics
/// Never: a side without mass is filtered out.
pub fn weights(most: usize) -> impl Strategy<Value = (Weights, Weights)> {
    let mass = || prop_oneof![1 => Just(0.0), 3 => 0.0..1.0_f64, 1 => 1e-12..1e-6_f64];
    let positive = |masses: &Vec<(f64, f64)>| {
        masses.iter().map(|pair| pair.0).sum::<f64>() > 0.0 && masses.iter().map(|pair| pair.1).sum::<f64>() > 0.0
    };
    proptest::collection::vec((mass(), mass()), 1..=most).prop_filter("some mass on either side", positive).prop_map(
        |masses| {
            let (a, b): (Vec<f64>, Vec<f64>) = masses.into_iter().unzip();
            let weights = |masses: Vec<f64>| Weights::new(masses).expect("some mass").normalised();
            (weights(a), weights(b))
        },
    )
}
