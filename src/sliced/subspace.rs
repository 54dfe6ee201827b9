//! The subspace in which two samples differ most.

use std::time::{Duration, Instant};

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::Array2;

use crate::cost::SquaredEuclidean;
use crate::error::{Result, require, require_dimension};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::exact::solve;
use crate::measure::{Points, Samples};
use crate::transport::{Interrupt, Plan, Problem, Progress, Root, Silent, Status, Watch};

/// The subspace-robust Wasserstein distance S_k: the convex relaxation of the largest W₂ between projections onto k dimensions.
///
/// ```text
/// S_k² = max { min over plans of Σ P_ij (xᵢ − yⱼ)ᵀ Ω (xᵢ − yⱼ) : 0 ≤ Ω ≤ I, tr Ω = k } = min over plans of Σ_{l ≤ k} λ_l(C_P)
/// ```
///
/// with C_P = Σ P_ij (xᵢ − yⱼ)(xᵢ − yⱼ)ᵀ. It is at least the largest W₂ between projections onto k dimensions, and at most W₂.
/// Any Ω proves a lower bound and any plan an upper one; each answers the mean of what the other has played so far, which closes the
/// gap. With k = 1 the upper bound
/// is one on the max-sliced distance of order 2.
///
/// # Complexity
/// One exact solve and one eigendecomposition, O(d³), for each step: for some thousands of points and hundreds of dimensions.
///
/// # References
/// Paty & Cuturi, "Subspace robust Wasserstein distances", ICML 2019, theorem 1; Robinson, "An iterative method of solving a
/// game", Annals of Mathematics 54 (1951).
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::sliced::SubspaceRobust;
///
/// let x = Gaussian::standard(5)?.sample(60, 1)?;
/// let mut moved = x.points().view().to_owned();
/// moved.column_mut(2).iter_mut().for_each(|v| *v += 2.0);
/// let distance = SubspaceRobust::new(1).solve(&x, &Samples::new(moved)?)?;
/// assert!((distance.value - 2.0).abs() < 1e-9 && distance.basis[[0, 2]].abs() > 0.999);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SubspaceRobust {
    /// The dimension k of the subspace, from 1 to d.
    pub k: usize,
    /// The most steps; 100 by default.
    pub steps: usize,
    /// Ends when the bounds on S_k² are so close, relatively; 1e-3 by default.
    pub tolerance: f64,
    /// When to end early; iterations are steps.
    pub interrupt: Interrupt,
}

/// What [`SubspaceRobust`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SubspaceDistance {
    /// S_k: the lower bound, attained by `omega`.
    pub value: f64,
    /// Proven lower bound on S_k, and so on W₂.
    pub lower: f64,
    /// Proven upper bound on S_k.
    pub upper: f64,
    /// The k leading eigenvectors of the best Ω, row by row: where the samples differ most.
    pub basis: Array2<f64>,
    /// The best Ω, of shape (d, d).
    pub omega: Array2<f64>,
    /// The optimal plan under it.
    pub plan: Plan,
    /// Steps taken.
    pub steps: u64,
    /// `Converged`, or the limit that came first.
    pub status: Status,
    /// Wall-clock time.
    pub time: Duration,
}

impl SubspaceDistance {
    /// The value with its bounds.
    pub fn estimate(&self) -> Estimate {
        let evidence = Evidence::Bounds { lower: self.lower, upper: self.upper };
        let estimate = Estimate::new(self.value, evidence, "subspace-robust", self.plan.shape());
        if self.status.is_success() { estimate } else { estimate.with_note(Note::NotConverged) }
    }
}

impl SubspaceRobust {
    /// With a subspace of `k` dimensions.
    pub fn new(k: usize) -> Self {
        Self { k, steps: 100, tolerance: 1e-3, interrupt: Interrupt::default() }
    }

