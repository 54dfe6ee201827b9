//! Costs that are squared distances or their roots, from coordinates.

use super::layout::{LANES, ROWS, Run, TILE, blocks_of};
use super::normal;
use super::powers::{CHUNK, Costs, Distances, Exponents, Powers, Products, SinglePowers, Source};
use super::share::{Lanes, Share};
use crate::simd;

/// How far out points may lie, relative to a typical cost, for costs by inner products to keep their digits.
const INNER: f64 = 1e3;
/// The error of an exponent, in bits, that inner products may cause.
const HARMLESS: f64 = 1e-10;
/// Exponents, in bits, up to which inner products may be taken in single precision: their errors are a hundred-thousandth at most, and
/// most often a tenth of that.
const SINGLE: f64 = 100.0;
/// Dimension from which a cost takes longer to compute than to read from where it was kept.
pub(super) const EXPENSIVE_DIM: usize = 16;

/// `scale` times the squared Euclidean distance, or its root.
pub(super) struct Square {
    pub(super) dim: usize,
    /// Points in blocks of rows, and of columns.
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) root: bool,
    pub(super) scale: f64,
    inner: Option<Inner>,
    /// About the mean cost.
    typical: f64,
}

/// Points around the mean of the targets, for |x|² + |y|² − 2 ⟨x, y⟩: half the work of differences, where its rounding is far
/// below what an exponent is good for.
struct Inner {
    x: Vec<f64>,
    y: Vec<f64>,
    x_norms: Vec<f64>,
    y_norms: Vec<f64>,
    /// The same points in single precision.
    single: Option<[Vec<f32>; 2]>,
    /// The largest |x|² plus the largest |y|².
    reach: f64,
}

/// What a row of tiles is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Powers,
    PowersAndCosts,
}

impl Square {
    /// Between points in the order of the solver, point by point.
    pub(super) fn new((x, y): (&[f64], &[f64]), dim: usize, (root, scale): (bool, f64), typical: f64) -> Self {
        let inner = (dim > 3 && !root).then(|| Inner::new((x, y), dim));
        let (x, y) = (blocks_of(x, dim, ROWS), blocks_of(y, dim, LANES));
        Self { dim, x, y, root, scale, inner, typical }
    }

    /// How far costs by inner products may be off; 0 where differences are taken.
    pub(super) fn slack(&self) -> f64 {
        match &self.inner {
            Some(inner) if self.scale * inner.reach <= INNER * self.typical => {
                // Products and norms of d terms, each rounded once, and the sum of the three.
                self.scale * inner.reach * f64::EPSILON * (self.dim as f64 + 8.0)
            }
            _ => 0.0,
        }
    }

    /// Writes the costs of the tiles of `runs` in row block `block`, good enough for exponents at `rate`.
    pub(super) fn costs(&self, block: usize, runs: &[Run], rate: f64, out: &mut [f64]) {
        self.with(block, self.slack() > 0.0 && self.serves(rate), CostsOf { runs, out });
    }

    /// Writes powers, and the costs into `room` if they are asked for. Returns the sums of the rows.
    pub(super) fn powers<T: Share>(
        &self,
        (block, runs): (usize, &[Run]),
        exponents: Exponents,
        ask: Ask,
        room: &mut Vec<f64>,
        out: &mut [T],
    ) -> Lanes {
        let Exponents { rate, .. } = exponents;
        if ask == Ask::Powers
            && let Some(inner) = self.inner.as_ref().filter(|inner| rate * self.scale * inner.reach <= SINGLE)
            && let Some(single) = &inner.single
            && let Some(out) = T::single(out)
        {
            let exponents = Exponents { rate: rate * self.scale, ..exponents };
            return simd::run(inner.single_powers(self.dim, single, (block, runs), exponents, out));
        }
        let inner = self.serves(rate) && (ask == Ask::Powers || self.slack() > 0.0);
        let stay = ask == Ask::PowersAndCosts;
        room.resize(if stay { out.len() } else { CHUNK * TILE }, 0.0);
        self.with(block, inner, PowersOf { exponents, runs, costs: room, stay, out })
    }

