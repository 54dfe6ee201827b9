//! The sliced Wasserstein distance and its standard error.

use std::fmt;
use std::time::{Duration, Instant};

use crate::cost::LEAST;
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note, Randomness};
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::sliced::error_bars::{Mean, controlled_mean, mean};
use crate::sliced::method::{Directions, Method};
use crate::sliced::pair::{Pair, Slice, Workspace};
use crate::transport::{Interrupt, Observer, Progress, Silent, Status, Watch};

/// The sliced Wasserstein distance SW_p between two samples of any sizes and weights, p ≥ 1, with its standard error.
///
/// The p-th powers of the slices are what averages; their mean has the standard error s, and the root SW_p = mean^(1/p) has
/// s · mean^(1/p − 1) / p (the delta method). The mean of the powers is unbiased; its root is too small on average by a
/// part of about (p − 1) / 2 · (error / SW_p)².
///
/// # Which directions
/// See [`Method`]. For an error of 0.1 % evenly spread directions need 20 to 1000 times fewer slices than independent ones;
/// from three dimensions on orthogonal blocks, or independent directions with control variates, need still fewer.
///
/// # Control variates
/// The squared difference of the means and the variances of the projections have known means over all directions, and most
/// of W₂² of a slice is explained by them (Nguyen & Ho, "Sliced Wasserstein estimation with control variates", ICLR 2024;
/// here with coefficients by least squares). They are used from 192 slices on where they lower the standard error;
/// [`SlicedDistance::variance_ratio`] says by how much.
///
/// # Complexity
/// O((n + m) (d + log(n + m))) for each direction, about 10 ns a point in few dimensions on one core; O((n + m) d) memory.
/// Directions are worked on in parallel, and the bits do not depend on the number of threads.
///
/// # When not to use it
/// It is not an approximation of W_p: it is a smaller distance, by a factor of about √d for W₂. For bounds on W_p see
/// [`bounds`](Self::bounds).
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::sliced::Sliced;
///
/// let x = Gaussian::standard(3)?.sample(500, 1)?;
/// let y = Samples::new(x.points().view().mapv(|v| v + 1.0))?;
/// // A shift by t is at distance |t| / √d, here 1.
/// let distance = Sliced::default().between(&x, &y)?;
/// assert!((distance.value - 1.0).abs() <= 5.0 * distance.std_error().unwrap() + 1e-12);
///
/// let exact_enough = Sliced::default().to_precision(1e-4).solve(&x, &y)?;
/// assert!(exact_enough.std_error.unwrap() <= 1e-4 * exact_enough.value);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sliced {
    /// The order p ≥ 1; 2 by default.
    pub p: f64,
    /// How many directions, 500 by default; with [`to_precision`](Self::to_precision), how many to begin with.
    pub directions: usize,
    /// How they are chosen; by the dimension by default.
    pub method: Method,
    /// The seed of the random numbers; 0 by default.
    pub seed: u64,
    /// Add directions until the standard error is at most this part of the value; `None` by default.
    pub precision: Option<f64>,
    /// With a precision: the most directions; 1,048,576 by default.
    pub most_directions: usize,
    /// Whether to use control variates where they lower the error; true by default.
    pub control_variates: bool,
    /// When to end early: iterations are directions. The value then rests on the directions done.
    pub interrupt: Interrupt,
}

impl Default for Sliced {
    fn default() -> Self {
        Self {
            p: 2.0,
            directions: 500,
            method: Method::Auto,
            seed: 0,
            precision: None,
            most_directions: 1 << 20,
            control_variates: true,
            interrupt: Interrupt::default(),
        }
    }
}

/// What [`Sliced`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SlicedDistance {
    /// SW_p, for all the mass.
    pub value: f64,
    /// Its standard error; 0 on a line, where all directions agree; `None` from a single direction.
    pub std_error: Option<f64>,
    /// W_p^p of each slice, for all the mass, in the order of the directions; infinite where the power overflows.
    pub costs: Vec<f64>,
    /// How the directions were chosen.
    pub method: &'static str,
    /// The variance of the mean with control variates as a part of that without; 1 where they were not used.
    pub variance_ratio: f64,
    /// `Converged`, or why there are fewer directions than asked for, or less precision.
    pub status: Status,
    /// Wall-clock time.
    pub time: Duration,
    /// Number of points on the two sides.
    pub sizes: (usize, usize),
    /// The seed.
    pub seed: u64,
    /// Whether every direction gives the same: points on a line.
    exact: bool,
}

