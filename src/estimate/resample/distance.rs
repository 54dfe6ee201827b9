//! Intervals for distances that are 0 at P = Q and too large on average: transport distances of every kind.

use rand::seq::SliceRandom;

use crate::error::{Error, ErrorKind, Result};
use crate::estimate::resample::schemes::{FIRST, sides};
use crate::estimate::resample::values::{finite, unless_ended};
use crate::estimate::resample::{Draw, Pool, Resampling};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note, Randomness};
use crate::measure::Samples;
use crate::numeric::normal::normal_quantile;
use crate::numeric::random::stream;
use crate::numeric::sum::sum;

/// How often either sample is dealt in two, for the distance of the halves.
const SPLITS: usize = 8;
/// How many half-samples say how far the value varies.
const SPREAD: usize = 64;
/// With fewer of them nothing is said of the upper end.
const FEWEST: usize = 8;

/// An interval for a distance d between P and Q themselves whose value between samples is too large on average, as that of every
/// transport distance is: what [`Discrepancy::own_interval`] of such a distance gives.
///
/// With θ = d^`order` (2 for W₂, so that θ is a mean of squares), the value between samples is, to first order,
///
/// ```text
/// θ(Pₙ, Qₘ) = θ(P, Q) + noise + R,      R ≥ 0,
/// ```
///
/// where the noise is a mean over points and R is what the two empirical distributions differ from P and Q by. At P = Q there is
/// no noise, and R is all there is; from d = 3 dimensions on R is larger than the noise everywhere. On a line, for order 2,
/// E R = ½ E θ(Pₙ, P'ₙ) + ½ E θ(Qₘ, Q'ₘ) exactly, for any P and Q; for linear maps in any dimension it is at most that. Halves of
/// one sample are at least as far apart. So the interval is
///
/// ```text
/// [θ − ½ (mean θ of halves of x + mean θ of halves of y) − z s,  θ + z s],
/// ```
///
/// cut off at 0 and taken to the power 1 / `order`, with s² the mean square of what θ of half-samples differs by from θ. It errs to the safe side: near
/// P = Q the lower end is 0, and in many dimensions, where samples show little of the distance, the interval is wide.
///
/// With weights, a point and its weight together are taken for one draw.
///
/// # Errors
/// When the samples cannot be compared by `d`, or a side has fewer than two points with mass.
///
/// # Complexity
/// 64 evaluations of `d` on half-samples of both sides, 16 on the halves of one side, and one on all points. `options.replicates`, where
/// lower, takes the place of 64.
pub fn distance_interval<D: Discrepancy + ?Sized>(
    d: &D,
    order: f64,
    x: &Samples,
    y: &Samples,
    options: &Resampling,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Estimate> {
    let estimate = finite(d, x, y)?;
    let pool = Pool::new(x, y)?;
    let sides = sides(&pool)?;
    let splits = (0..SPLITS).flat_map(|k| {
        let random = &mut stream(options.seed, k as u64);
        let halves = sides.each_ref().map(|side| {
            let mut order = side.clone();
            order.shuffle(random);
            let second = order.split_off(side.len() / 2);
            (order, second)
        });
        halves.map(|(x, y)| Draw { x, y })
    });
    let spread = options.replicates.clamp(FEWEST, SPREAD);
    let half_samples = (SPLITS..SPLITS + spread).map(|k| {
        let random = &mut stream(options.seed, k as u64);
        let [x, y] = sides.each_ref().map(|side| {
            let mut drawn = side.clone();
            drawn.partial_shuffle(random, side.len() / 2).0.to_vec()
        });
        Draw { x, y }
    });
    let draws: Vec<Draw> = splits.chain(half_samples).collect();
    let mut values = Vec::with_capacity(draws.len());
    for batch in draws.chunks(FIRST) {
        let Some(found) = unless_ended(d.between_draws(&pool, batch))? else { break };
        values.extend(found);
        if !go_on(values.len()) {
            break;
        }
    }
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        let why = format!("the value of a half-sample is {value}; there is no interval of such values");
        return Err(Error::new(d.name(), ErrorKind::Unsupported(why.into())));
    }
    let is_whole = values.len() == draws.len();
    // In units of the largest value, so that no power overflows or underflows.
    let unit = values.iter().copied().fold(estimate.value, f64::max);
    let power = |value: f64| if unit > 0.0 { (value.max(0.0) / unit).powf(order) } else { 0.0 };
    let (own, drawn) = values.split_at(values.len().min(2 * SPLITS));
    let value = power(estimate.value);
    let excess = mean(own.iter().map(|&value| power(value)));
    let freedom = drawn.len() as f64;
    // About the value, not about their mean: close to 0 a distance is folded, and varies less than what it is the size of.
    let variance = sum(drawn.iter().map(|&drawn| (power(drawn) - value).powi(2))) / freedom;
    // Against the sample, a half-sample of b out of n points has the variance 1/b − 1/n, the sample itself 1/n.
    let share = |side: &Vec<u32>| (1.0 / side.len() as f64, 1.0 / (side.len() / 2) as f64 - 1.0 / side.len() as f64);
    let shares = sides.each_ref().map(share);
    let variance = variance * (shares[0].0 + shares[1].0) / (shares[0].1 + shares[1].1);
    // Directions that were drawn are an error of their own.
    let slicing = match estimate.evidence {
        Evidence::StandardError(error) if estimate.randomness == Randomness::Directions && estimate.value > 0.0 => {
            order * value * (error / estimate.value)
        }
        _ => 0.0,
    };
    let z = normal_quantile(0.5 + 0.5 * options.level);
    // The quantile of Student's distribution, to first order.
    let half = z * (1.0 + (1.0 + z * z) / (4.0 * freedom)) * (variance + slicing * slicing).sqrt();
    let root = |power: f64| unit * power.max(0.0).powf(1.0 / order);
    let (lower, upper) =
        if drawn.len() < FEWEST { (0.0, f64::INFINITY) } else { (root(value - excess - half), root(value + half)) };
    let evidence = Evidence::Interval { lower, upper, level: options.level };
    let estimate = Estimate { evidence, ..estimate }.with_randomness(Randomness::Sampling).with_seed(options.seed);
    Ok(if is_whole { estimate } else { estimate.with_note(Note::NotConverged) })
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    sum(values.map(|value| value / count))
}
