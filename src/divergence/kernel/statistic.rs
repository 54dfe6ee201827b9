//! From means over pairs of points to a squared distance, its standard error and its interval.

use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::estimate::resample::{Draw, Pool};
use crate::estimate::{Estimate, Evidence, Influence, Kind, NearEqual, Note, score_evidence};
use crate::measure::Samples;
use crate::numeric::sum::{dot, sum};
use crate::simd::{LANES, PairFunction};

use super::second_order::near_equal;
use super::sums::{Side, across, forms, within};

/// How the mean over pairs of points of one sample treats a point paired with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pairing {
    /// Each point also meets itself (a V-statistic): the distance between the two samples as they are. Never negative, 0 for
    /// equal samples, and too large on average for the distributions behind them.
    #[default]
    Biased,
    /// No point meets itself (a U-statistic): right on average for the distributions behind the samples, and negative now and
    /// then where they are close.
    Unbiased,
}

/// How a squared distance is to be stated.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    pub(super) pairing: Pairing,
    pub(super) method: &'static str,
    /// Of the interval; none is worked out where there is none.
    pub(super) level: Option<f64>,
}

/// A squared distance below so much of the means it is the difference of is their rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// What a squared distance ‖P − Q‖² = `sign` · (E k(X, X') + E k(Y, Y') − 2 E k(X, Y)) is made of. Masses total 1.
pub(super) struct Parts<'a> {
    pub(super) masses: [&'a [f64]; 2],
    /// For each point the mean over its own sample, itself included.
    pub(super) within: [Vec<f64>; 2],
    /// For each point the mean over the other sample.
    pub(super) across: [Vec<f64>; 2],
    pub(super) selves: Selves,
    pub(super) sign: f64,
}

/// What points paired with themselves bring on either side: Σ aᵢ² k(xᵢ, xᵢ) and Σ aᵢ².
pub(super) struct Selves {
    /// k(xᵢ, xᵢ).
    own: [Vec<f64>; 2],
    diagonal: [f64; 2],
    squares: [f64; 2],
}

impl Selves {
    pub(super) fn new(masses: [&[f64]; 2], diagonal: impl Fn(usize, usize) -> f64) -> Self {
        let own = [0, 1].map(|side| (0..masses[side].len()).map(|i| diagonal(side, i)).collect::<Vec<f64>>());
        let met = |side: usize| sum(masses[side].iter().zip(&own[side]).map(|(a, own)| a * a * own));
        Self { diagonal: [met(0), met(1)], squares: masses.map(|a| dot(a, a)), own }
    }

    /// What makes the mean over the pairs of one side the mean over pairs of different points.
    pub(super) fn correction(&self, side: usize, mean: f64) -> f64 {
        (mean * self.squares[side] - self.diagonal[side]) / (1.0 - self.squares[side])
    }
}