impl SlicedDistance {
    /// How many directions the value rests on.
    pub fn directions(&self) -> usize {
        self.costs.len()
    }

    /// The value with its evidence.
    pub fn estimate(&self) -> Estimate {
        let evidence = match self.std_error {
            _ if self.exact => Evidence::Exact,
            Some(error) => Evidence::StandardError(error),
            None => Evidence::Unstated,
        };
        let estimate = Estimate::new(self.value, evidence, self.method, self.sizes)
            .with_randomness(Randomness::Directions)
            .with_seed(self.seed);
        if self.status.is_success() { estimate } else { estimate.with_note(Note::NotConverged) }
    }
}

impl fmt::Display for SlicedDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} directions, {} ({:.2?})", self.estimate(), self.directions(), self.status, self.time)
    }
}

impl Sliced {
    /// The distance of order `p`.
    pub fn new(p: f64) -> Self {
        Self { p, ..Self::default() }
    }

    /// Sets the number of directions.
    #[must_use]
    pub fn with_directions(self, directions: usize) -> Self {
        Self { directions, ..self }
    }

    /// Sets how the directions are chosen.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Adds directions until the standard error is at most `relative` of the value.
    #[must_use]
    pub fn to_precision(self, relative: f64) -> Self {
        Self { precision: Some(relative), ..self }
    }

    /// Checks the options.
    pub(super) fn check(&self) -> Result<()> {
        let order = "the order of a Wasserstein distance must be finite and at least 1";
        require("p", self.p, self.p >= 1.0 && self.p.is_finite(), order)?;
        require("directions", self.directions as f64, self.directions > 0, "at least one direction is needed")?;
        if let Some(precision) = self.precision {
            let range = "a relative precision must be above 0 and below 1";
            require("precision", precision, precision > 0.0 && precision < 1.0, range)?;
            if matches!(self.method, Method::Given(_)) {
                let why = "given directions cannot be added to; choose another method";
                return Err(Error::new("precision", ErrorKind::Unsupported(why.into())));
            }
        }
        Ok(())
    }

    /// SW_p between `x` and `y`.
    ///
    /// # Errors
    /// When p is below 1 or not finite, there are no directions, the samples differ in dimension or (by more than 1e-9) in total
    /// mass, or the p-th powers of the distances underflow.
    pub fn solve(&self, x: &Samples, y: &Samples) -> Result<SlicedDistance> {
        self.solve_observed(x, y, &mut Silent)
    }

