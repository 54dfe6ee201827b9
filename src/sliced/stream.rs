//! Sliced transport between samples that come in chunks and are not kept.

use crate::cost::LEAST;
use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::estimate::{Estimate, Evidence, Randomness};
use crate::exact::line::power::with_power;
use crate::measure::IntoPoints;
use crate::numeric::parallel;
use crate::simd::{TILE_POINTS, project, tiled};
use crate::sliced::distance::Sliced;
use crate::sliced::error_bars::mean;
use crate::sliced::merge::merge;
use crate::sliced::method::Directions;
use crate::transport::Root;

/// Sliced transport between two samples that arrive in chunks, in memory that does not grow with them (but for its logarithm).
///
/// Along each direction a sample is a summary: lists of `capacity` sorted numbers, the numbers of list l standing for 2ˡ points
/// each. When two lists of one level meet, they are merged and each two neighbours become their mean. What that moves is added up, so
/// the result says how far it can be from the distance of all points along the same directions: [`Streamed::compression`] is
/// proven by the triangle inequality, and usually many times too large. Up to `capacity` points a side nothing is lost.
///
/// All points weigh the same, whichever chunk they come in.
///
/// # Complexity
/// O(L (d + log n)) for each point; 8 · L · capacity · log₂(n / capacity) bytes a side.
///
/// # References
/// Munro & Paterson, "Selection and sorting with limited storage", Theoretical Computer Science 12 (1980), for the levels;
/// Nguyen, "Streaming sliced optimal transport", 2025.
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::sliced::{Sliced, SlicedStream};
///
/// let sliced = Sliced::new(2.0).with_directions(50);
/// let mut stream = SlicedStream::new(&sliced, 2, 1024)?;
/// for seed in 0..5 {
///     stream.push_x(Gaussian::standard(2)?.sample(1000, seed)?.points())?;
///     stream.push_y(Gaussian::standard(2)?.sample(700, 100 + seed)?.points().view().mapv(|v| v + 3.0))?;
/// }
/// let found = stream.distance()?;
/// assert_eq!(found.sizes, (5000, 3500));
/// assert!((found.value - 3.0).abs() < 0.1 && found.compression < 0.1);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SlicedStream {
    p: f64,
    dim: usize,
    seed: u64,
    directions: Vec<f64>,
    groups: Vec<usize>,
    /// The first point, from which all others are counted: far offsets cost no digits.
    origin: Option<Vec<f64>>,
    x: Vec<Summary>,
    y: Vec<Summary>,
}

/// What [`SlicedStream::distance`] returns.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Streamed {
    /// SW_p between the summaries.
    pub value: f64,
    /// Standard error from the choice of directions; `None` from a single one.
    pub std_error: Option<f64>,
    /// The value is at most this far from that of all points along the same directions: proven, up to rounding.
    pub compression: f64,
    /// How many points came on each side.
    pub sizes: (usize, usize),
    /// The seed.
    pub seed: u64,
}

impl Streamed {
    /// The value, and the 95 % interval that directions and compression leave together.
    pub fn estimate(&self) -> Estimate {
        let evidence = match self.std_error {
            Some(error) if self.compression == 0.0 => Evidence::StandardError(error),
            Some(error) => {
                let reach = 1.96 * error + self.compression;
                Evidence::Interval { lower: (self.value - reach).max(0.0), upper: self.value + reach, level: 0.95 }
            }
            None => Evidence::Unstated,
        };
        Estimate::new(self.value, evidence, "sliced, streamed", self.sizes)
            .with_randomness(Randomness::Directions)
            .with_seed(self.seed)
    }
}

