//! Two samples made ready for slicing, and the slices themselves.

use crate::cost::unit_of_length;
use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::exact::line::sort::{Scratch, Sorted, sort_values};
use crate::measure::{Samples, Weights};
use crate::numeric::ranges;
use crate::simd::{TILE_POINTS, project, tiled};
use crate::sliced::merge::{Counts, counts, merge_uniform, merge_weighted, pair_off};
use crate::transport::Root;

/// A quarter of the numbers that the projections of one batch of directions should take: 2 MB, about a second-level cache.
const BATCH: usize = 1 << 16;

/// One sample, moved and scaled as its partner is.
#[derive(Debug)]
pub(super) struct Side {
    /// The coordinates row by row, in units of `Pair::unit` from a common origin.
    pub(super) rows: Vec<f64>,
    tiles: Vec<f64>,
    pub(super) len: usize,
    /// Masses of total 1; `None` where all are equal.
    shares: Option<Vec<f64>>,
}

/// How much each point holds.
#[derive(Debug)]
enum Masses {
    /// n = m and all masses are equal.
    Equal,
    /// All masses of a side are equal.
    Uniform,
    /// Whole counts of one total.
    Counted(Counts),
}

/// Two samples, checked together and made ready for projection.
///
/// Both are moved to a common origin where they lie far from it, so that offsets of 10⁸ cost no digits, and scaled by a power of
/// two where powers of lengths would leave the range of floating point.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) x: Side,
    pub(super) y: Side,
    pub(super) dim: usize,
    pub(super) p: f64,
    /// Lengths are multiples of this.
    pub(super) unit: f64,
    /// The mass that each side holds.
    pub(super) mass: f64,
    masses: Masses,
}

/// What one slice gives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Slice {
    /// The mean of |x − y|^p over the optimal pairing of the projections, in units.
    pub(super) cost: f64,
    /// Difference of the two means, and the two variances, of the projections.
    pub(super) moments: [f64; 3],
}

/// Memory of one thread.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    x: Vec<f64>,
    y: Vec<f64>,
    spare: Vec<f64>,
    scratch: Scratch,
}

impl Pair {
    /// Checks that the two samples can be compared.
    pub(super) fn new(x: &Samples, y: &Samples, p: f64) -> Result<Self> {
        require_dimension("y", y.dim(), x.dim())?;
        x.weights().require_equal_total(y.weights())?;
        let (sides, unit) = placed(x, y, p)?;
        let masses = match (x.weights().is_uniform(), y.weights().is_uniform(), x.len() == y.len()) {
            (true, true, true) => Masses::Equal,
            (true, true, false) => Masses::Uniform,
            _ => Masses::Counted(counts(x.weights(), y.weights())),
        };
        let [x_side, y_side] = sides;
        Ok(Self { x: x_side, y: y_side, dim: x.dim(), p, unit, mass: x.total(), masses })
    }

    /// How far W_p of a slice, or of the points as they are held here, may be from that of the points as given, by rounding alone.
    ///
    /// Moving the points rounds each coordinate, and a projection sums d products of norm at most that of a point: both shift each point
    /// by at most d + 8 roundings of the farthest one, and W_p by at most that much for a unit of mass on either side.
    pub(super) fn rounding(&self) -> f64 {
        let farthest = [&self.x, &self.y].map(|side| {
            let squares = side.rows.chunks_exact(self.dim).map(|row| row.iter().map(|v| v * v).sum::<f64>());
            squares.fold(0.0, f64::max).sqrt()
        });
        let shift = (self.dim as f64 + 8.0) * f64::EPSILON * (farthest[0] + farthest[1]);
        shift * self.root().of(self.mass)
    }

    /// How many directions are worked on together.
    pub(super) fn batch(&self) -> usize {
        (BATCH / (self.x.len + self.y.len)).clamp(1, 8) * 4
    }

    /// The distance that a mean cost of a slice, for all the mass, amounts to.
    pub(super) fn rooted(&self, mean_cost: f64) -> f64 {
        self.root().of(mean_cost.max(0.0) * self.mass)
    }

