//! Norm costs with a dimension known at compile time, and lower bounds of them over boxes.

use crate::cost::raise;

/// ‖x − y‖ₚ^power between points of a fixed dimension.
pub(crate) trait Metric: Copy + Send + Sync {
    /// The cost.
    fn cost<const D: usize>(&self, x: &[f64; D], y: &[f64; D]) -> f64;

    /// How many units in the last place two ways to compute the cost in R^D can lie apart.
    fn roundings(&self, dim: usize) -> f64;

    /// A lower bound of `cost(x, y) − ⟨slope, y⟩` over the box [lo, hi].
    fn least_over_box<const D: usize>(
        &self,
        x: &[f64; D],
        lo: &[f64; D],
        hi: &[f64; D],
        slope: &[f64; D],
        best: f64,
    ) -> f64;
}

/// The squared Euclidean distance, whose bound over a box is exact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Square;

impl Metric for Square {
    fn roundings(&self, dim: usize) -> f64 {
        (dim + 1) as f64
    }

    #[inline(always)]
    fn cost<const D: usize>(&self, x: &[f64; D], y: &[f64; D]) -> f64 {
        let mut total = 0.0;
        for k in 0..D {
            let gap = x[k] - y[k];
            total += gap * gap;
        }
        total
    }

    #[inline(always)]
    fn least_over_box<const D: usize>(
        &self,
        x: &[f64; D],
        lo: &[f64; D],
        hi: &[f64; D],
        slope: &[f64; D],
        _: f64,
    ) -> f64 {
        // (x − y)² − s y is least at y = x + s/2, clamped to the box.
        let mut total = 0.0;
        for k in 0..D {
            let y = (x[k] + 0.5 * slope[k]).max(lo[k]).min(hi[k]);
            let gap = x[k] - y;
            total += gap * gap - slope[k] * y;
        }
        total
    }
}

/// The Euclidean distance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Distance;

impl Metric for Distance {
    fn roundings(&self, dim: usize) -> f64 {
        // The root of a sum of D squares.
        0.5 * dim as f64 + 3.0
    }

    #[inline(always)]
    fn cost<const D: usize>(&self, x: &[f64; D], y: &[f64; D]) -> f64 {
        Square.cost(x, y).sqrt()
    }

    #[inline(always)]
    fn least_over_box<const D: usize>(
        &self,
        x: &[f64; D],
        lo: &[f64; D],
        hi: &[f64; D],
        slope: &[f64; D],
        best: f64,
    ) -> f64 {
        // |y − x| ≥ ⟨u, y − x⟩ for every u of length at most 1, and a linear function over a box is least in a corner:
        // ⟨u, v⟩ − ⟨slope, c⟩ − Σ |u − slope| h with the centre c, half the sides h, and v = c − x.
        let (mut to_centre, mut half) = ([0.0; D], [0.0; D]);
        let (mut distance, mut length, mut at_x, mut at_centre) = (0.0, 0.0, 0.0, 0.0);
        for k in 0..D {
            let centre = 0.5 * (lo[k] + hi[k]);
            (to_centre[k], half[k]) = (centre - x[k], 0.5 * (hi[k] - lo[k]));
            distance += to_centre[k] * to_centre[k];
            length += slope[k] * slope[k];
            at_x += slope[k] * x[k];
            at_centre += slope[k] * centre;
        }
        // Along the slope itself, if it is not too long: nothing is lost over the box.
        let mut bound = if length <= 1.0 { -at_x } else { f64::NEG_INFINITY };
        if bound > best {
            return bound;
        }
        // Towards the centre of the box.
        distance = distance.sqrt();
        if distance > 0.0 {
            let (mut lost, scale) = (0.0, 1.0 / distance);
            for k in 0..D {
                lost += (to_centre[k] * scale - slope[k]).abs() * half[k];
            }
            bound = bound.max(distance - at_centre - lost);
            if bound > best {
                return bound;
            }
        }
        if length > 1.0 {
            let scale = 1.0 / length.sqrt();
            let mut along = scale * (at_centre - at_x) - at_centre;
            for k in 0..D {
                along -= ((scale - 1.0) * slope[k]).abs() * half[k];
            }
            bound = bound.max(along);
        }
        // The nearest point of the box against the steepest corner.
        let (mut nearest, mut steepest) = (0.0, at_centre);
        for k in 0..D {
            let gap = (to_centre[k].abs() - half[k]).max(0.0);
            nearest += gap * gap;
            steepest += slope[k].abs() * half[k];
        }
        bound.max(nearest.sqrt() - steepest)
    }
}

