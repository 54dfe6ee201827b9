//! Pairs of distributions with a known W₁ and a known optimal critic, in any dimension.

use ndarray::{Array1, Array2, ArrayView2};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, ErrorKind, Result};
use crate::estimate::{Estimate, Evidence, Randomness};
use crate::measure::{Points, Samples};
use crate::numeric::random::ChaCha8Rng;
use crate::numeric::stream;

/// Half the side of the box that the target fills.
const HALF: f64 = 2.5;
/// How strongly mass is drawn to the centres.
const DEGREE: i32 = 8;

/// The W₁ benchmark of Korotin, Kolesov, Burnaev, "Kantorovich strikes back! Wasserstein GANs are not optimal transport?", 2022
/// (§4, with ray monotone maps of degree 8 as in its code), in `f64`.
///
/// With the funnels u(x) = minₙ |x − aₙ| + bₙ, the target Q is uniform on [−2.5, 2.5]^d and the source P the image of Q under a map
/// T that moves each point along the ray on which u falls fastest. Along a ray u changes as fast as the distance, so
///
/// ```text
/// W₁(P, Q) = E_Q |y − T(y)|,   and −u is an optimal critic
/// ```
///
/// ```
/// use earthwork::critic::Funnels;
/// use earthwork::prelude::*;
///
/// let pair = Funnels::new(2, 4, 1)?;
/// let (p, q) = (pair.source(500, 10)?, pair.target(500, 11)?);
/// let truth = pair.distance(20_000, 12)?;
/// let sampled = wasserstein(&p, &q, 1.0)?;
/// assert!(sampled.value > 0.9 * truth.value && sampled.value < 1.5 * truth.value);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Funnels {
    dim: usize,
    /// The centres a, one after the other.
    centres: Vec<f64>,
    /// The depths b.
    depths: Vec<f64>,
}

/// How well a critic knows the optimal one of a pair of [`Funnels`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The mean over P of the cosine between its gradient and the optimal one: 1 is perfect.
    pub cosine: f64,
    /// The mean over P of the squared distance between the two gradients.
    pub squared_error: f64,
}

impl Funnels {
    /// `count` funnels in R^`dim`: centres uniform on the box, depths normal of deviation 0.1.
    ///
    /// # Errors
    /// When the dimension or the number is 0.
    pub fn new(dim: usize, count: usize, seed: u64) -> Result<Self> {
        for (argument, value) in [("dim", dim), ("count", count)] {
            if value == 0 {
                let kind = ErrorKind::Parameter { value: 0.0, requirement: "at least 1 is needed" };
                return Err(Error::new(argument, kind));
            }
        }
        let mut random = stream(seed, 0);
        let centres = (0..dim * count).map(|_| random.random_range(-HALF..=HALF)).collect();
        let depths = (0..count)
            .map(|_| {
                let normal: f64 = StandardNormal.sample(&mut random);
                0.1 * normal
            })
            .collect();
        Ok(Self { dim, centres, depths })
    }

