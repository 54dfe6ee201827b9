//! Barycenters on a fixed support: the masses that are nearest to several measures at once.

use super::work::Work;
use crate::cost::{CostMatrix, GroundCost, PointCost};
use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Histogram, Points, Weights};
use crate::numeric::parallel;
use crate::transport::{Interrupt, Observer, Report, Silent, Status, Watch, limits};

/// Entries that one task smooths.
const BATCH: usize = 64;

/// The entropic barycenter on a fixed support: debiased, min_b Σ_k w_k S_ε(b, a_k), or blurred, min_b Σ_k w_k OT_ε(b, a_k).
///
/// For S_ε no reference measure matters. The blurred one is that of OT_ε = min ⟨C, P⟩ + ε Σ P log P, whose reference is the counting
/// measure of the support (a ⊗ b would depend on b). All masses are divided by their totals.
///
/// Iterative Bregman projections (Benamou, Carlier, Cuturi, Nenna, Peyré, "Iterative Bregman projections for regularized
/// transportation problems", 2015, proposition 2); the debiased one removes the blur of ε (Janati, Cuturi, Gramfort, "Debiased
/// Sinkhorn barycenters", 2020, algorithm 1). All in the log domain, so that any ε works.
///
/// On a grid the cost is the squared distance and the kernel is separable: O(N · side · d) a sweep for N cells, where any
/// other support of n points costs O(n²) a sweep and 8 n² bytes.
///
/// ```
/// use earthwork::entropic::Barycenter;
/// use earthwork::prelude::*;
///
/// let at = |k: usize| {
///     let mut masses = ndarray::Array1::zeros(21);
///     masses[k] = 1.0;
///     Histogram::grid(masses)
/// };
/// let found = Barycenter::new(0.5).on_grid(&[at(4)?, at(16)?], &[0.5, 0.5])?;
/// // Halfway between two Diracs lies a Dirac.
/// assert!(found.masses[10] > 0.999);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Barycenter {
    /// ε in units of the cost; on a grid, of the squared length.
    pub epsilon: f64,
    /// Whether to remove the blur of ε. Default true.
    pub debias: bool,
    /// Converged when a sweep moves at most this much of the mass. Default 1e-7.
    pub tolerance: f64,
    /// When to end early; an iteration is a sweep. Without a limit there are 10,000.
    pub interrupt: Interrupt,
}

/// Masses on the support, of total 1.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BarycenterSolution {
    /// One mass for each point or cell of the support, in its order.
    pub masses: Vec<f64>,
    /// How much of the mass the last sweep moved.
    pub moved: f64,
    /// How the solve ended.
    pub status: Status,
    /// What it took.
    pub report: Report,
}

impl Barycenter {
    /// Debiased, at ε in units of the cost.
    pub fn new(epsilon: f64) -> Self {
        let interrupt = Interrupt { iterations: Some(10_000), ..Interrupt::default() };
        Self { epsilon, debias: true, tolerance: 1e-7, interrupt }
    }

    /// The barycenter of OT_ε itself, which is blurred by about √ε.
    #[must_use]
    pub fn blurred(self) -> Self {
        Self { debias: false, ..self }
    }

    /// Sets the tolerance at which the iteration ends.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    limits!("sweeps", "");

    /// Of histograms on one grid, under the squared distance between cells. `shares` weigh the histograms (≥ 0, of any total).
    ///
    /// # Errors
    /// When there are none, they are no grids of one shape and spacing, the shares do not fit, or ε is not positive.
    pub fn on_grid(&self, histograms: &[Histogram], shares: &[f64]) -> Result<BarycenterSolution> {
        let first = histograms.first().ok_or_else(|| Error::new("histograms", ErrorKind::Empty("histogram")))?;
        let alike = |h: &Histogram| h.is_grid() && h.shape() == first.shape() && h.spacing() == first.spacing();
        if !histograms.iter().all(alike) {
            let why = "all must be grids of one shape and one spacing";
            return Err(Error::new("histograms", ErrorKind::Unsupported(why.into())));
        }
        let masses: Vec<&Weights> = histograms.iter().map(Histogram::masses).collect();
        let axes = first.shape().iter().map(|&side| {
            let cost = |i: usize, j: usize| (i.abs_diff(j) as f64 * first.spacing()).powi(2) / self.epsilon;
            (0..side * side).map(|at| cost(at / side, at % side)).collect()
        });
        self.solve(&masses, shares, || Smoothing { shape: first.shape().to_vec(), axes: axes.collect() }, &mut Silent)
    }

    /// Of several masses on the same points, under any ground cost.
    ///
    /// # Errors
    /// When there are none, their lengths differ, the shares do not fit, ε is not positive, or the cost is not defined.
    pub fn on_points(
        &self,
        points: &Points,
        masses: &[Weights],
        shares: &[f64],
        ground: impl GroundCost + 'static,
    ) -> Result<BarycenterSolution> {
        let n = points.len();
        if let Some(wrong) = masses.iter().find(|weights| weights.len() != n) {
            let (found, reason) = (wrong.len(), "one for each point");
            return Err(Error::new("masses", ErrorKind::Length { what: "weights", expected: n, found, reason }));
        }
        let cost = PointCost::new(points, points, ground)?;
        let mut entries = vec![0.0; n * n];
        cost.fill(0..n, 0..n, &mut entries);
        entries.iter_mut().for_each(|c| *c /= self.epsilon);
        let masses: Vec<&Weights> = masses.iter().collect();
        self.solve(&masses, shares, || Smoothing { shape: vec![n], axes: vec![entries] }, &mut Silent)
    }