    /// S_k between `x` and `y`.
    ///
    /// # Errors
    /// When k is not between 1 and d, or the samples differ in dimension or (by more than 1e-9) in total mass.
    #[expect(clippy::missing_panics_doc, reason = "the first step always sets the best one")]
    pub fn solve(&self, x: &Samples, y: &Samples) -> Result<SubspaceDistance> {
        let started = Instant::now();
        let dim = x.dim();
        let range = "the dimension of a subspace must be between 1 and that of the samples";
        require("k", self.k as f64, (1..=dim).contains(&self.k), range)?;
        let range = "a tolerance must be positive and finite";
        require("tolerance", self.tolerance, self.tolerance > 0.0 && self.tolerance.is_finite(), range)?;
        require_dimension("y", y.dim(), dim)?;
        let mut silent = Silent;
        let mut watch = Watch::new(self.interrupt.clone(), &mut silent);
        // Differences alone matter: from a common origin, points far from 0 lose no digits.
        let origin = x.point(0).to_vec();
        let [x, y] = [x, y].map(|side| moved(side, &origin));
        let (x, y) = (x?, y?);
        // And in a unit in which their squares keep all digits.
        let longest =
            [&x, &y].iter().flat_map(|side| side.points().as_slice()).fold(0.0_f64, |most, v| most.max(v.abs()));
        let unit = Root::for_lengths(2.0, longest);
        let (x, y) = (unit.scaled(&x)?, unit.scaled(&y)?);
        let farthest = farthest(&x) + farthest(&y);
        let rounding = 4.0 * (dim as f64 + 8.0) * f64::EPSILON * farthest * x.total().sqrt();
        let mut omega = DMatrix::identity(dim, dim) * (self.k as f64 / dim as f64);
        let mut mean_moment = DMatrix::zeros(dim, dim);
        let mut best: Option<(f64, f64, DMatrix<f64>, Plan)> = None;
        let mut upper = f64::INFINITY;
        let mut steps = 0;
        let status = loop {
            let weight = 2.0 / (steps as f64 + 2.0);
            let root = spectral_root(&omega);
            let problem = Problem::between(&transformed(&x, &root)?, &transformed(&y, &root)?, SquaredEuclidean)?;
            let solution = solve(&problem)?;
            let estimate = Root::new(2.0).estimate(&solution.summary());
            // The points were rounded when they were transformed, each by some roundings of the farthest one.
            let lower = (estimate.lower() * (1.0 - 1e-13) - rounding).max(0.0);
            let moment = displacement(&x, &y, &solution.plan);
            mean_moment = mean_moment * (1.0 - weight) + &moment * weight;
            // Both the plan at hand and the mean of the plans are feasible.
            for plan in [&moment, &mean_moment] {
                upper = upper.min(leading(plan, self.k).0.max(0.0).sqrt() * (1.0 + 1e-12) + rounding);
            }
            if best.as_ref().is_none_or(|(_, held, ..)| lower > *held) {
                best = Some((estimate.value, lower, omega.clone(), solution.plan));
            }
            steps += 1;
            let held = best.as_ref().map_or(0.0, |(_, lower, ..)| *lower);
            if upper * upper - held * held <= self.tolerance * upper * upper {
                break Status::Converged;
            }
            if steps >= self.steps as u64 {
                break Status::IterationLimit;
            }
            if let Some(status) = watch.check(&Progress { stage: "step", iterations: steps, ..Progress::default() }) {
                break status;
            }
            // Against the mean of all plans so far: the game between Ω and the plan is bilinear, and this ends at its value.
            let toward = leading(&mean_moment, self.k).1;
            let step = 2.0 / (steps as f64 + 1.0);
            omega = omega * (1.0 - step) + &toward * toward.transpose() * step;
        };
        let (value, lower, omega, plan) = best.expect("the first step always sets it");
        let basis = leading(&omega, self.k).1;
        Ok(SubspaceDistance {
            value: value.min(upper) * unit.unit(),
            lower: lower * unit.unit(),
            upper: upper * unit.unit(),
            basis: Array2::from_shape_fn((self.k, dim), |(i, j)| basis[(j, i)]),
            omega: Array2::from_shape_fn((dim, dim), |ij| omega[ij]),
            plan,
            steps,
            status,
            time: started.elapsed(),
        })
    }
}

/// The symmetric root of a positive semidefinite matrix.
fn spectral_root(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(matrix.clone());
    let roots = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose()
}

/// The points less `origin`.
fn moved(side: &Samples, origin: &[f64]) -> Result<Samples> {
    let points: Vec<f64> =
        side.points().iter().flat_map(|point| point.iter().zip(origin).map(|(v, o)| v - o)).collect();
    Samples::with_weights(Points::from_rows(points, side.dim())?, side.weights().clone())
}

/// The largest distance of a point from 0.
fn farthest(side: &Samples) -> f64 {
    side.points().iter().map(|point| point.iter().map(|v| v * v).sum::<f64>()).fold(0.0, f64::max).sqrt()
}

/// The samples under a linear map.
fn transformed(side: &Samples, root: &DMatrix<f64>) -> Result<Samples> {
    let map = Array2::from_shape_fn(root.shape(), |ij| root[ij]);
    Samples::with_weights(side.points().view().dot(&map), side.weights().clone())
}

/// Σ P_ij (xᵢ − yⱼ)(xᵢ − yⱼ)ᵀ.
fn displacement(x: &Samples, y: &Samples, plan: &Plan) -> DMatrix<f64> {
    let dim = x.dim();
    let mut rows = DMatrix::zeros(plan.flows().len(), dim);
    for (mut row, flow) in rows.row_iter_mut().zip(plan.flows()) {
        let root = flow.mass.sqrt();
        let gaps = x.point(flow.source).iter().zip(y.point(flow.target));
        row.iter_mut().zip(gaps).for_each(|(out, (x, y))| *out = root * (x - y));
    }
    rows.tr_mul(&rows)
}

/// The sum of the k largest eigenvalues, and their eigenvectors as columns.
fn leading(matrix: &DMatrix<f64>, k: usize) -> (f64, DMatrix<f64>) {
    let eigen = SymmetricEigen::new(matrix.clone());
    let mut order: Vec<usize> = (0..matrix.nrows()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    order.truncate(k);
    (order.iter().map(|&l| eigen.eigenvalues[l]).sum(), eigen.eigenvectors.select_columns(&order))
}

impl Discrepancy for SubspaceRobust {
    fn name(&self) -> String {
        format!("subspace-robust W2, k = {}", self.k)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        Ok(self.solve(x, y)?.estimate())
    }

    crate::estimate::distance!(|d| 2.0);
}