impl SlicedStream {
    /// A stream in R^`dim` with the order, directions, method and seed of `sliced`, and summaries of `capacity` numbers a level
    /// (1024 is a good choice), rounded up to an even number.
    ///
    /// # Errors
    /// When the options of `sliced` are wrong, it asks for a precision (directions cannot be added later), or the dimension or the
    /// capacity is 0.
    pub fn new(sliced: &Sliced, dim: usize, capacity: usize) -> Result<Self> {
        sliced.check()?;
        if sliced.precision.is_some() {
            let why = "points that are gone cannot be projected onto more directions; set their number instead";
            return Err(Error::new("precision", ErrorKind::Unsupported(why.into())));
        }
        crate::error::require("dim", dim as f64, dim > 0, "points have at least one coordinate")?;
        crate::error::require("capacity", capacity as f64, capacity > 0, "a summary holds at least one number")?;
        let count = if dim == 1 { 1 } else { sliced.directions };
        let directions = Directions::new(&sliced.method.chosen(dim), dim, count, sliced.seed)?;
        let empty = vec![Summary::new(capacity.next_multiple_of(2)); directions.len()];
        Ok(Self {
            p: sliced.p,
            dim,
            seed: sliced.seed,
            groups: directions.groups(),
            directions: directions.all(),
            origin: None,
            x: empty.clone(),
            y: empty,
        })
    }

    /// Adds a chunk of the first sample.
    ///
    /// # Errors
    /// When a coordinate is not finite, or the dimension is another.
    pub fn push_x(&mut self, points: impl IntoPoints) -> Result<()> {
        self.push(points, true)
    }

    /// Adds a chunk of the second sample.
    ///
    /// # Errors
    /// As [`push_x`](Self::push_x).
    pub fn push_y(&mut self, points: impl IntoPoints) -> Result<()> {
        self.push(points, false)
    }

    fn push(&mut self, points: impl IntoPoints, first: bool) -> Result<()> {
        let points = points.into_points()?;
        let (dim, p) = (self.dim, self.p);
        require_dimension("points", points.dim(), dim)?;
        let origin = self.origin.get_or_insert_with(|| points.point(0).to_vec());
        let rows: Vec<f64> = points.iter().flat_map(|point| point.iter().zip(&*origin).map(|(v, o)| v - o)).collect();
        let tiles = tiled(&rows, dim);
        let side = if first { &mut self.x } else { &mut self.y };
        parallel::chunks_mut(side, 1, |k, summary| {
            let mut values = vec![0.0; points.len().next_multiple_of(TILE_POINTS)];
            project(&tiles, &self.directions[k * dim..][..dim], dim, &mut values);
            summary[0].extend(&values[..points.len()], p);
        });
        Ok(())
    }

    /// The distance between what has come so far; more may come after.
    ///
    /// # Errors
    /// When a side is still empty, or the powers overflow.
    pub fn distance(&self) -> Result<Streamed> {
        let sizes = (self.x[0].count, self.y[0].count);
        for (argument, count) in [("x", sizes.0), ("y", sizes.1)] {
            if count == 0 {
                return Err(Error::new(argument, ErrorKind::Empty("point")));
            }
        }
        let p = self.p;
        let found = parallel::map(self.x.len().min(self.y.len()), |k| {
            let (x, y) = (&self.x[k], &self.y[k]);
            // Each point of x weighs as many units as y has points, and the other way round.
            let ((x_values, x_counts), (y_values, y_counts)) = (x.weighed(sizes.1), y.weighed(sizes.0));
            let total = with_power!(p, cost => merge(cost, &x_values, &y_values, |i| x_counts[i], |j| y_counts[j]));
            (total / (sizes.0 as f64 * sizes.1 as f64), (x.moved(p) + y.moved(p)).powf(p))
        });
        let costs: Vec<f64> = found.iter().map(|(cost, _)| *cost).collect();
        let mean = mean(&costs, &self.groups);
        if !mean.value.is_finite() {
            let why = "the p-th powers of the distances overflow; lower p, or scale the points down";
            return Err(Error::new("p", ErrorKind::Unsupported(why.into())));
        }
        let ends = |side: &[Summary]| side[0].ends();
        if mean.value < LEAST && ends(&self.x) != ends(&self.y) {
            let why = "the p-th powers of the distances underflow; lower p, or scale the points up";
            return Err(Error::new("p", ErrorKind::Unsupported(why.into())));
        }
        let value = Root::new(p).of(mean.value);
        let relative = |error: f64| if error == 0.0 { 0.0 } else { value * error / (p * mean.value) };
        // Minkowski's inequality over the directions.
        let compression = (found.iter().map(|(_, moved)| moved).sum::<f64>() / found.len() as f64).powf(1.0 / p);
        let std_error = if self.dim == 1 { Some(0.0) } else { mean.std_error.map(relative) };
        Ok(Streamed { value, std_error, compression, sizes, seed: self.seed })
    }
}

