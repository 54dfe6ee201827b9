//! Directions on the sphere: drawn, drawn in orthogonal blocks, spread out evenly, or given.

use std::f64::consts::{PI, TAU};

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::measure::Points;
use crate::numeric::parallel;
use crate::numeric::random::{ChaCha8Rng, stream};
use crate::sliced::sobol::{DIMENSIONS, Sobol};

/// How the directions of the slices are chosen.
///
/// In all cases every single direction is uniform on the sphere, so that the mean over them is unbiased; they differ in how
/// independent the directions are of each other.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Method {
    /// [`QuasiMonteCarlo`](Self::QuasiMonteCarlo) in the plane, [`Orthogonal`](Self::Orthogonal) above.
    #[default]
    Auto,
    /// Independent directions.
    MonteCarlo,
    /// Blocks of d directions, each a random orthonormal basis. Quadratic functions of the direction are integrated without
    /// error by each block, and so is most of W₂² (Rowland et al., "Orthogonal estimation of Wasserstein distances",
    /// AISTATS 2019).
    Orthogonal,
    /// Points that cover the sphere evenly, in 16 independent randomisations whose spread gives the standard error: equal
    /// angles with a random shift (d = 2), a Fibonacci spiral under a random rotation (d = 3), Sobol' points with Owen's
    /// scrambling, mapped by the normal quantile function, above (Nguyen, Bariletto, Ho, "Quasi-Monte Carlo for 3D sliced
    /// Wasserstein", ICLR 2024). From the 33rd coordinate on the mapped numbers are random.
    QuasiMonteCarlo,
    /// The user's own: one direction a row, scaled to length 1 here. The number of directions is that of the rows, and the
    /// standard error is that of independent directions.
    Given(Points),
}

/// Up to so many dimensions evenly spread points are as good as orthogonal blocks: measured, see `docs/benchmarks.md`.
const EVENLY_UP_TO: usize = 2;
/// The most coordinates of orthogonal blocks that are kept (128 MB).
const MOST_KEPT: usize = 1 << 24;
/// Independent randomisations of evenly spread points.
const REPLICATES: usize = 16;
/// The fewest points of one randomisation.
const FEWEST: usize = 4;

/// `count` directions in R^d by one method: row k can be written without the others.
#[derive(Debug)]
pub(super) struct Directions {
    dim: usize,
    count: usize,
    seed: u64,
    plan: Plan,
}

#[derive(Debug)]
enum Plan {
    Independent,
    /// All rows, or none where they would take too much memory: then each block is made when it is asked for.
    Blocks {
        kept: Vec<f64>,
    },
    Even {
        replicates: usize,
        sobol: Sobol,
    },
    Given(Vec<f64>),
}

impl Method {
    /// What [`Method::Auto`] stands for in `dim` dimensions.
    pub(super) fn chosen(&self, dim: usize) -> Self {
        match self {
            Self::Auto if dim <= EVENLY_UP_TO => Self::QuasiMonteCarlo,
            Self::Auto => Self::Orthogonal,
            other => other.clone(),
        }
    }

    /// Whether the directions of a longer list begin with those of a shorter one.
    pub(super) fn is_nested(&self) -> bool {
        matches!(self, Self::MonteCarlo | Self::Orthogonal)
    }

    /// What a report calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Auto => "sliced",
            Self::MonteCarlo => "sliced, Monte Carlo",
            Self::Orthogonal => "sliced, orthogonal blocks",
            Self::QuasiMonteCarlo => "sliced, quasi-Monte Carlo",
            Self::Given(_) => "sliced, given directions",
        }
    }
}

