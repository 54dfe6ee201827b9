//! From a stored kernel towards the potentials: Newton steps by conjugate gradients, and accelerated Sinkhorn sweeps.
//!
//! Both work on the semi-dual J(y) = Σ b_j y_j − Σ a_i log Σ_j q_ij e^{y_j}, which is concave, with gradient b − c(y), where
//! c(y) are the column sums once the rows are met. Its Hessian is −(D_c − Pᵀ D_a⁻¹ P), applied in one pass over the shares.

use super::kernel::{Field, Stored};
use super::share::BITS;
use super::work::Work;
use crate::simd::{self, Kernel, multiply_add};

/// The longest step of a coordinate, in units of ε: a column that holds next to nothing would otherwise be thrown far off.
const CLIP: f64 = 4.0;
/// The longest step of a coordinate in a sweep. (A part of a Sinkhorn step gains too.)
const BOLD: f64 = 9.0;
/// An error far above what single precision does to sums of shares: sweeps towards it begin with the exact sums. (Newton steps
/// compare values more finely than that.)
const SINGLE: f64 = 3e-7;
/// What column sums of stored shares may miss of the exact ones, about.
const ROOM: f64 = 3e-8;
/// Differences that the acceleration remembers.
const MEMORY: usize = 8;

/// Where an inner solve stands.
pub(super) struct Inner<'a, 'w> {
    field: &'a Field<'a>,
    work: &'a mut Work<'w>,
    stored: &'a Stored,
    /// Target column masses: b, corrected for what the stored shares lack.
    b: Vec<f64>,
    point: Point,
    /// Passes so far.
    pub(super) passes: u64,
    most_passes: u64,
    /// How far (in natural units) y may go before the shares must be computed anew.
    far: f64,
}

/// A point y = log v and what a sweep found there.
#[derive(Clone)]
struct Point {
    y: Vec<f64>,
    v: Vec<f64>,
    /// Σ_j q_ij v_j.
    rows: Vec<f64>,
    /// Column sums once the rows are met.
    columns: Vec<f64>,
    value: f64,
    error: f64,
}

/// What ended an inner solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Reached,
    /// The scalings moved so far that the shares must be computed anew.
    Far,
    /// The passes are used up, or no step helps any more.
    Spent,
}

impl<'a, 'w> Inner<'a, 'w> {
    /// Begins at the state at which `stored` was made; `exact` are its column sums, which the stored ones are corrected to
    /// where the error `wanted` is so small that single precision matters.
    pub(super) fn new(
        field: &'a Field<'a>,
        stored: &'a Stored,
        exact: &[f64],
        (wanted, most_passes, far): (f64, u64, f64),
        work: &'a mut Work<'w>,
    ) -> Self {
        let b = field.masses.b.clone();
        let point = Point {
            y: vec![0.0; b.len()],
            v: vec![1.0; b.len()],
            rows: stored.sums.clone(),
            columns: exact.to_vec(),
            value: 0.0,
            error: 0.0,
        };
        let mut inner = Self { field, work, stored, b, point, passes: 0, most_passes, far };
        if wanted > SINGLE && inner.work.sweeps {
            inner.point = inner.judged(inner.point.clone());
            return inner;
        }
        let first = inner.at(inner.point.y.clone());
        for ((b, stored), exact) in inner.b.iter_mut().zip(&first.columns).zip(exact) {
            // A correction is small; where it is not, the column has too little mass for it to matter.
            let corrected = *b + (stored - exact);
            if corrected > 0.5 * *b && corrected < 2.0 * *b {
                *b = corrected;
            }
        }
        // Rows are met exactly: columns that ask for another total would let y drift without end.
        let due = field.masses.a.iter().sum::<f64>() / inner.b.iter().sum::<f64>();
        inner.b.iter_mut().for_each(|b| *b *= due);
        inner.point = inner.judged(first);
        inner
    }

    /// The best point in bits: how far the columns' potentials move, and how far those of the rows, which are met, move with them.
    pub(super) fn step(self) -> (Vec<f64>, Vec<f64>) {
        let rows = self.point.rows.iter().zip(&self.stored.sums);
        let mut moved: Vec<f64> =
            rows.map(|(s, begun)| if *s > 0.0 && *begun > 0.0 { begun / s } else { 1.0 }).collect();
        simd::log2_all(&mut moved);
        (self.point.y.into_iter().map(|y| BITS * y).collect(), moved)
    }

    /// What columns will have to be scaled down by to hold no more than their masses, with room for single precision.
    pub(super) fn shrink(&self) -> Vec<f64> {
        let over = |(c, b): (&f64, &f64)| if *b > 0.0 { (c / b - 1.0).max(0.0) + ROOM } else { 0.0 };
        self.point.columns.iter().zip(&self.b).map(|columns| 1.0 / (1.0 + over(columns))).collect()
    }

    /// L1 error of the columns at the best point.
    pub(super) fn error(&self) -> f64 {
        self.point.error
    }