impl Parts<'_> {
    /// The squared distance of the samples as they are: a difference of means, so the digits that it has in common with
    /// rounding are taken off.
    ///
    /// # Errors
    /// When the means overflow.
    pub(super) fn plain(&self) -> Result<f64> {
        let [own_x, own_y, both] = self.means();
        let size = own_x.abs() + own_y.abs() + 2.0 * both.abs();
        if !size.is_finite() {
            let why = "the values of the kernel overflow; scale the points down";
            return Err(Error::new("points", ErrorKind::Unsupported(why.into())));
        }
        let value = self.sign * ((own_x - both) + (own_y - both));
        Ok(if value <= ROUNDING * size { 0.0 } else { value })
    }

    fn means(&self) -> [f64; 3] {
        let mean = |side: usize| dot(self.masses[side], &self.within[side]);
        [mean(0), mean(1), dot(self.masses[0], &self.across[0])]
    }

    /// The estimate whose biased value is `plain`, with an interval around the unbiased one.
    ///
    /// The variance has two parts: 4 Var h / n on either side for the projections h(xᵢ) = within(xᵢ) − across(xᵢ) (Hoeffding; no point
    /// meets itself in them), and what is left where P = Q, which `second` says. Var h of the sample holds twice the latter.
    pub(super) fn estimate(&self, plain: f64, second: impl FnOnce(&[Vec<f64>; 2]) -> NearEqual, how: How) -> Estimate {
        let How { pairing, method, level } = how;
        let [own_x, own_y, _] = self.means();
        let correction = self.selves.correction(0, own_x) + self.selves.correction(1, own_y);
        // Of a sample and itself it is 0, not what two samples of one distribution give.
        let unbiased = if plain == 0.0 { 0.0 } else { plain + self.sign * correction };
        let value = if pairing == Pairing::Biased { plain } else { unbiased };
        let evidence = level.map_or(Evidence::Unstated, |level| {
            score_evidence(value, unbiased, self.influence(), second(&self.within), level)
        });
        let sizes = (self.masses[0].len(), self.masses[1].len());
        let estimate = Estimate::new(value, evidence, method, sizes);
        if pairing == Pairing::Biased { estimate.with_note(Note::Biased(Kind::UpperBound)) } else { estimate }
    }

    /// 4 Var h / n on either side.
    fn influence(&self) -> Influence {
        let mut influence = Influence::default();
        for side in 0..2 {
            let others = |i: usize| {
                let mass = self.masses[side][i];
                if mass < 1.0 {
                    (self.within[side][i] - mass * self.selves.own[side][i]) / (1.0 - mass)
                } else {
                    f64::NAN
                }
            };
            let carry = |i: &usize| self.masses[side][*i] > 0.0;
            let influences =
                (0..self.masses[side].len()).filter(carry).map(|i| 2.0 * (others(i) - self.across[side][i]));
            let masses: Vec<f64> = self.masses[side].iter().copied().filter(|&mass| mass > 0.0).collect();
            influence.add(&masses, &influences.collect::<Vec<_>>());
        }
        influence
    }
}

/// The root of a squared distance; its standard error by the delta method, which has nothing to say at 0.
pub(super) fn root(squared: Estimate, method: &'static str) -> Estimate {
    let value = squared.value.max(0.0).sqrt();
    let evidence = match squared.evidence {
        Evidence::StandardError(error) if value > 0.0 => Evidence::StandardError(0.5 * error / value),
        Evidence::Asymmetric { std_error, lower, upper, level } => {
            let (lower, upper) = (lower.max(0.0).sqrt(), upper.max(0.0).sqrt());
            if value > 0.0 {
                Evidence::Asymmetric { std_error: 0.5 * std_error / value, lower, upper, level }
            } else {
                Evidence::Interval { lower, upper, level }
            }
        }
        _ => Evidence::Unstated,
    };
    Estimate { value, evidence, method, ..squared }
}

/// Refuses samples of different dimension and, where no point may meet itself, samples of one point.
pub(super) fn check(x: &Samples, y: &Samples, pairing: Pairing) -> Result<()> {
    require_dimension("y", y.dim(), x.dim())?;
    for (side, name) in [(x, "x"), (y, "y")] {
        let found = side.weights().as_slice().iter().filter(|&&w| w > 0.0).count();
        if pairing == Pairing::Unbiased && found < 2 {
            let reason = "the unbiased estimate pairs points with others of the same sample";
            let kind = ErrorKind::Length { what: "points with mass", expected: 2, found, reason };
            return Err(Error::new(name, kind));
        }
    }
    Ok(())
}

/// Masses of total 1.
pub(super) fn shares(samples: &Samples) -> Vec<f64> {
    let n = samples.len();
    if samples.weights().is_uniform() {
        vec![1.0 / n as f64; n]
    } else {
        samples.weights().normalised().as_slice().to_vec()
    }
}