    /// [`solve`](Self::solve) with progress reports.
    ///
    /// # Errors
    /// As [`Sliced::solve`].
    pub fn solve_observed(&self, x: &Samples, y: &Samples, observer: &mut dyn Observer) -> Result<SlicedDistance> {
        let started = Instant::now();
        self.check()?;
        let pair = Pair::new(x, y, self.p)?;
        let method = self.method.chosen(pair.dim);
        let mut watch = Watch::new(self.interrupt.clone(), observer);
        let mut count = if pair.dim == 1 { 1 } else { self.directions };
        let expected = if self.control_variates && pair.dim > 1 { Some(pair.mean_moments()) } else { None };
        let mut slices: Vec<Slice> = Vec::new();
        let (found, status) = loop {
            let directions = Directions::new(&method, pair.dim, count, self.seed)?;
            if !method.is_nested() {
                slices.clear();
            }
            let work = |space: &mut Workspace, rows: &[f64], out: &mut Vec<Slice>| {
                pair.slices(rows, expected.is_some(), space, out);
            };
            let ended = all_slices(&directions, pair.batch(), &mut slices, &mut watch, work);
            let groups = done(&directions.groups(), slices.len());
            let found = average(&slices, &groups, expected);
            if let Some(status) = ended {
                break (found, status);
            }
            let Some(target) = self.precision.filter(|_| pair.dim > 1) else { break (found, Status::Converged) };
            // SW_p = mean^(1/p) has 1/p of the relative error of the mean.
            let relative = found.std_error.map_or(f64::INFINITY, |error| error / (self.p * found.value));
            if found.value == 0.0 && found.std_error == Some(0.0) || relative <= target {
                break (found, Status::Converged);
            }
            if count >= self.most_directions {
                break (found, Status::IterationLimit);
            }
            let missing = 1.1 * (relative / target).powi(2);
            let factor = if method.is_nested() { missing.clamp(1.25, 4.0) } else { 2.0 };
            count = ((count as f64 * factor).ceil() as usize).min(self.most_directions);
        };
        if found.value < LEAST {
            self.refuse_underflow(&pair, &method)?;
        }
        let exact = pair.dim == 1;
        let value = pair.rooted(found.value);
        let relative = |error: f64| if error == 0.0 { 0.0 } else { value * (error / found.value) / self.p };
        let costs = slices.iter().map(|slice| slice.cost * pair.mass * pair.unit.powf(self.p)).collect();
        Ok(SlicedDistance {
            value,
            std_error: if exact { Some(0.0) } else { found.std_error.map(relative) },
            costs,
            method: method.name(),
            variance_ratio: found.variance_ratio,
            status,
            time: started.elapsed(),
            sizes: (x.len(), y.len()),
            seed: self.seed,
            exact,
        })
    }

    /// Refuses a cost that is 0 though mass moves: a large power of a small distance.
    fn refuse_underflow(&self, pair: &Pair, method: &Method) -> Result<()> {
        if pair.moves(&Directions::new(method, pair.dim, 1, self.seed)?.all()[..pair.dim]) {
            let why = "the powers of the distances that mass moves underflow; lower p, or scale the points up";
            return Err(Error::new("p", ErrorKind::Unsupported(why.into())));
        }
        Ok(())
    }
}

/// The mean of the slices' costs.
fn average(slices: &[Slice], groups: &[usize], expected: Option<[f64; 3]>) -> Mean {
    let costs: Vec<f64> = slices.iter().map(|slice| slice.cost).collect();
    let Some(expected) = expected else { return mean(&costs, groups) };
    let controls: Vec<[f64; 3]> = slices
        .iter()
        .map(|Slice { moments: [shift, x, y], .. }| [shift * shift - expected[0], x - expected[1], y - expected[2]])
        .collect();
    controlled_mean(&costs, &controls, groups)
}

/// Appends the slices that are missing, in the order of the directions, until all are there or the watch ends it. `work` turns
/// `batch` directions, row by row, into as many slices.
pub(super) fn all_slices<S: Send, W: Default>(
    directions: &Directions,
    batch: usize,
    slices: &mut Vec<S>,
    watch: &mut Watch,
    work: impl Fn(&mut W, &[f64], &mut Vec<S>) + Sync,
) -> Option<Status> {
    let round = 4 * batch * rayon::current_num_threads();
    while slices.len() < directions.len() {
        let start = slices.len();
        let end = (start + round).min(directions.len());
        let parts = parallel::map_with((end - start).div_ceil(batch), W::default, |space, k| {
            let first = start + k * batch;
            let last = (first + batch).min(end);
            let (mut rows, mut out) = (Vec::new(), Vec::with_capacity(last - first));
            directions.write(first..last, &mut rows);
            work(space, &rows, &mut out);
            out
        });
        slices.extend(parts.into_iter().flatten());
        let progress = Progress { stage: "slice", iterations: slices.len() as u64, ..Progress::default() };
        if let Some(status) = watch.check(&progress).filter(|_| slices.len() < directions.len()) {
            return Some(status);
        }
    }
    None
}

/// The groups of the first `count` directions.
pub(super) fn done(groups: &[usize], count: usize) -> Vec<usize> {
    let mut ends: Vec<usize> = groups.iter().copied().take_while(|&end| end < count).collect();
    ends.push(count);
    ends
}

impl Discrepancy for Sliced {
    fn name(&self) -> String {
        format!("SW{}", self.p)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        Ok(self.solve(x, y)?.estimate())
    }

    crate::estimate::distance!(|d| d.p);
}