impl Directions {
    /// `count` directions by `method`, which is not `Auto`.
    pub(super) fn new(method: &Method, dim: usize, count: usize, seed: u64) -> Result<Self> {
        let plan = match method {
            Method::MonteCarlo => Plan::Independent,
            Method::Orthogonal if dim * count <= MOST_KEPT => {
                let block = |k: usize| orthonormal(&mut stream(seed, k as u64), dim, dim.min(count - k * dim));
                let blocks = parallel::map(count.div_ceil(dim), block);
                Plan::Blocks { kept: blocks.concat() }
            }
            Method::Orthogonal => Plan::Blocks { kept: Vec::new() },
            Method::QuasiMonteCarlo | Method::Auto => {
                let replicates = (count / FEWEST).clamp(1, REPLICATES);
                Plan::Even { replicates, sobol: Sobol::new(if dim > 3 { dim.min(DIMENSIONS) } else { 1 }) }
            }
            Method::Given(points) => Plan::Given(unit_rows(points, dim)?),
        };
        let count = if let Plan::Given(rows) = &plan { rows.len() / dim } else { count };
        Ok(Self { dim, count, seed, plan })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Where each group of directions ends that is independent of the others.
    pub(super) fn groups(&self) -> Vec<usize> {
        match &self.plan {
            Plan::Independent | Plan::Given(_) => (1..=self.count).collect(),
            Plan::Blocks { .. } => {
                (1..=self.count.div_ceil(self.dim)).map(|b| (b * self.dim).min(self.count)).collect()
            }
            Plan::Even { replicates, .. } => (1..=*replicates).map(|r| r * self.count / replicates).collect(),
        }
    }

    /// Appends directions `range` to `out`, row by row.
    pub(super) fn write(&self, range: std::ops::Range<usize>, out: &mut Vec<f64>) {
        let dim = self.dim;
        match &self.plan {
            Plan::Given(rows) => out.extend_from_slice(&rows[range.start * dim..range.end * dim]),
            Plan::Independent => {
                for k in range {
                    push_uniform(&mut stream(self.seed, k as u64), dim, out);
                }
            }
            Plan::Blocks { kept } if !kept.is_empty() => {
                out.extend_from_slice(&kept[range.start * dim..range.end * dim]);
            }
            Plan::Blocks { .. } => {
                for block in range.start / dim..range.end.div_ceil(dim) {
                    let (from, to) =
                        (range.start.max(block * dim) - block * dim, range.end.min((block + 1) * dim) - block * dim);
                    let basis = orthonormal(&mut stream(self.seed, block as u64), dim, to);
                    out.extend_from_slice(&basis[from * dim..]);
                }
            }
            Plan::Even { replicates, sobol } => {
                let end = |r: usize| r * self.count / replicates;
                let first = (0..*replicates).find(|&r| range.start < end(r + 1)).unwrap_or(0);
                for r in first..*replicates {
                    let (from, to) = (range.start.max(end(r)), range.end.min(end(r + 1)));
                    if from < to {
                        let places = from - end(r)..to - end(r);
                        evenly(&mut stream(self.seed, r as u64), dim, places, end(r + 1) - end(r), sobol, out);
                    }
                }
            }
        }
    }

    /// Every variant, row by row.
    pub(super) fn all(&self) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.count * self.dim);
        self.write(0..self.count, &mut out);
        out
    }
}

/// The user's directions, each of length 1.
fn unit_rows(points: &Points, dim: usize) -> Result<Vec<f64>> {
    require_dimension("directions", points.dim(), dim)?;
    let mut rows = points.as_slice().to_vec();
    for (point, row) in rows.chunks_exact_mut(dim).enumerate() {
        if !normalise(row) {
            return Err(Error::new(
                "directions",
                ErrorKind::Undefined { point, reason: "is 0; a direction has a length" },
            ));
        }
    }
    Ok(rows)
}

/// Scales a vector to length 1; false where it has none.
pub(super) fn normalise(row: &mut [f64]) -> bool {
    let largest = row.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if largest == 0.0 {
        return false;
    }
    row.iter_mut().for_each(|v| *v /= largest);
    let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
    row.iter_mut().for_each(|v| *v /= length);
    true
}

/// Appends one uniform direction.
pub(super) fn push_uniform(random: &mut ChaCha8Rng, dim: usize, out: &mut Vec<f64>) {
    let start = out.len();
    loop {
        out.extend((0..dim).map(|_| -> f64 { StandardNormal.sample(random) }));
        if normalise(&mut out[start..]) {
            return;
        }
        out.truncate(start);
    }
}

/// The first `count` rows of a random orthogonal matrix: Gaussian rows, made orthogonal one after the other (twice, for the
/// last digits). A shorter list is the beginning of a longer one.
pub(super) fn orthonormal(random: &mut ChaCha8Rng, dim: usize, count: usize) -> Vec<f64> {
    let mut basis = Vec::with_capacity(count * dim);
    while basis.len() < count * dim {
        let start = basis.len();
        push_uniform(random, dim, &mut basis);
        let (before, row) = basis.split_at_mut(start);
        let mut left = 1.0_f64;
        for _ in 0..2 {
            for other in before.chunks_exact(dim) {
                let along: f64 = other.iter().zip(&*row).map(|(o, r)| o * r).sum();
                row.iter_mut().zip(other).for_each(|(r, o)| *r -= along * o);
            }
            left = left.min(row.iter().map(|v| v * v).sum::<f64>().sqrt());
        }
        // A row that lies in the span of the others to rounding, if it ever comes, is drawn again.
        if left < 1e-10 || !normalise(&mut basis[start..]) {
            basis.truncate(start);
        }
    }
    basis
}