/// Many numbers on a line, as few that stand for them.
#[derive(Debug, Clone)]
struct Summary {
    capacity: usize,
    count: usize,
    fresh: Vec<f64>,
    /// Sorted lists of `capacity` numbers, empty or full; those of level l stand for 2ˡ points each.
    levels: Vec<Vec<f64>>,
    /// Σ |shift|^p over the points that merging into level l moved.
    shifts: Vec<f64>,
}

impl Summary {
    fn new(capacity: usize) -> Self {
        Self { capacity, count: 0, fresh: Vec::new(), levels: Vec::new(), shifts: Vec::new() }
    }

    fn extend(&mut self, values: &[f64], p: f64) {
        self.count += values.len();
        for some in values.chunks(self.capacity) {
            let (now, later) = some.split_at(some.len().min(self.capacity - self.fresh.len()));
            self.fresh.extend_from_slice(now);
            if self.fresh.len() == self.capacity {
                let mut full = std::mem::take(&mut self.fresh);
                full.sort_unstable_by(f64::total_cmp);
                self.carry(full, p);
            }
            self.fresh.extend_from_slice(later);
        }
    }

    /// Puts a full list at the lowest level; two of one level make one of the next, as digits do.
    fn carry(&mut self, mut list: Vec<f64>, p: f64) {
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
                self.shifts.push(0.0);
            }
            let held = std::mem::take(&mut self.levels[level]);
            if held.is_empty() {
                self.levels[level] = list;
                return;
            }
            list.extend(held);
            // Two sorted runs: the standard sort merges them in linear time.
            list.sort_by(f64::total_cmp);
            let weight = (level as f64).exp2();
            let shift = |pair: &[f64]| 2.0 * (0.5 * (pair[1] - pair[0])).powf(p);
            if level + 1 == self.shifts.len() {
                self.levels.push(Vec::new());
                self.shifts.push(0.0);
            }
            self.shifts[level + 1] += weight * list.chunks_exact(2).map(shift).sum::<f64>();
            list = list.chunks_exact(2).map(|pair| 0.5 * pair[0] + 0.5 * pair[1]).collect();
        }
    }

    /// The numbers in increasing order, and `units` for each point that they stand for.
    fn weighed(&self, units: usize) -> (Vec<f64>, Vec<u64>) {
        let levels = self.levels.iter().enumerate();
        let levels = levels.flat_map(|(level, list)| list.iter().map(move |&v| (v, (units as u64) << level)));
        let mut all: Vec<(f64, u64)> = self.fresh.iter().map(|&v| (v, units as u64)).chain(levels).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        all.into_iter().unzip()
    }

    /// The least and the largest number.
    fn ends(&self) -> [f64; 2] {
        let all = self.fresh.iter().chain(self.levels.iter().flatten());
        all.fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], &v| [least.min(v), most.max(v)])
    }

    /// At most so far in W_p is the summary from the numbers: a step for each level.
    fn moved(&self, p: f64) -> f64 {
        self.shifts.iter().map(|shift| (shift / self.count as f64).powf(1.0 / p)).sum()
    }
}