    /// The dimension d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Points of P, with uniform weights.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn source(&self, n: usize, seed: u64) -> Result<Samples> {
        let mut rows = self.box_points(n, seed);
        rows.chunks_exact_mut(self.dim).for_each(|point| self.pull(point));
        Samples::new(Points::from_rows(rows, self.dim)?)
    }

    /// Points of Q, with uniform weights.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn target(&self, n: usize, seed: u64) -> Result<Samples> {
        Samples::new(Points::from_rows(self.box_points(n, seed), self.dim)?)
    }

    fn box_points(&self, n: usize, seed: u64) -> Vec<f64> {
        let mut random = stream(seed, 1);
        (0..n * self.dim).map(|_| random.random_range(-HALF..=HALF)).collect()
    }

    /// Fills a batch with fresh points of P (`side` 0) or Q: for [`NeuralCritic::fit_streams`](crate::critic::NeuralCritic::fit_streams).
    pub fn draw(&self, side: usize, random: &mut ChaCha8Rng, out: &mut Array2<f32>) {
        let mut point = vec![0.0; self.dim];
        for mut row in out.rows_mut() {
            point.iter_mut().for_each(|v| *v = random.random_range(-HALF..=HALF));
            if side == 0 {
                self.pull(&mut point);
            }
            row.iter_mut().zip(&point).for_each(|(to, &v)| *to = v as f32);
        }
    }

    /// The W₁ between P and Q, from `n` fresh points, with its standard error.
    ///
    /// # Errors
    /// When `n` is less than 2.
    pub fn distance(&self, n: usize, seed: u64) -> Result<Estimate> {
        if n < 2 {
            let kind = ErrorKind::Parameter { value: n as f64, requirement: "at least 2 points are needed" };
            return Err(Error::new("n", kind));
        }
        let points = self.box_points(n, seed);
        let mut moved = vec![0.0; self.dim];
        let lengths: Vec<f64> = points
            .chunks_exact(self.dim)
            .map(|point| {
                moved.copy_from_slice(point);
                self.pull(&mut moved);
                gap(point, &moved)
            })
            .collect();
        let mean = lengths.iter().sum::<f64>() / n as f64;
        let variance = lengths.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let evidence = Evidence::StandardError((variance / n as f64).sqrt());
        Ok(Estimate::new(mean, evidence, "funnels", (n, n)).with_randomness(Randomness::MonteCarlo).with_seed(seed))
    }

    /// An optimal critic, −u, at each point.
    ///
    /// # Panics
    /// When the points have another dimension.
    pub fn critic(&self, points: ArrayView2<'_, f64>) -> Array1<f64> {
        assert_eq!(points.ncols(), self.dim, "the points have the dimension of the funnels");
        points.rows().into_iter().map(|point| -self.lowest(&point.to_vec()).1).collect()
    }

    /// Its gradient at each point, of length 1: forever the samey optimal critic almost everywhere on P.
    ///
    /// # Panics
    /// As [`Funnels::critic`].
    pub fn gradient(&self, points: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(points.ncols(), self.dim, "the points have the dimension of the funnels");
        let mut out = points.to_owned();
        for mut row in out.rows_mut() {
            let point = row.to_vec();
            let centre = self.centre(self.lowest(&point).0);
            let length = gap(&point, centre).max(f64::MIN_POSITIVE);
            row.iter_mut().zip(point.iter().zip(centre)).for_each(|(g, (x, a))| *g = (a - x) / length);
        }
        out
    }

    /// How well `gradients` at `points` of P match the optimal ones.
    ///
    /// # Panics
    /// When the shapes differ.
    pub fn score(&self, points: ArrayView2<'_, f64>, gradients: ArrayView2<'_, f64>) -> Score {
        assert_eq!(points.dim(), gradients.dim(), "one gradient for each point");
        let optimal = self.gradient(points);
        let (mut cosine, mut squared) = (0.0, 0.0);
        for (g, best) in gradients.rows().into_iter().zip(optimal.rows()) {
            let length = g.dot(&g).sqrt() * best.dot(&best).sqrt();
            cosine += if length > 0.0 { g.dot(&best) / length } else { 0.0 };
            let difference = &g - &best;
            squared += difference.dot(&difference);
        }
        let n = points.nrows() as f64;
        Score { cosine: cosine / n, squared_error: squared / n }
    }

    fn centre(&self, k: usize) -> &[f64] {
        &self.centres[k * self.dim..(k + 1) * self.dim]
    }

    /// The funnel that attains the minimum, and u.
    fn lowest(&self, point: &[f64]) -> (usize, f64) {
        let values = self.depths.iter().enumerate().map(|(k, depth)| (k, gap(point, self.centre(k)) + depth));
        values.min_by(|(_, a), (_, b)| a.total_cmp(b)).expect("there is a funnel")
    }

    /// T: the point at part t of its ray, counted from the centre, goes to part t⁸.
    fn pull(&self, point: &mut [f64]) {
        let (own, u) = self.lowest(point);
        let centre = self.centre(own);
        let length = gap(point, centre);
        if length == 0.0 {
            return;
        }
        let direction: Vec<f64> = point.iter().zip(centre).map(|(y, a)| (y - a) / length).collect();
        // How far the ray goes on: to the wall of the box, or to where another funnel is lower.
        let mut rest = point
            .iter()
            .zip(&direction)
            .map(|(y, v)| if *v == 0.0 { f64::INFINITY } else { ((v.signum() * HALF - y) / v).abs() })
            .fold(f64::INFINITY, f64::min);
        for other in (0..self.depths.len()).filter(|&other| other != own) {
            // |y + r v − a| + b = u + r, squared: linear in r.
            let from: Vec<f64> = point.iter().zip(self.centre(other)).map(|(y, a)| y - a).collect();
            let height = u - self.depths[other];
            let square: f64 = from.iter().map(|d| d * d).sum();
            let along: f64 = from.iter().zip(&direction).map(|(d, v)| d * v).sum();
            let r = (square - height * height) / (2.0 * (height - along));
            if r > 0.0 && r > -height {
                rest = rest.min(r);
            }
        }
        let end = length + rest;
        let part = (length / end).powi(DEGREE) * end;
        point.iter_mut().zip(centre.iter().zip(&direction)).for_each(|(y, (a, v))| *y = a + part * v);
    }
}

fn gap(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}