/// Any p-norm to any power.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PowerOfNorm {
    pub(crate) p: f64,
    pub(crate) power: f64,
}

impl PowerOfNorm {
    #[inline(always)]
    fn norm<const D: usize>(&self, gaps: &[f64; D]) -> f64 {
        if self.p == 2.0 {
            gaps.iter().map(|d| d * d).sum::<f64>().sqrt()
        } else if self.p == 1.0 {
            gaps.iter().map(|d| d.abs()).sum()
        } else {
            let largest = gaps.iter().fold(0.0_f64, |m, d| if d.abs() > m { d.abs() } else { m });
            if self.p == f64::INFINITY || largest == 0.0 {
                largest
            } else {
                largest * gaps.iter().map(|d| (d.abs() / largest).powf(self.p)).sum::<f64>().powf(1.0 / self.p)
            }
        }
    }

    /// A subgradient of the norm at `gaps` ≠ 0, of norm `norm`.
    #[inline(always)]
    fn subgradient<const D: usize>(&self, gaps: &[f64; D], norm: f64) -> [f64; D] {
        let mut gradient = [0.0; D];
        if self.p == 2.0 {
            for k in 0..D {
                gradient[k] = gaps[k] / norm;
            }
        } else if self.p == 1.0 {
            for k in 0..D {
                gradient[k] = gaps[k].signum();
            }
        } else if self.p == f64::INFINITY {
            for k in 0..D {
                if gaps[k].abs() == norm {
                    gradient[k] = gaps[k].signum();
                    break;
                }
            }
        } else {
            for k in 0..D {
                gradient[k] = gaps[k].signum() * (gaps[k].abs() / norm).powf(self.p - 1.0);
            }
        }
        gradient
    }
}

impl Metric for PowerOfNorm {
    fn roundings(&self, dim: usize) -> f64 {
        // Sums of D squares differ by D units, their roots by half of that and one more, which the power multiplies; the
        // power itself takes one on each side.
        self.power.max(1.0) * (0.5 * dim as f64 + 1.0) + 2.0
    }

    #[inline(always)]
    fn cost<const D: usize>(&self, x: &[f64; D], y: &[f64; D]) -> f64 {
        let mut gaps = [0.0; D];
        for k in 0..D {
            gaps[k] = x[k] - y[k];
        }
        raise(self.norm(&gaps), self.power)
    }

    #[inline(always)]
    fn least_over_box<const D: usize>(
        &self,
        x: &[f64; D],
        lo: &[f64; D],
        hi: &[f64; D],
        slope: &[f64; D],
        best: f64,
    ) -> f64 {
        // The nearest point of the box against the steepest corner.
        let mut gaps = [0.0; D];
        let mut steepest = 0.0;
        for k in 0..D {
            gaps[k] = (lo[k] - x[k]).max(x[k] - hi[k]).max(0.0);
            steepest += if slope[k] > 0.0 { slope[k] * hi[k] } else { slope[k] * lo[k] };
        }
        let mut bound = raise(self.norm(&gaps), self.power) - steepest;
        if self.power < 1.0 || bound > best {
            return bound;
        }
        // The cost is convex in y: its tangent at a point of the box lies below it. Where the tangent's slope matches the
        // dual's, the bound is tight; the centre of the box is a good guess.
        let mut from_x = [0.0; D];
        for k in 0..D {
            from_x[k] = 0.5 * (lo[k] + hi[k]) - x[k];
        }
        let distance = self.norm(&from_x);
        if distance > 0.0 {
            let height = raise(distance, self.power);
            let factor = self.power * height / distance;
            let unit = self.subgradient(&from_x, distance);
            let mut tangent = height;
            for k in 0..D {
                let steep = factor * unit[k];
                let tilt = steep - slope[k];
                let y = if tilt > 0.0 { lo[k] } else { hi[k] };
                tangent += steep * (y - x[k] - from_x[k]) - slope[k] * y;
            }
            bound = bound.max(tangent);
        }
        bound
    }
}