/// Appends points `places` of a randomised, evenly spread set of `count` directions.
fn evenly(
    random: &mut ChaCha8Rng,
    dim: usize,
    places: std::ops::Range<usize>,
    count: usize,
    sobol: &Sobol,
    out: &mut Vec<f64>,
) {
    match dim {
        1 => out.extend(places.map(|_| 1.0)),
        2 => {
            // θ and −θ give the same slice: half a circle is enough.
            let shift: f64 = random.random();
            out.extend(places.flat_map(|k| {
                let (sine, cosine) = (PI * (k as f64 + shift) / count as f64).sin_cos();
                [cosine, sine]
            }));
        }
        3 => {
            // Swinbank & Purser, Q. J. R. Meteorol. Soc. 132 (2006), on the upper half.
            let axes = orthonormal(random, 3, 3);
            let golden = 0.5 * (5_f64.sqrt() - 1.0);
            for k in places {
                let height = (k as f64 + 0.5) / count as f64;
                let radius = (1.0 - height * height).sqrt();
                let (sine, cosine) = (TAU * (k as f64 * golden).fract()).sin_cos();
                let start = out.len();
                out.extend(
                    (0..3).map(|i| radius * cosine * axes[i] + radius * sine * axes[3 + i] + height * axes[6 + i]),
                );
                normalise(&mut out[start..]);
            }
        }
        _ => {
            let seeds: Vec<u32> = (0..dim.min(DIMENSIONS)).map(|_| random.random()).collect();
            let seed: u64 = random.random();
            for k in places {
                let start = out.len();
                out.extend(
                    seeds.iter().enumerate().map(|(j, &seed)| normal_quantile(sobol.coordinate(j, k as u32, seed))),
                );
                let mut rest = stream(seed, k as u64);
                out.extend((DIMENSIONS..dim).map(|_| -> f64 { StandardNormal.sample(&mut rest) }));
                normalise(&mut out[start..]);
            }
        }
    }
}

/// The normal quantile function for probabilities in (10⁻¹¹, 1 − 10⁻¹¹), to 16 digits: Wichura, "Algorithm AS 241", Applied
/// Statistics 37 (1988), PPND16.
fn normal_quantile(probability: f64) -> f64 {
    let centred = probability - 0.5;
    let polynomial = |coefficients: [f64; 8], at: f64| coefficients.iter().fold(0.0, |sum, c| sum * at + c);
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * polynomial(CENTRE.0, r) / polynomial(CENTRE.1, r);
    }
    let r = (-probability.min(1.0 - probability).ln()).sqrt() - 1.6;
    (polynomial(TAIL.0, r) / polynomial(TAIL.1, r)).copysign(centred)
}

