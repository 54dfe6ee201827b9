//! Bootstrap, subsamples and the jackknife.

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::error::{Error, ErrorKind, Result};
use crate::estimate::Discrepancy;
use crate::estimate::resample::values::unless_ended;
use crate::estimate::resample::{Draw, Ends, Pool, Resampling, ends};
use crate::numeric::normal::normal_quantile;
use crate::numeric::random::{ChaCha8Rng, stream};
use crate::numeric::sum::sum;

/// Draws are made and valued in batches of so many: the numbers of their points take 4 bytes a point and draw.
pub(super) const BATCH: usize = 256;
/// The size of the first batch.
pub(super) const FIRST: usize = 16;

pub(super) fn bootstrap<D: Discrepancy + ?Sized>(
    d: &D,
    pool: &Pool,
    value: f64,
    options: &Resampling,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<(f64, f64)> {
    let sides = sides(pool)?;
    let draws = values(d, pool, options, go_on, |random| {
        let [x, y] =
            sides.each_ref().map(|side| (0..side.len()).map(|_| side[random.random_range(0..side.len())]).collect());
        Draw { x, y }
    })?;
    Ok(match options.ends {
        Ends::Debiased => ends::debiased(&draws, value, options.level, 1.0, 1.0),
        Ends::Basic => ends::basic(&draws, value, options.level, 1.0, 1.0),
        Ends::Percentile => ends::percentile(&draws, options.level),
        Ends::Bca => {
            let every_point = Resampling { replicates: usize::MAX, ..*options };
            let acceleration = jackknife(d, pool, value, &every_point)?.acceleration;
            ends::bca(&draws, value, options.level, acceleration)
        }
    })
}

pub(super) fn subsample<D: Discrepancy + ?Sized>(
    d: &D,
    pool: &Pool,
    value: f64,
    fraction: f64,
    options: &Resampling,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<(f64, f64)> {
    let sides = sides(pool)?;
    let size = |side: &Vec<u32>| ((fraction * side.len() as f64).round() as usize).clamp(1, side.len() - 1);
    let draws = values(d, pool, options, go_on, |random| {
        let [x, y] = sides.each_ref().map(|side| {
            let mut drawn = side.clone();
            let size = size(side);
            drawn.partial_shuffle(random, size).0.to_vec()
        });
        Draw { x, y }
    })?;
    // Against the sample, a subsample of b out of n points has the variance 1/b − 1/n, the sample itself 1/n against the
    // distribution (Politis, Romano & Wolf, §10.3.1); a bias of order 1/n compares the same way. For halves both shares are 1.
    let (mut own, mut drawn) = (0.0, 0.0);
    for side in &sides {
        let (n, b) = (side.len() as f64, size(side) as f64);
        own += 1.0 / n;
        drawn += 1.0 / b - 1.0 / n;
    }
    let rule = if options.ends == Ends::Basic { ends::basic } else { ends::debiased };
    Ok(rule(&draws, value, options.level, own / drawn, (own / drawn).sqrt()))
}

/// What leaving points out says of a value.
pub(super) struct Jackknife {
    /// The value less its bias of order 1/n.
    corrected: f64,
    pub(super) std_error: f64,
    /// The skewness of the influence of points, for BCa.
    acceleration: f64,
}

impl Jackknife {
    pub(super) fn normal_interval(&self, level: f64) -> (f64, f64) {
        let half = normal_quantile(0.5 + 0.5 * level) * self.std_error;
        (self.corrected - half, self.corrected + half)
    }
}

/// Leaves each group of points out once. Groups are single points as long as there are at most `replicates`.
pub(super) fn jackknife<D: Discrepancy + ?Sized>(
    d: &D,
    pool: &Pool,
    value: f64,
    options: &Resampling,
) -> Result<Jackknife> {
    let mut sides = sides(pool)?;
    let total = (sides[0].len() + sides[1].len()) as f64;
    let (mut bias, mut variance, mut cubes) = (0.0, 0.0, 0.0);
    for at in 0..2 {
        let n = sides[at].len();
        let share = options.replicates as f64 * n as f64 / total;
        let groups = (share as usize).clamp(2, n);
        if groups < n {
            sides[at].shuffle(&mut stream(options.seed, at as u64));
        }
        let mut left_out = Vec::with_capacity(groups);
        for first in (0..groups).step_by(BATCH) {
            let without = |group: usize| {
                let kept = sides[at].iter().enumerate().filter(|(i, _)| i % groups != group).map(|(_, &point)| point);
                let mut draw = Draw { x: sides[0].clone(), y: sides[1].clone() };
                *(if at == 0 { &mut draw.x } else { &mut draw.y }) = kept.collect();
                draw
            };
            let draws: Vec<Draw> = (first..groups.min(first + BATCH)).map(without).collect();
            left_out.extend(d.between_draws(pool, &draws)?);
        }
        let g = groups as f64;
        let mean = sum(left_out.iter().map(|value| value / g));
        bias += (g - 1.0) * (mean - value);
        let influence = |left: &f64| (g - 1.0) * (mean - left);
        variance += sum(left_out.iter().map(|left| influence(left).powi(2))) / (g * (g - 1.0));
        cubes += sum(left_out.iter().map(|left| influence(left).powi(3))) / g.powi(3);
    }
    if !(bias + variance + cubes).is_finite() {
        let why = "the value is infinite, or too large, when some points are left out";
        return Err(Error::new(d.name(), ErrorKind::Unsupported(why.into())));
    }
    let acceleration = if variance > 0.0 { cubes / (6.0 * variance.powf(1.5)) } else { 0.0 };
    Ok(Jackknife { corrected: value - bias, std_error: variance.sqrt(), acceleration })
}

/// The points of either side that can be drawn.
pub(super) fn sides(pool: &Pool) -> Result<[Vec<u32>; 2]> {
    let sides = [pool.with_mass(false), pool.with_mass(true)];
    for (side, name) in sides.iter().zip(["x", "y"]) {
        if side.len() < 2 {
            let reason = "from one point nothing can be learnt about the spread of others";
            let kind = ErrorKind::Length { what: "points with mass", expected: 2, found: side.len(), reason };
            return Err(Error::new(name, kind));
        }
    }
    Ok(sides)
}

/// The values of draws, sorted. Draw k comes from stream k of the seed.
fn values<D: Discrepancy + ?Sized>(
    d: &D,
    pool: &Pool,
    options: &Resampling,
    go_on: &mut dyn FnMut(usize) -> bool,
    draw: impl Fn(&mut ChaCha8Rng) -> Draw,
) -> Result<Vec<f64>> {
    let (count, seed) = (options.replicates, options.seed);
    let mut values = Vec::with_capacity(count);
    // Batches double, so that the caller is asked soon whether to go on, and seldom.
    let mut size = FIRST;
    while values.len() < count {
        let batch = values.len()..count.min(values.len() + size);
        let batch: Vec<Draw> = batch.map(|k| draw(&mut stream(seed, k as u64))).collect();
        let found = d.between_draws(pool, &batch);
        // With fewer draws than a first batch there is nothing to go by, and the error says why.
        let Some(found) = (if values.is_empty() { found.map(Some) } else { unless_ended(found) })? else { break };
        values.extend(found);
        size = (2 * size).min(BATCH);
        if !go_on(values.len()) {
            break;
        }
    }
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        let why = format!("the value of a draw is {value}; there is no interval of such values");
        return Err(Error::new(d.name(), ErrorKind::Unsupported(why.into())));
    }
    values.sort_unstable_by(f64::total_cmp);
    Ok(values)
}