    /// What makes a distance of a cost.
    pub(super) fn root(&self) -> Root {
        Root::in_unit(self.p, self.unit)
    }

    /// Slices along some directions, given row by row; `moments` too where they are asked for.
    pub(super) fn slices(&self, directions: &[f64], moments: bool, space: &mut Workspace, out: &mut Vec<Slice>) {
        let count = directions.len() / self.dim;
        let (width_x, width_y) = (self.x.width(), self.y.width());
        space.x.resize(count * width_x, 0.0);
        space.y.resize(count * width_y, 0.0);
        project(&self.x.tiles, directions, self.dim, &mut space.x);
        project(&self.y.tiles, directions, self.dim, &mut space.y);
        for k in 0..count {
            let (x, y) = (&mut space.x[k * width_x..][..self.x.len], &mut space.y[k * width_y..][..self.y.len]);
            let moments = if moments {
                let ((mean_x, variance_x), (mean_y, variance_y)) = (self.x.moments(x), self.y.moments(y));
                [mean_x - mean_y, variance_x, variance_y]
            } else {
                [0.0; 3]
            };
            let cost = self.cost_of(x, y, self.p, &mut space.spare, &mut space.scratch);
            out.push(Slice { cost, moments });
        }
    }

    /// The mean of |x − y|^p over the optimal pairing of projected points, which are sorted in place where that serves.
    pub(super) fn cost_of(
        &self,
        x: &mut [f64],
        y: &mut [f64],
        p: f64,
        spare: &mut Vec<f64>,
        scratch: &mut Scratch,
    ) -> f64 {
        if let Masses::Counted(counts) = &self.masses {
            let (x, y) = (Sorted::new(x, scratch), Sorted::new(y, scratch));
            return merge_weighted(p, &x, &y, counts);
        }
        if spare.len() < x.len().max(y.len()) {
            spare.resize(x.len().max(y.len()), 0.0);
        }
        sort_values(x, spare);
        sort_values(y, spare);
        if matches!(self.masses, Masses::Equal) { pair_off(p, x, y) } else { merge_uniform(p, x, y) }
    }

    /// All flows of the optimal plan between projected points, as (source, target, share of the mass).
    pub(super) fn flows(&self, x: &[f64], y: &[f64], scratch: &mut Scratch, flow: impl FnMut(usize, usize, f64)) {
        let (x, y) = (Sorted::new(x, scratch), Sorted::new(y, scratch));
        match &self.masses {
            Masses::Counted(counts) => counts.walk(&x.order, &y.order, flow),
            _ => Counts::uniform(self.x.len, self.y.len).walk(&x.order, &y.order, flow),
        }
    }

    /// The mean over all directions of the squared difference of means and of the two variances of the projections: their
    /// traces, divided by d.
    pub(super) fn mean_moments(&self) -> [f64; 3] {
        let ((mean_x, spread_x), (mean_y, spread_y)) = (self.x.spread(self.dim), self.y.spread(self.dim));
        let shift: f64 = mean_x.iter().zip(&mean_y).map(|(x, y)| (x - y) * (x - y)).sum();
        [shift, spread_x, spread_y].map(|sum| sum / self.dim as f64)
    }

    /// Whether mass moves in the slice along one direction, be it by less than a p-th power can hold.
    pub(super) fn moves(&self, direction: &[f64]) -> bool {
        let (x, y) = (self.x.projected(direction), self.y.projected(direction));
        let (mut x, mut y) = (x, y);
        self.cost_of(&mut x, &mut y, 1.0, &mut Vec::new(), &mut Scratch::default()) > 0.0
    }
}

impl Side {
    /// What one row of projections takes.
    fn width(&self) -> usize {
        self.len.next_multiple_of(TILE_POINTS)
    }

