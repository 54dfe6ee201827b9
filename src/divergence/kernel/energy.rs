//! The energy distance.

use crate::error::Result;
use crate::estimate::resample::{Draw, Pool};
use crate::estimate::{Discrepancy, Estimate, LEVEL, one_by_one};
use crate::measure::Samples;

use super::function::Distance;
use super::line;
use super::scale::{Unit, in_units};
use super::statistic::{How, Pairing, by_forms, by_pairs, check, root};

/// The energy distance 2 E‖X − Y‖ − E‖X − X'‖ − E‖Y − Y'‖, with the Euclidean norm.
///
/// It is 0 only for equal distributions, has no parameter, does not depend on the units but through its own (it is in units of
/// length), and still sees how far apart samples are that do not overlap. Its root is a metric; 2 W₁ is an upper bound. It is
/// the squared kernel distance for the kernel −‖x − y‖.
///
/// Only proportions of weights matter. The 95 % interval is for the value between the two distributions: around the unbiased value, with
/// the variance of the projections (Hoeffding) and of what is left of it where the distributions are equal. p-values come from
/// [`resample`](crate::estimate::resample).
///
/// # Complexity
/// O((n + m) log(n + m)) on a line, with no cancellation; else O((n + m)² d / 2) time in blocks and O(n + m) memory. Distances
/// are computed by differences, so points that nearly coincide and points far from 0 keep their digits.
///
/// # References
/// Székely & Rizzo, "Energy statistics: a class of statistics based on distances", 2013; Sejdinovic et al., "Equivalence of
/// distance-based and RKHS-based statistics in hypothesis testing", 2013.
///
/// # Example
/// ```
/// use earthwork::divergence::Energy;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0], [1.0]])?;
/// let y = Samples::new([[3.0]])?;
/// // 2 · 2.5 − 0.5 − 0
/// assert_eq!(Energy::default().between(&x, &y)?.value, 4.5);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Energy {
    /// Whether points meet themselves; they do by default.
    pub pairing: Pairing,
    /// Whether to take the root, which is a metric; not by default. The root of an unbiased value below 0 is 0.
    pub rooted: bool,
}

impl Energy {
    /// Without pairs of a point with itself: right on average.
    pub fn unbiased() -> Self {
        Self { pairing: Pairing::Unbiased, ..Self::default() }
    }

    /// The root of the energy distance between the samples as they are: a metric, as SciPy's `energy_distance`.
    pub fn metric() -> Self {
        Self { rooted: true, ..Self::default() }
    }
}

impl Energy {
    fn at_level(self, x: &Samples, y: &Samples, level: f64) -> Result<Estimate> {
        check(x, y, self.pairing)?;
        let unit = Unit::of(x.points(), y.points());
        let (x, y) = (&in_units(x, unit)?, &in_units(y, unit)?);
        let how = |method| How { pairing: self.pairing, method, level: Some(level) };
        let squared = if x.dim() == 1 {
            line::energy(x, y, how("energy distance, sorted"))
        } else {
            by_pairs(Distance, |_| 0.0, (x, y), -1.0, how("energy distance, all pairs"))?
        };
        let squared = unit.enlarge(squared);
        Ok(if self.rooted { root(squared, "root of the energy distance") } else { squared })
    }
}

impl Discrepancy for Energy {
    fn name(&self) -> String {
        let name = if self.rooted { "√energy" } else { "energy" };
        if self.pairing == Pairing::Unbiased { format!("{name} (unbiased)") } else { name.into() }
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.at_level(x, y, LEVEL)
    }

    fn between_draws(&self, pool: &Pool, draws: &[Draw]) -> Result<Vec<f64>> {
        if Unit::of(pool.points(), pool.points()) != Unit::ONE {
            return one_by_one(self, pool, draws);
        }
        let squared = if pool.points().dim() == 1 {
            line::energy_of_draws(pool, draws, self.pairing)?
        } else {
            by_forms(Distance, |_| 0.0, (pool, draws), -1.0, self.pairing)?
        };
        Ok(if self.rooted { squared.into_iter().map(|value| value.max(0.0).sqrt()).collect() } else { squared })
    }

    fn range(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    crate::estimate::own_interval!(|d, x, y, level| d.at_level(x, y, level));
}
