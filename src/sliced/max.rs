//! The slice that shows the largest distance.

use std::time::{Duration, Instant};

use nalgebra::{DMatrix, SymmetricEigen};

use crate::error::{Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Kind, Note};
use crate::exact::line::sort::Scratch;
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::sliced::method::{Directions, Method, normalise};
use crate::sliced::pair::{Pair, Workspace};
use crate::transport::{Interrupt, Progress, Silent, Status, Watch};

/// Random directions that are tried for each start.
const TRIED_PER_START: usize = 16;
/// Covariances are compared up to so many dimensions: their eigenvectors cost O(d³).
const MOST_DIMENSIONS: usize = 256;
/// A step counts if it gains this part of what the slope promises (Armijo).
const GAIN: f64 = 1e-4;
/// How often a step is halved before the direction counts as a maximum of a function with corners.
const HALVINGS: usize = 30;

/// The max-sliced Wasserstein distance: the largest W_p(θ·x, θ·y) over all directions θ.
///
/// Random directions do not find it in high dimension: of a unit shift in R⁵⁰, the best of a thousand shows less than half.
/// Here the cost of the slice is climbed: along the great circle of its Riemannian gradient G − (θ·G) θ, with
/// G = Σ P_ij p |t_ij|^(p−1) sign(t_ij) (x_i − y_j) and t_ij = θ·(x_i − y_j), by steps that begin with the power iteration θ ← G / |G| and are halved or
/// doubled as the cost says. The starts are the difference of the means, the
/// directions in which the covariances differ most, and the best of some random ones.
///
/// The value is attained by the direction returned, so it is a lower bound on the maximum and on W_p; that it is the maximum is
/// not proven. [`MaxSlice::stationarity`] says how steep the cost still is. With finitely many points the cost has corners, at
/// which a maximum need not be flat.
///
/// # Complexity
/// Each step costs some slices, O((n + m) (d + log(n + m))); the starts run in parallel.
///
/// # References
/// Deshpande et al., "Max-sliced Wasserstein distance and its use for GANs", CVPR 2019; Lin et al., "Projection robust
/// Wasserstein distance and Riemannian optimization", NeurIPS 2020.
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::sliced::MaxSliced;
///
/// let x = Gaussian::standard(50)?.sample(200, 1)?;
/// let mut moved = x.points().view().to_owned();
/// moved.column_mut(7).iter_mut().for_each(|v| *v += 1.0);
/// let slice = MaxSliced::default().solve(&x, &Samples::new(moved)?)?;
/// assert!(slice.value >= 0.999 && slice.direction[7].abs() >= 0.99);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MaxSliced {
    /// The order p ≥ 1; 2 by default.
    pub p: f64,
    /// From how many directions to climb; 8 by default.
    pub starts: usize,
    /// The most steps of each climb; 300 by default.
    pub steps: usize,
    /// A climb ends where |Riemannian gradient| / (p · cost), the tangent of the angle to the next power iteration, is below
    /// this; 1e-6 by default.
    pub tolerance: f64,
    /// The seed of the random starts; 0 by default.
    pub seed: u64,
    /// When to end early; iterations are steps of a climb.
    pub interrupt: Interrupt,
}

impl Default for MaxSliced {
    fn default() -> Self {
        Self { p: 2.0, starts: 8, steps: 300, tolerance: 1e-6, seed: 0, interrupt: Interrupt::default() }
    }
}

/// The best slice that [`MaxSliced`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MaxSlice {
    /// W_p of the slice, for all the mass.
    pub value: f64,
    /// Proven: the largest slice, and W_p, are at least this. The value less what rounding of the projections may have added.
    pub lower: f64,
    /// Its direction, of length 1.
    pub direction: Vec<f64>,
    /// |Riemannian gradient| / (p · cost) there: 0 at a smooth maximum.
    pub stationarity: f64,
    /// The values that the climbs reached, the largest first: agreement of several speaks for a global maximum.
    pub climbs: Vec<f64>,
    /// `Converged` at a stationary direction, `Stalled` at a corner that no step improves, or the limit that came first.
    pub status: Status,
    /// Steps of all climbs together.
    pub steps: u64,
    /// Wall-clock time.
    pub time: Duration,
    /// Number of points on the two sides.
    pub sizes: (usize, usize),
    /// The seed.
    pub seed: u64,
}