#[expect(clippy::excessive_precision, reason = "as the paper prints them")]
const CENTRE: ([f64; 8], [f64; 8]) = (
    [
        2.509_080_928_730_122_672_7e3,
        3.343_057_558_358_812_810_5e4,
        6.726_577_092_700_870_085_3e4,
        4.592_195_393_154_987_145_7e4,
        1.373_169_376_550_946_112_5e4,
        1.971_590_950_306_551_442_7e3,
        1.331_416_678_917_843_774_5e2,
        3.387_132_872_796_366_608_0,
    ],
    [
        5.226_495_278_852_854_561_0e3,
        2.872_908_573_572_194_267_4e4,
        3.930_789_580_009_271_061_0e4,
        2.121_379_430_158_659_586_7e4,
        5.394_196_021_424_751_107_7e3,
        6.871_870_074_920_579_083_0e2,
        4.231_333_070_160_091_125_2e1,
        1.0,
    ],
);
#[expect(clippy::excessive_precision, reason = "as the paper prints them")]
const TAIL: ([f64; 8], [f64; 8]) = (
    [
        7.745_450_142_783_414_076_40e-4,
        2.272_384_498_926_918_458_33e-2,
        2.417_807_251_774_506_117_70e-1,
        1.270_458_252_452_368_382_58,
        3.647_848_324_763_204_605_04,
        5.769_497_221_460_691_405_50,
        4.630_337_846_156_545_295_90,
        1.423_437_110_749_683_577_34,
    ],
    [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946_00e-4,
        1.519_866_656_361_645_719_66e-2,
        1.481_039_764_274_800_745_90e-1,
        6.897_673_349_851_000_045_50e-1,
        1.676_384_830_183_803_849_40,
        2.053_191_626_637_758_821_87,
        1.0,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWN: [Method; 3] = [Method::MonteCarlo, Method::Orthogonal, Method::QuasiMonteCarlo];

    #[test]
    fn directions_have_length_one_and_do_not_depend_on_how_they_are_asked_for() {
        for method in DRAWN {
            for (dim, count) in [(1, 3), (2, 37), (3, 100), (5, 64), (40, 90)] {
                let directions = Directions::new(&method, dim, count, 7).unwrap();
                let all = directions.all();
                assert_eq!((all.len(), *directions.groups().last().unwrap()), (dim * count, count));
                for row in all.chunks_exact(dim) {
                    assert!((row.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-14, "{method:?} {row:?}");
                }
                let mut parts = Vec::new();
                for start in (0..count).step_by(13) {
                    directions.write(start..(start + 13).min(count), &mut parts);
                }
                assert_eq!(parts, all, "{method:?} d = {dim}");
            }
        }
    }

    #[test]
    fn every_method_is_uniform_in_its_second_and_fourth_moments() {
        // E θ₁² = 1/d and E θ₁⁴ = 3 / (d (d + 2)) on the sphere.
        for method in DRAWN {
            for dim in [2, 3, 4, 40] {
                let count = 40_000;
                let all = Directions::new(&method, dim, count, 3).unwrap().all();
                for axis in [0, 1, dim - 1] {
                    let moment =
                        |power| all.iter().skip(axis).step_by(dim).map(|v| v.powi(power)).sum::<f64>() / count as f64;
                    let d = dim as f64;
                    // Five standard errors of independent directions.
                    let tolerance = |power: f64| 5.0 * (15.0 / d.powf(power) / count as f64).sqrt();
                    assert!((moment(2) - 1.0 / d).abs() < tolerance(2.0), "{method:?} {dim}: {}", moment(2));
                    assert!((moment(4) - 3.0 / (d * (d + 2.0))).abs() < 7.0 * tolerance(4.0), "{method:?} {dim}");
                    let odd = all.iter().skip(axis).step_by(dim).zip(all.iter().skip((axis + 1) % dim).step_by(dim));
                    let cross = odd.map(|(u, v)| u * v).sum::<f64>() / count as f64;
                    assert!(cross.abs() < tolerance(2.0), "{method:?} {dim}: {cross}");
                }
            }
        }
    }

    #[test]
    fn blocks_are_orthonormal_and_longer_lists_begin_with_shorter_ones() {
        let directions = Directions::new(&Method::Orthogonal, 6, 15, 1).unwrap();
        let all = directions.all();
        for (i, u) in all[..36].chunks_exact(6).enumerate() {
            for (j, v) in all[..36].chunks_exact(6).enumerate() {
                let product: f64 = u.iter().zip(v).map(|(u, v)| u * v).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-15 * 10.0);
            }
        }
        let longer = Directions::new(&Method::Orthogonal, 6, 40, 1).unwrap().all();
        assert_eq!(longer[..all.len()], all);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, quantile) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.1, -1.281_551_565_544_600_4),
            (1e-9, -5.997_807_015_007_686_5),
        ] {
            assert!((normal_quantile(probability) - quantile).abs() < 1e-14, "{probability}");
        }
    }

    #[test]
    fn given_directions_are_scaled_and_zero_is_refused() {
        let given = |rows: Vec<[f64; 2]>| {
            let points = Points::from_rows(rows.concat(), 2).unwrap();
            Directions::new(&Method::Given(points), 2, 5, 0)
        };
        assert_eq!(given(vec![[3.0, 4.0]]).unwrap().all(), [0.6, 0.8]);
        let message = given(vec![[1.0, 0.0], [0.0, 0.0]]).unwrap_err().to_string();
        assert_eq!(message, "directions: point 1 is 0; a direction has a length");
    }
}