    /// Potentials of the columns at `rate` to begin with, from the means and variances of the points.
    pub(super) fn normal_potentials(&self, a: &[f64], b: &[f64], rate: f64) -> Option<Vec<f64>> {
        if self.root { None } else { normal::potentials((&self.x, &self.y), (a, b), self.dim, rate * self.scale) }
    }

    /// Whether inner products do no harm to exponents at `rate`.
    fn serves(&self, rate: f64) -> bool {
        self.inner.as_ref().is_some_and(|inner| rate * self.scale * inner.reach * 4.0 * f64::EPSILON < HARMLESS)
    }

    /// What a job does with the costs of a row of tiles: from inner products, if they serve, or from differences.
    fn with<J: Job>(&self, block: usize, inner: bool, job: J) -> J::Output {
        let &Self { dim, scale, .. } = self;
        if let Some(inner) = self.inner.as_ref().filter(|_| inner) {
            return job.with(inner.products(dim, block, scale));
        }
        let (x, y) = (&self.x[block * ROWS * dim..][..ROWS * dim], &self.y[..]);
        if self.root {
            job.with(Distances::<true> { dim, x, y, scale })
        } else {
            job.with(Distances::<false> { dim, x, y, scale })
        }
    }
}

impl Inner {
    fn new((x, y): (&[f64], &[f64]), dim: usize) -> Self {
        let m = (y.len() / dim) as f64;
        let middle: Vec<f64> = (0..dim).map(|k| y.iter().skip(k).step_by(dim).sum::<f64>() / m).collect();
        let [x, y] =
            [x, y].map(|flat| flat.iter().zip(middle.iter().cycle()).map(|(v, c)| v - c).collect::<Vec<f64>>());
        let norms = |flat: &[f64], block: usize| -> Vec<f64> {
            let mut norms: Vec<f64> = flat.chunks_exact(dim).map(|p| p.iter().map(|v| v * v).sum()).collect();
            norms.resize(norms.len().next_multiple_of(block), 0.0);
            norms
        };
        let (x_norms, y_norms) = (norms(&x, ROWS), norms(&y, LANES));
        let reach = [&x_norms, &y_norms].map(|norms| norms.iter().fold(0.0, |m: f64, v| m.max(*v))).iter().sum();
        let (x, y) = (blocks_of(&x, dim, ROWS), blocks_of(&y, dim, LANES));
        // (Where costs are kept, nobody asks for these.)
        let single = (dim < EXPENSIVE_DIM).then(|| [&x, &y].map(|side| side.iter().map(|v| *v as f32).collect()));
        Self { x, y, x_norms, y_norms, single, reach }
    }

    fn products(&self, dim: usize, block: usize, scale: f64) -> Products<'_> {
        let x = &self.x[block * ROWS * dim..][..ROWS * dim];
        let x_norms = &self.x_norms[block * ROWS..][..ROWS];
        Products { dim, x, y: &self.y, x_norms, y_norms: &self.y_norms, scale }
    }

    fn single_powers<'p>(
        &'p self,
        dim: usize,
        [x, y]: &'p [Vec<f32>; 2],
        (block, runs): (usize, &'p [Run]),
        exponents: Exponents<'p>,
        out: &'p mut [f32],
    ) -> SinglePowers<'p> {
        let x = &x[block * ROWS * dim..][..ROWS * dim];
        let x_norms = &self.x_norms[block * ROWS..][..ROWS];
        SinglePowers { dim, x, y, x_norms, y_norms: &self.y_norms, exponents, runs, out }
    }
}

/// A loop over costs, whatever their source.
trait Job {
    type Output;

    fn with(self, source: impl Source) -> Self::Output;
}

struct CostsOf<'a> {
    runs: &'a [Run],
    out: &'a mut [f64],
}

impl Job for CostsOf<'_> {
    type Output = ();

    fn with(self, source: impl Source) {
        simd::run(Costs { source, runs: self.runs, out: self.out });
    }
}

struct PowersOf<'a, T> {
    exponents: Exponents<'a>,
    runs: &'a [Run],
    costs: &'a mut [f64],
    stay: bool,
    out: &'a mut [T],
}

impl<T: Share> Job for PowersOf<'_, T> {
    type Output = Lanes;

    fn with(self, source: impl Source) -> Lanes {
        let Self { exponents, runs, costs, stay, out } = self;
        simd::run(Powers { source, exponents, runs, costs, stay, out })
    }
}