/// By passes over all pairs of points. `diagonal` is the function of a point and itself.
pub(super) fn by_pairs<F: PairFunction>(
    function: F,
    diagonal: impl Fn(&[f64]) -> f64,
    (x, y): (&Samples, &Samples),
    sign: f64,
    how: How,
) -> Result<Estimate> {
    let sides = [x, y].map(|side| Side::new(side.points().as_slice(), side.dim(), shares(side)));
    let (rows, columns) = across(function, &sides[0], &sides[1]);
    let masses = [sides[0].masses(), sides[1].masses()];
    let selves = Selves::new(masses, |side, i| diagonal([x, y][side].point(i)));
    let within = [within(function, &sides[0]), within(function, &sides[1])];
    let parts = Parts { masses, within, across: [rows, columns], selves, sign };
    let second = |within: &[Vec<f64>; 2]| {
        near_equal(masses, within, |side, i| [x, y][side].point(i), |x, y| between(function, x, y), sign)
    };
    Ok(parts.estimate(parts.plain()?, second, how))
}

/// The function of one pair.
pub(super) fn between<F: PairFunction>(function: F, x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    lanes[0] = x.iter().zip(y).fold(0.0, |total, (x, y)| function.add::<false>(total, *x, *y));
    function.finish::<false>(&mut lanes);
    lanes[0]
}

/// For many draws from one pool, with the function worked out once for all of them.
pub(super) fn by_forms<F: PairFunction>(
    function: F,
    diagonal: impl Fn(&[f64]) -> f64,
    (pool, draws): (&Pool, &[Draw]),
    sign: f64,
    pairing: Pairing,
) -> Result<Vec<f64>> {
    // For each draw the difference a − b of the masses, and for corrections the masses a and b too.
    let vectors = if pairing == Pairing::Biased { 1 } else { 3 };
    let (points, n) = (pool.points(), pool.points().len());
    let mut z = vec![0.0; n * (vectors * draws.len()).next_multiple_of(LANES)];
    let mut entry =
        |i: u32, vector: usize, mass: f64| z[(vector / LANES * n + i as usize) * LANES + vector % LANES] += mass;
    let mut selves = Vec::new();
    for (at, draw) in draws.iter().enumerate() {
        let (a, b) = shares_of_draw(pool, draw);
        for (side, (drawn, masses)) in [(&draw.x, &a), (&draw.y, &b)].into_iter().enumerate() {
            for (&i, &mass) in drawn.iter().zip(masses) {
                entry(i, vectors * at, if side == 0 { mass } else { -mass });
                if pairing == Pairing::Unbiased {
                    entry(i, vectors * at + 1 + side, mass);
                }
            }
        }
        if pairing == Pairing::Unbiased {
            let drawn = [&draw.x, &draw.y];
            selves.push(Selves::new([&a, &b], |side, i| diagonal(points.point(drawn[side][i] as usize))));
        }
    }
    let found = forms(function, points.as_slice(), points.dim(), &z);
    let value = |at: usize| match pairing {
        Pairing::Biased => (sign * found[at]).max(0.0),
        Pairing::Unbiased => {
            let correction = selves[at].correction(0, found[3 * at + 1]) + selves[at].correction(1, found[3 * at + 2]);
            sign * (found[3 * at] + correction)
        }
    };
    finite((0..draws.len()).map(value).collect())
}

/// The masses of either side of a draw, of total 1.
pub(super) fn shares_of_draw(pool: &Pool, draw: &Draw) -> (Vec<f64>, Vec<f64>) {
    let (a, b) = pool.masses(draw);
    let shares = |masses: Vec<f64>| {
        let total = sum(masses.iter().copied());
        masses.into_iter().map(|mass| mass / total).collect()
    };
    (shares(a), shares(b))
}

/// Refuses values that are no numbers.
pub(super) fn finite(values: Vec<f64>) -> Result<Vec<f64>> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(values);
    }
    let why = "a draw of a single point, or values of the kernel that overflow, leave no number";
    Err(Error::new("draws", ErrorKind::Unsupported(why.into())))
}