    fn solve(
        &self,
        measures: &[&Weights],
        shares: &[f64],
        smoothing: impl FnOnce() -> Smoothing,
        observer: &mut dyn Observer,
    ) -> Result<BarycenterSolution> {
        let epsilon = self.epsilon;
        require(
            "epsilon",
            epsilon,
            epsilon > 0.0 && epsilon.is_finite(),
            "the regularisation must be positive and finite",
        )?;
        if measures.is_empty() {
            return Err(Error::new("masses", ErrorKind::Empty("measure")));
        }
        let shares = Weights::shares(shares, measures.len(), "one for each measure")?;
        let smoothing = smoothing();
        let n = measures[0].len();
        let logs: Vec<Vec<f64>> = measures
            .iter()
            .map(|weights| weights.as_slice().iter().map(|w| (w / weights.total()).ln()).collect())
            .collect();
        let mut work = Work::new(Watch::new(self.interrupt.clone(), observer), "sinkhorn");
        work.progress.epsilon = Some(epsilon);
        let mut scalings = vec![vec![0.0; n]; logs.len()];
        let (mut debias, mut masses) = (vec![0.0; n], vec![1.0 / n as f64; n]);
        let (mut moved, mut status) = (f64::INFINITY, None);
        while status.is_none() {
            // Each measure is met on its side; on the other, all must agree on b, the mean of the logarithms.
            let through: Vec<Vec<f64>> = scalings
                .iter()
                .zip(&logs)
                .map(|(v, a)| {
                    let smooth = smoothing.apply(v);
                    smoothing.apply(&a.iter().zip(&smooth).map(|(a, s)| a - s).collect::<Vec<_>>())
                })
                .collect();
            let mean = |i: usize| shares.as_slice().iter().zip(&through).map(|(w, t)| w * t[i]).sum::<f64>();
            let log_b: Vec<f64> = (0..n).map(|i| mean(i) + if self.debias { debias[i] } else { 0.0 }).collect();
            for (v, through) in scalings.iter_mut().zip(&through) {
                v.iter_mut().zip(&log_b).zip(through).for_each(|((v, b), t)| *v = b - t);
            }
            if self.debias {
                let smooth = smoothing.apply(&debias);
                debias.iter_mut().zip(&log_b).zip(smooth).for_each(|((d, b), s)| *d = 0.5 * (*d + b - s));
            }
            let top = log_b.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
            let raw: Vec<f64> = log_b.iter().map(|b| (b - top).exp()).collect();
            let total: f64 = raw.iter().sum();
            moved = raw.iter().zip(&masses).map(|(r, m)| (r / total - m).abs()).sum();
            masses = raw.iter().map(|r| r / total).collect();
            work.tick();
            work.progress.marginal_error = Some(moved);
            status = if moved <= self.tolerance { Some(Status::Converged) } else { work.ended };
        }
        let memory =
            size_of::<f64>() * (n * (3 * measures.len() + 3) + smoothing.axes.iter().map(Vec::len).sum::<usize>());
        Ok(BarycenterSolution {
            masses,
            moved,
            status: status.expect("the loop ends with one"),
            report: Report {
                method: if self.debias { "debiased barycenter" } else { "entropic barycenter" },
                iterations: work.progress.iterations,
                time: work.elapsed(),
                memory,
            },
        })
    }
}

/// The kernel exp(−c / ε) as sums along axes, in the log domain.
struct Smoothing {
    shape: Vec<usize>,
    /// For each axis c / ε between its cells, row by row.
    axes: Vec<Vec<f64>>,
}

impl Smoothing {
    /// log Σ_j exp(v_j − c_ij / ε), axis by axis.
    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let mut values = v.to_vec();
        let mut step = values.len();
        for (&side, costs) in self.shape.iter().zip(&self.axes) {
            step /= side;
            let source = values.clone();
            parallel::chunks_mut(&mut values, BATCH, |batch, out| {
                let mut exponents = vec![0.0; side];
                for (at, out) in out.iter_mut().enumerate() {
                    let cell = batch * BATCH + at;
                    let place = cell / step % side;
                    let first = cell - place * step;
                    for (k, (e, c)) in exponents.iter_mut().zip(&costs[place * side..]).enumerate() {
                        *e = source[first + k * step] - c;
                    }
                    let top = exponents.iter().fold(f64::NEG_INFINITY, |m, e| m.max(*e));
                    let sum = || exponents.iter().map(|e| (e - top).exp()).sum::<f64>();
                    *out = if top == f64::NEG_INFINITY { top } else { top + sum().ln() };
                }
            });
        }
        values
    }
}