impl MaxSlice {
    /// The value as a lower bound.
    pub fn estimate(&self) -> Estimate {
        let evidence = Evidence::Bounds { lower: self.lower, upper: f64::INFINITY };
        let estimate = Estimate::new(self.value, evidence, "max-sliced", self.sizes).of_kind(Kind::LowerBound);
        let estimate = estimate.with_seed(self.seed);
        let ended = matches!(self.status, Status::Converged | Status::Stalled);
        if ended { estimate } else { estimate.with_note(Note::NotConverged) }
    }
}

/// Where a climb stands.
struct Climb {
    direction: Vec<f64>,
    cost: f64,
    stationarity: f64,
    steps: u64,
    status: Status,
}

impl MaxSliced {
    /// The distance of order `p`.
    pub fn new(p: f64) -> Self {
        Self { p, ..Self::default() }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The largest slice between `x` and `y`.
    ///
    /// # Errors
    /// When p is below 1 or not finite, there are no starts, or the samples differ in dimension or (by more than 1e-9) in total
    /// mass.
    pub fn solve(&self, x: &Samples, y: &Samples) -> Result<MaxSlice> {
        let started = Instant::now();
        let order = "the order of a Wasserstein distance must be finite and at least 1";
        require("p", self.p, self.p >= 1.0 && self.p.is_finite(), order)?;
        require("starts", self.starts as f64, self.starts > 0, "at least one start is needed")?;
        let range = "a tolerance must be at least 0 and finite";
        require("tolerance", self.tolerance, self.tolerance >= 0.0 && self.tolerance.is_finite(), range)?;
        let pair = Pair::new(x, y, self.p)?;
        let starts = self.starting_directions(&pair)?;
        let mut climbs = parallel::map(starts.len(), |k| self.climb(&pair, starts[k].clone()));
        let steps = climbs.iter().map(|climb| climb.steps).sum();
        // A stable sort: of equal climbs the first start counts.
        climbs.sort_by(|a, b| b.cost.total_cmp(&a.cost));
        let values = climbs.iter().map(|climb| pair.rooted(climb.cost)).collect();
        let best = climbs.swap_remove(0);
        let value = pair.rooted(best.cost);
        Ok(MaxSlice {
            value,
            // Two sorts and a sum of at most n + m positive terms, compensated; and the projections of points that may be far apart.
            lower: (value * (1.0 - 1e-12) - pair.rounding()).max(0.0),
            direction: best.direction,
            stationarity: best.stationarity,
            climbs: values,
            status: best.status,
            steps,
            time: started.elapsed(),
            sizes: (x.len(), y.len()),
            seed: self.seed,
        })
    }

    /// The difference of means, where the covariances differ most, and the best of some random directions.
    fn starting_directions(&self, pair: &Pair) -> Result<Vec<Vec<f64>>> {
        let dim = pair.dim;
        if dim == 1 {
            return Ok(vec![vec![1.0]]);
        }
        let mut tried = pair.telling_directions(self.starts.div_ceil(2));
        let random = Directions::new(&Method::Orthogonal, dim, TRIED_PER_START * self.starts, self.seed)?;
        tried.extend(random.all());
        let batch = pair.batch();
        let batches: Vec<&[f64]> = tried.chunks(batch * dim).collect();
        let costs = parallel::map_with(batches.len(), Workspace::default, |space, k| {
            let mut slices = Vec::new();
            pair.slices(batches[k], false, space, &mut slices);
            slices.into_iter().map(|slice| slice.cost).collect::<Vec<f64>>()
        });
        let costs = costs.concat();
        let mut order: Vec<usize> = (0..costs.len()).collect();
        order.sort_by(|&a, &b| costs[b].total_cmp(&costs[a]));
        order.truncate(self.starts);
        Ok(order.into_iter().map(|k| tried[k * dim..(k + 1) * dim].to_vec()).collect())
    }

    /// Climbs from one direction.
    fn climb(&self, pair: &Pair, start: Vec<f64>) -> Climb {
        let (mut scratch, mut space) = (Scratch::default(), Workspace::default());
        let mut cost_at = |direction: &[f64]| {
            let mut one = Vec::with_capacity(1);
            pair.slices(direction, false, &mut space, &mut one);
            one[0].cost
        };
        let mut silent = Silent;
        let mut watch = Watch::new(self.interrupt.clone(), &mut silent);
        let mut here =
            Climb { cost: 0.0, direction: start, stationarity: 0.0, steps: 0, status: Status::IterationLimit };
        // How far the last step went, as a multiple of the power iteration.
        let mut stride = 1.0;
        loop {
            let pulls = pair.pulls(&here.direction, &mut scratch);
            here.cost = cost_at(&here.direction);
            let mut slope = pair.turn(&pulls);
            let along: f64 = slope.iter().zip(&here.direction).map(|(g, t)| g * t).sum();
            slope.iter_mut().zip(&here.direction).for_each(|(g, t)| *g -= along * t);
            let steepness = slope.iter().map(|g| g * g).sum::<f64>().sqrt();
            here.stationarity = if steepness == 0.0 { 0.0 } else { steepness / along };
            let progress = Progress { stage: "climb", iterations: here.steps, ..Progress::default() };
            if here.stationarity <= self.tolerance || !normalise(&mut slope) {
                return Climb { status: Status::Converged, ..here };
            }
            if here.steps >= self.steps as u64 {
                return here;
            }
            if let Some(status) = watch.check(&progress) {
                return Climb { status, ..here };
            }
            here.steps += 1;
            let at = |angle: f64| {
                let (sine, cosine) = angle.sin_cos();
                let mut turned: Vec<f64> =
                    here.direction.iter().zip(&slope).map(|(t, u)| cosine * t + sine * u).collect();
                normalise(&mut turned);
                turned
            };
            let full = here.stationarity.atan();
            let most = std::f64::consts::FRAC_PI_2;
            let mut angle = (stride * full).min(most);
            let mut gained = cost_at(&at(angle));
            let enough = |angle: f64, cost: f64| cost > here.cost + GAIN * angle * steepness;
            let mut halvings = 0;
            while !enough(angle, gained) && halvings < HALVINGS {
                angle *= 0.5;
                halvings += 1;
                gained = cost_at(&at(angle));
            }
            if !enough(angle, gained) {
                return Climb { status: Status::Stalled, ..here };
            }
            while halvings == 0 && angle < most {
                let farther = (2.0 * angle).min(most);
                let cost = cost_at(&at(farther));
                if cost <= gained {
                    break;
                }
                (angle, gained) = (farther, cost);
            }
            stride = (angle / full).clamp(1e-3, 1e3);
            here.direction = at(angle);
        }
    }
}

impl Pair {
    /// Directions that are likely to tell the samples apart, row by row: the difference of the means, and the eigenvectors
    /// of the difference of the covariances with the largest eigenvalues by magnitude.
    fn telling_directions(&self, count: usize) -> Vec<f64> {
        let dim = self.dim;
        let means = [&self.x, &self.y].map(|side| {
            let mut mean = vec![0.0; dim];
            for (i, point) in side.rows.chunks_exact(dim).enumerate() {
                let share = side.share(i);
                mean.iter_mut().zip(point).for_each(|(m, v)| *m += share * v);
            }
            mean
        });
        let mut shift: Vec<f64> = means[0].iter().zip(&means[1]).map(|(a, b)| a - b).collect();
        let mut out = Vec::new();
        if normalise(&mut shift) {
            out.extend(shift);
        }
        if dim <= MOST_DIMENSIONS {
            let mut difference = DMatrix::zeros(dim, dim);
            for ((side, mean), sign) in [&self.x, &self.y].into_iter().zip(&means).zip([1.0, -1.0]) {
                let mut centred = DMatrix::from_row_slice(side.len, dim, &side.rows);
                for (i, mut row) in centred.row_iter_mut().enumerate() {
                    row.iter_mut().zip(mean).for_each(|(v, m)| *v -= m);
                    row *= side.share(i).sqrt();
                }
                difference += sign * centred.tr_mul(&centred);
            }
            let eigen = SymmetricEigen::new(difference);
            let mut order: Vec<usize> = (0..dim).collect();
            order.sort_by(|&a, &b| eigen.eigenvalues[b].abs().total_cmp(&eigen.eigenvalues[a].abs()));
            for &k in order.iter().take(count) {
                let mut row: Vec<f64> = eigen.eigenvectors.column(k).iter().copied().collect();
                if row.iter().all(|v| v.is_finite()) && normalise(&mut row) {
                    out.extend(row);
                }
            }
        }
        out
    }
}

impl Discrepancy for MaxSliced {
    fn name(&self) -> String {
        format!("max-SW{}", self.p)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        Ok(self.solve(x, y)?.estimate())
    }

    crate::estimate::distance!(|d| d.p);
}