    /// One sweep at y: rows are met, columns are summed.
    fn at(&mut self, y: Vec<f64>) -> Point {
        self.pass();
        let mut v: Vec<f64> = y.iter().map(|y| BITS * y).collect();
        simd::exp2_all(&mut v);
        let a = &self.field.masses.a;
        let row = |i: usize, sum: f64| if sum > 0.0 { a[i] / sum } else { 0.0 };
        let (rows, mut columns) = self.stored.pass(self.field, &v, &row);
        columns.iter_mut().zip(&v).for_each(|(c, v)| *c *= v);
        self.judged(Point { y, v, rows, columns, value: 0.0, error: 0.0 })
    }

    /// The point with its value and error for the present b.
    fn judged(&self, point: Point) -> Point {
        let a = &self.field.masses.a;
        let mut logs = point.rows.clone();
        simd::log2_all(&mut logs);
        let held = a.iter().zip(&logs).filter(|(a, _)| **a > 0.0);
        let value = dot(&self.b, &point.y) - held.map(|(a, log)| a * log).sum::<f64>() / BITS;
        let error = point.columns.iter().zip(&self.b).map(|(c, b)| (c - b).abs()).sum();
        Point { value, error, ..point }
    }

    /// y after a Sinkhorn step.
    fn swept(&self, point: &Point) -> Vec<f64> {
        // (Where one of the two is 0, nothing moves.)
        let held = self.b.iter().zip(&point.columns);
        let mut logs: Vec<f64> = held.map(|(b, c)| if *b > 0.0 && *c > 0.0 { b / c } else { 1.0 }).collect();
        simd::log2_all(&mut logs);
        point.y.iter().zip(logs).map(|(y, log)| y + (log / BITS).clamp(-BOLD, BOLD)).collect()
    }

    fn ended(&self, tolerance: f64) -> Option<End> {
        if self.point.error <= tolerance {
            return Some(End::Reached);
        }
        // (A common shift is none: the rows take it back.)
        let shift = dot(&self.b, &self.point.y) / self.b.iter().sum::<f64>();
        if self.point.y.iter().any(|y| (y - shift).abs() > self.far) {
            return Some(End::Far);
        }
        (!self.goes_on()).then_some(End::Spent)
    }

    fn goes_on(&self) -> bool {
        self.passes < self.most_passes && self.work.ended.is_none()
    }

    fn pass(&mut self) {
        self.passes += 1;
        self.work.tick();
    }

    /// Newton steps, a Sinkhorn sweep after each, until the error is at most `tolerance`.
    pub(super) fn newton(&mut self, tolerance: f64) -> End {
        loop {
            if let Some(end) = self.ended(tolerance) {
                return end;
            }
            let z = self.newton_direction(tolerance);
            let mut length = 1.0;
            let next = loop {
                let y = self.point.y.iter().zip(&z).map(|(y, z)| y + (length * z).clamp(-CLIP, CLIP)).collect();
                let next = self.at(y);
                let noise = 1e-13 * (1.0 + self.point.value.abs());
                if next.value >= self.point.value - noise && next.error.is_finite() {
                    break Some(next);
                }
                length *= 0.25;
                if length < 1e-3 {
                    break None;
                }
            };
            // A sweep repairs the columns whose step was cut short; it alone always gains.
            let from = next.unwrap_or_else(|| self.point.clone());
            let swept = self.swept(&from);
            let swept = self.at(swept);
            let best = if swept.error <= from.error || from.error > 1e-3 { swept } else { from };
            let stuck = best.error >= self.point.error * (1.0 - 1e-3)
                && best.value <= self.point.value + 1e-15 * (1.0 + self.point.value.abs());
            self.point = best;
            if stuck {
                return if self.point.error <= tolerance { End::Reached } else { End::Spent };
            }
        }
    }