    /// All points projected onto one direction.
    pub(super) fn projected(&self, direction: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.width()];
        project(&self.tiles, direction, direction.len(), &mut out);
        out.truncate(self.len);
        out
    }

    /// The share of the mass that point `i` holds.
    pub(super) fn share(&self, i: usize) -> f64 {
        self.shares.as_ref().map_or(1.0 / self.len as f64, |shares| shares[i])
    }

    /// The mean, and the sum of the variances over the coordinates.
    fn spread(&self, dim: usize) -> (Vec<f64>, f64) {
        // Around one of the points, as in `moments`.
        let origin = &self.rows[..dim];
        let (mut sums, mut squares) = (vec![0.0; dim], vec![0.0; dim]);
        for (i, point) in self.rows.chunks_exact(dim).enumerate() {
            let share = self.share(i);
            for k in 0..dim {
                let value = point[k] - origin[k];
                sums[k] += share * value;
                squares[k] += share * value * value;
            }
        }
        let variances = squares.iter().zip(&sums).map(|(square, mean)| (square - mean * mean).max(0.0)).sum();
        (sums.iter().zip(origin).map(|(mean, o)| mean + o).collect(), variances)
    }

    /// Mean and variance of projected points.
    fn moments(&self, values: &[f64]) -> (f64, f64) {
        const LANES: usize = 8;
        let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
        // Around one of them, so that the variance of far points is no difference of large numbers.
        let origin = values[0];
        if let Some(shares) = &self.shares {
            for (k, (value, share)) in values.iter().zip(shares).enumerate() {
                let value = value - origin;
                sums[k % LANES] += share * value;
                squares[k % LANES] += share * value * value;
            }
        } else {
            let (blocks, rest) = values.as_chunks::<LANES>();
            for block in blocks {
                for k in 0..LANES {
                    let value = block[k] - origin;
                    sums[k] += value;
                    squares[k] += value * value;
                }
            }
            for (k, value) in rest.iter().enumerate() {
                let value = value - origin;
                sums[k] += value;
                squares[k] += value * value;
            }
        }
        let total = if self.shares.is_some() { 1.0 } else { values.len() as f64 };
        let (mean, square) = (sums.iter().sum::<f64>() / total, squares.iter().sum::<f64>() / total);
        (origin + mean, (square - mean * mean).max(0.0))
    }
}

/// Both samples moved to a common origin, and the unit of length that they are given in. Their totals may differ.
pub(super) fn placed(x: &Samples, y: &Samples, p: f64) -> Result<([Side; 2], f64)> {
    require_dimension("y", y.dim(), x.dim())?;
    let (origin, longest) = frame(x, y);
    if !longest.is_finite() {
        let why = "the points are farther apart than a 64-bit float can hold; scale them down";
        return Err(Error::new("points", ErrorKind::Unsupported(why.into())));
    }
    let unit = unit_of_length(longest, p);
    let side = |samples: &Samples| {
        let moved = samples.points().iter().flat_map(|point| point.iter().zip(&origin).map(|(v, o)| (v - o) / unit));
        let rows: Vec<f64> = moved.collect();
        let shares = |weights: &Weights| weights.normalised().as_slice().to_vec();
        Side {
            tiles: tiled(&rows, samples.dim()),
            rows,
            len: samples.len(),
            shares: (!samples.weights().is_uniform()).then(|| shares(samples.weights())),
        }
    };
    Ok(([side(x), side(y)], unit))
}

/// An origin for both samples, and a length that no projection from there exceeds twice.
fn frame(x: &Samples, y: &Samples) -> (Vec<f64>, f64) {
    let mut longest = 0.0_f64;
    let of = |side: &Samples| ranges(side.points().as_slice(), side.dim());
    let joint = of(x).into_iter().zip(of(y)).map(|((a, b), (c, d))| (a.min(c), b.max(d)));
    let origin = joint
        .zip(x.point(0))
        .map(|((least, most), &first)| {
            // A point of x, and not the middle: differences of neighbouring numbers are exact.
            let from = if (0.5 * least + 0.5 * most).abs() > most - least { first } else { 0.0 };
            longest = longest.max((most - from).abs()).max((least - from).abs());
            from
        })
        .collect();
    (origin, longest * (x.dim() as f64).sqrt())
}
