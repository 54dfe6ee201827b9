//! The points that resampling draws from, and one draw.

use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::measure::{Points, Samples, Weights};

/// Two samples side by side: the points that resampling draws from.
///
/// Point numbers run through both samples: 0..n are those of x, n..n + m those of y.
#[derive(Debug, Clone)]
pub struct Pool {
    points: Points,
    weights: Vec<f64>,
    sizes: (usize, usize),
    totals: (f64, f64),
    uniform: bool,
}

/// One draw from a [`Pool`]: the numbers of the points that make up the two samples. A point may be drawn more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The points of the first sample.
    pub x: Vec<u32>,
    /// The points of the second sample.
    pub y: Vec<u32>,
}

impl Pool {
    /// The pool of two samples of one dimension.
    ///
    /// # Errors
    /// When the dimensions differ, or there are more than 2³² − 1 points.
    pub fn new(x: &Samples, y: &Samples) -> Result<Self> {
        require_dimension("y", y.dim(), x.dim())?;
        if x.len() + y.len() > u32::MAX as usize {
            let why = "the two samples have more than 4,294,967,295 points; draws number them in 32 bits";
            return Err(Error::new("y", ErrorKind::Unsupported(why.into())));
        }
        let coordinates: Vec<f64> = [x, y].iter().flat_map(|side| side.points().as_slice()).copied().collect();
        let uniform = x.weights().is_uniform() && y.weights().is_uniform();
        let weights = [x, y].iter().flat_map(|side| side.weights().as_slice()).copied().collect();
        Ok(Self {
            points: Points::from_rows(coordinates, x.dim())?,
            weights,
            sizes: (x.len(), y.len()),
            totals: (x.total(), y.total()),
            uniform,
        })
    }

    /// All points, those of x first.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// All points, each on its own side: the two samples as given.
    pub(crate) fn given(&self) -> Draw {
        let (n, m) = self.sizes;
        Draw { x: (0..n as u32).collect(), y: (n as u32..(n + m) as u32).collect() }
    }

    /// (n, m).
    pub fn sizes(&self) -> (usize, usize) {
        self.sizes
    }

    /// Whether the points of x weigh the same among themselves, and those of y.
    pub fn is_uniform(&self) -> bool {
        self.uniform
    }

    /// The masses of the points that a draw gives to the first sample, in its order, and to the second. Each side has the
    /// total of the sample it stands for, shared out in proportion to the weights of the points drawn.
    pub fn masses(&self, draw: &Draw) -> (Vec<f64>, Vec<f64>) {
        (self.shared_out(&draw.x, self.totals.0), self.shared_out(&draw.y, self.totals.1))
    }

    fn shared_out(&self, drawn: &[u32], total: f64) -> Vec<f64> {
        if self.uniform {
            return vec![total / drawn.len() as f64; drawn.len()];
        }
        let weights: Vec<f64> = drawn.iter().map(|&i| self.weights[i as usize]).collect();
        // Divide by the largest first: a sum of tiny weights has no finite reciprocal.
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let sum = crate::numeric::sum::sum(weights.iter().map(|w| w / largest));
        weights.into_iter().map(|w| w / largest / sum * total).collect()
    }

    /// The two samples that a draw describes.
    ///
    /// # Errors
    /// When a side is empty, or all of its points weigh 0.
    pub fn samples(&self, draw: &Draw) -> Result<(Samples, Samples)> {
        let (a, b) = self.masses(draw);
        Ok((self.side(&draw.x, a, self.totals.0)?, self.side(&draw.y, b, self.totals.1)?))
    }

    fn side(&self, drawn: &[u32], masses: Vec<f64>, total: f64) -> Result<Samples> {
        let dim = self.points.dim();
        let mut coordinates = Vec::with_capacity(drawn.len() * dim);
        drawn.iter().for_each(|&i| coordinates.extend_from_slice(self.points.point(i as usize)));
        let points = Points::from_rows(coordinates, dim)?;
        let weights = if self.uniform && total == 1.0 { Weights::uniform(drawn.len())? } else { Weights::new(masses)? };
        Samples::with_weights(points, weights)
    }

    /// Whether a point, by its number, weighs more than 0.
    pub fn carries_mass(&self, point: usize) -> bool {
        self.weights[point] > 0.0
    }

    /// The points of the side that carry mass: those that can be drawn.
    pub(super) fn with_mass(&self, second: bool) -> Vec<u32> {
        let (n, m) = self.sizes;
        let side = if second { n..n + m } else { 0..n };
        side.filter(|&i| self.carries_mass(i)).map(|i| i as u32).collect()
    }
}