    /// Solves (D − Pᵀ D_a⁻¹ P) z = b − c by conjugate gradients, preconditioned by D = max(c, b / 2).
    fn newton_direction(&mut self, tolerance: f64) -> Vec<f64> {
        let Point { v, rows, columns, error, .. } = self.point.clone();
        let diagonal: Vec<f64> = columns.iter().zip(&self.b).map(|(c, b)| c.max(0.5 * b)).collect();
        let m = diagonal.len();
        let mut residual: Vec<f64> = self.b.iter().zip(&columns).map(|(b, c)| b - c).collect();
        let preconditioned = |r: &[f64]| -> Vec<f64> {
            r.iter().zip(&diagonal).map(|(r, d)| if *d > 0.0 { r / d } else { 0.0 }).collect()
        };
        let mut z = vec![0.0; m];
        let mut search = preconditioned(&residual);
        let mut rho = dot(&residual, &search);
        let wanted = (0.3 * error.sqrt()).clamp(1e-3, 0.1).max(0.1 * tolerance / error);
        let goal = rho * wanted * wanted;
        let a = &self.field.masses.a;
        while rho > goal && rho > 0.0 && self.goes_on() {
            let product: Vec<f64> = v.iter().zip(&search).map(|(v, p)| v * p).collect();
            let row = |i: usize, sum: f64| if rows[i] > 0.0 { a[i] * sum / (rows[i] * rows[i]) } else { 0.0 };
            let (_, through) = self.stored.pass(self.field, &product, &row);
            self.pass();
            let image: Vec<f64> = (0..m).map(|j| diagonal[j] * search[j] - v[j] * through[j]).collect();
            let curvature = dot(&search, &image);
            if curvature <= 0.0 || curvature.is_nan() {
                break;
            }
            let alpha = rho / curvature;
            for j in 0..m {
                z[j] += alpha * search[j];
                residual[j] -= alpha * image[j];
            }
            let next = preconditioned(&residual);
            let fresh = dot(&residual, &next);
            let beta = fresh / rho;
            rho = fresh;
            search.iter_mut().zip(next).for_each(|(p, s)| *p = s + beta * *p);
        }
        z
    }

    /// Sinkhorn sweeps with Anderson's extrapolation, while they pay: until the error is at most `tolerance`, or until the
    /// rate says that Newton steps are cheaper.
    pub(super) fn anderson(&mut self, tolerance: f64, patience: u64) -> End {
        let mut steps: Vec<Vec<f64>> = Vec::new();
        let mut points: Vec<Vec<f64>> = Vec::new();
        let begun = self.passes;
        loop {
            if let Some(end) = self.ended(tolerance) {
                return end;
            }
            if self.passes - begun >= patience {
                return End::Spent;
            }
            let swept = self.swept(&self.point);
            let residual: Vec<f64> = swept.iter().zip(&self.point.y).map(|(s, y)| s - y).collect();
            steps.push(residual);
            points.push(swept.clone());
            if steps.len() > MEMORY {
                steps.remove(0);
                points.remove(0);
            }
            let tame = |y: &Vec<f64>| y.iter().zip(&swept).all(|(y, s)| (y - s).abs() <= BOLD);
            let y = extrapolated(&steps, &points, &self.b).filter(tame).unwrap_or_else(|| swept.clone());
            let next = self.at(y);
            if next.error.is_finite() && (next.value >= self.point.value || next.error <= self.point.error) {
                self.point = next;
            } else {
                // Too bold: a plain sweep always gains.
                steps.clear();
                points.clear();
                self.point = self.at(swept);
            }
        }
    }
}

/// The combination of the last sweeps whose residuals cancel best, weighted by b (Anderson's mixing; Walker and Ni, 2011).
pub(super) fn extrapolated(steps: &[Vec<f64>], points: &[Vec<f64>], b: &[f64]) -> Option<Vec<f64>> {
    let k = steps.len() - 1;
    if k == 0 {
        return None;
    }
    let (last, last_point) = (&steps[k], &points[k]);
    let gap = |p: usize| -> Vec<f64> { steps[p + 1].iter().zip(&steps[p]).map(|(next, step)| next - step).collect() };
    let gaps: Vec<Vec<f64>> = (0..k).map(gap).collect();
    let mut gram = nalgebra::DMatrix::<f64>::zeros(k, k);
    let mut right = nalgebra::DVector::<f64>::zeros(k);
    for p in 0..k {
        let weighted: Vec<f64> = b.iter().zip(&gaps[p]).map(|(b, gap)| b * gap).collect();
        for q in 0..=p {
            let sum = simd::run(Dot { x: &weighted, y: &gaps[q] });
            gram[(p, q)] = sum;
            gram[(q, p)] = sum;
        }
        right[p] = simd::run(Dot { x: &weighted, y: last });
    }
    let trace = gram.trace();
    for p in 0..k {
        gram[(p, p)] += 1e-12 * trace;
    }
    let weights = gram.cholesky()?.solve(&right);
    let mut y = last_point.clone();
    for p in 0..k {
        let weight = weights[p];
        if !weight.is_finite() {
            return None;
        }
        for (j, y) in y.iter_mut().enumerate() {
            *y -= weight * (points[p + 1][j] - points[p][j]);
        }
    }
    Some(y)
}

/// Σ x y in eight sums that follow one another.
struct Dot<'a> {
    x: &'a [f64],
    y: &'a [f64],
}

impl Kernel for Dot<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> f64 {
        const WIDTH: usize = 8;
        let (x, x_rest) = self.x.as_chunks::<WIDTH>();
        let (y, y_rest) = self.y.as_chunks::<WIDTH>();
        let mut sums = [0.0; WIDTH];
        for (x, y) in x.iter().zip(y) {
            for l in 0..WIDTH {
                sums[l] = multiply_add::<FUSED>(x[l], y[l], sums[l]);
            }
        }
        sums.iter().sum::<f64>() + dot(x_rest, y_rest)
    }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}
