//! What stands between two matrices.

use std::fmt;

use ndarray::{Array2, Axis, Zip};

use crate::critic::net::Scalar;
use crate::error::{Error, ErrorKind, Result};
use crate::simd::{rectify, rectify_slopes};

/// A function of the values of one layer, for each point by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// max(u, 0).
    Relu,
    /// u where u > 0, else `slope` · u; the slope is between 0 and 1.
    LeakyRelu {
        /// The slope below 0.
        slope: f64,
    },
    /// tanh u.
    Tanh,
    /// ln(1 + eᵘ).
    Softplus,
    /// u / (1 + e⁻ᵘ), also called swish.
    Silu,
    /// Sorts neighbouring pairs, the larger first: [`Activation::GroupSort`] of 2 (Anil, Lucas, Grosse, "Sorting out Lipschitz
    /// function approximation", 2019). Keeps the norm of gradients.
    MaxMin,
    /// Sorts groups of this many values, the largest first.
    GroupSort {
        /// The size of a group; it divides the width of the layer.
        size: usize,
    },
}

impl Activation {
    /// By its name on the command line: `relu`, `leaky-relu` (slope 0.2), `leaky-relu:SLOPE`, `tanh`, `softplus`, `silu`, `maxmin`,
    /// `groupsort:K`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        let unknown = || {
            let why = format!(
                "unknown activation `{name}`; expected one of relu, leaky-relu, tanh, softplus, silu, maxmin, groupsort:K"
            );
            Error::new("activation", ErrorKind::Unsupported(why.into()))
        };
        Ok(match name {
            "relu" => Self::Relu,
            "leaky-relu" => Self::LeakyRelu { slope: 0.2 },
            "tanh" => Self::Tanh,
            "softplus" => Self::Softplus,
            "silu" => Self::Silu,
            "maxmin" => Self::MaxMin,
            _ if name.starts_with("leaky-relu:") => {
                let slope = name.strip_prefix("leaky-relu:").and_then(|slope| slope.parse().ok());
                Self::LeakyRelu { slope: slope.ok_or_else(unknown)? }
            }
            _ => {
                let size = name.strip_prefix("groupsort:").and_then(|size| size.parse().ok());
                Self::GroupSort { size: size.filter(|&size| size > 1).ok_or_else(unknown)? }
            }
        })
    }

    /// The Lipschitz constant in the Euclidean norm, rounded up.
    pub fn lipschitz(self) -> f64 {
        match self {
            // The largest slope of u σ(u), at u ≈ 2.3994.
            Self::Silu => 1.099_839_32,
            _ => 1.0,
        }
    }

    /// Whether its second derivative is 0 wherever it has one.
    pub(super) fn is_piecewise_linear(self) -> bool {
        !matches!(self, Self::Tanh | Self::Softplus | Self::Silu)
    }

    /// The size of the groups that it sorts; 0 for those that act on single values.
    pub(super) fn group(self) -> usize {
        match self {
            Self::MaxMin => 2,
            Self::GroupSort { size } => size,
            _ => 0,
        }
    }

    /// The value, the first and the second derivative at `u`, of an activation of single values.
    #[inline]
    fn jet<T: Scalar>(self, u: T) -> (T, T, T) {
        let (zero, one) = (T::zero(), T::one());
        match self {
            Self::Relu => {
                if u > zero {
                    (u, one, zero)
                } else {
                    (zero, zero, zero)
                }
            }
            Self::LeakyRelu { slope } => {
                let slope = T::of(slope);
                if u > zero { (u, one, zero) } else { (slope * u, slope, zero) }
            }
            Self::Tanh => {
                let y = u.tanh();
                let first = one - y * y;
                (y, first, -(y + y) * first)
            }
            Self::Softplus => {
                let (s, _) = logistic(u);
                // ln(1 + eᵘ) = max(u, 0) + ln(1 + e^−|u|) does not overflow.
                (u.larger(zero) + (-u.abs()).exp().ln_1p(), s, s * (one - s))
            }
            Self::Silu => {
                let (s, slope) = logistic(u);
                let two = one + one;
                (u * s, s + u * slope, slope * (two + u * (one - two * s)))
            }
            Self::MaxMin | Self::GroupSort { .. } => (u, one, zero),
        }
    }

    /// The value at `u`, of an activation of single values.
    pub(super) fn value(self, u: f64) -> f64 {
        self.jet(u).0
    }

    /// The least and the largest slope between `low` and `high`, of an activation of single values.
    pub(super) fn slopes_between(self, low: f64, high: f64) -> (f64, f64) {
        /// Where the slope of u σ(u) is least and largest.
        const TURN: f64 = 2.399_357_280_520_467_7;
        /// What rounding may hide of a slope.
        const ULPS: f64 = 1e-13;
        let slope = |u: f64| self.jet(u).1;
        let kink = |below: f64| match (low > 0.0, high < 0.0) {
            (true, _) => (1.0, 1.0),
            (_, true) => (below, below),
            _ => (below, 1.0),
        };
        let (least, most) = match self {
            Self::Relu => return kink(0.0),
            Self::LeakyRelu { slope } => return kink(slope),
            Self::Tanh => {
                let nearest = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
                (slope(low.abs().max(high.abs())), slope(nearest))
            }
            Self::Silu => {
                let inside = [-TURN, TURN].into_iter().filter(|&u| low <= u && u <= high);
                // Beyond these the slope is 0 and 1 to the last digit, and ∞ · 0 is not a number.
                let ends = [low, high].map(|u| u.clamp(-1e3, 1e3));
                let slopes = ends.into_iter().chain(inside).map(slope);
                slopes.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), s| (a.min(s), b.max(s)))
            }
            _ => (slope(low), slope(high)),
        };
        (least - ULPS, most + ULPS)
    }

    /// The slope below 0 of one that is straight on either side of it, with slope 1 above.
    fn below<T: Scalar>(self) -> Option<T> {
        match self {
            Self::Relu => Some(T::zero()),
            Self::LeakyRelu { slope } => Some(T::of(slope)),
            _ => None,
        }
    }

    /// Writes the values after it to `out`.
    pub(super) fn forward<T: Scalar>(self, u: &Array2<T>, out: &mut Array2<T>) {
        match (self.below(), u.as_slice(), out.as_slice_mut()) {
            (Some(slope), Some(u), Some(out)) => rectify(slope, u, out),
            _ => Zip::from(out).and(u).for_each(|out, &u| *out = self.jet(u).0),
        }
    }

    /// `values` times the first derivative at `u`.
    pub(super) fn times_slope<T: Scalar>(self, u: &Array2<T>, values: &mut Array2<T>) {
        match (self.below(), u.as_slice(), values.as_slice_mut()) {
            (Some(slope), Some(u), Some(values)) => rectify_slopes(slope, u, values),
            _ => Zip::from(values).and(u).for_each(|v, &u| *v *= self.jet(u).1),
        }
    }

    /// `left` · `right` · the second derivative at `u`.
    pub(super) fn curvature<T: Scalar>(self, u: &Array2<T>, left: &Array2<T>, right: &Array2<T>) -> Array2<T> {
        let mut out = u.clone();
        Zip::from(&mut out).and(left).and(right).for_each(|u, &l, &r| *u = self.jet(*u).2 * l * r);
        out
    }
}

/// The name that [`Activation::named`] reads.
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relu => f.write_str("relu"),
            Self::LeakyRelu { slope } => write!(f, "leaky-relu:{slope}"),
            Self::Tanh => f.write_str("tanh"),
            Self::Softplus => f.write_str("softplus"),
            Self::Silu => f.write_str("silu"),
            Self::MaxMin => f.write_str("maxmin"),
            Self::GroupSort { size } => write!(f, "groupsort:{size}"),
        }
    }
}

/// σ(u) and its derivative.
#[inline]
fn logistic<T: Scalar>(u: T) -> (T, T) {
    let small = (-u.abs()).exp();
    let (one, sum) = (T::one(), T::one() + small);
    let s = if u > T::zero() { one / sum } else { small / sum };
    (s, small / (sum * sum))
}

/// The order that sorts each group of `size` columns of each row, the largest value first, as positions inside the row.
pub(super) fn sorting_order<T: Scalar>(u: &Array2<T>, size: usize) -> Array2<u32> {
    let width = u.ncols();
    let mut order = Array2::from_shape_fn(u.dim(), |(_, k)| k as u32);
    for (mut order, u) in order.axis_iter_mut(Axis(0)).zip(u.axis_iter(Axis(0))) {
        let order = order.as_slice_mut().expect("a new array is in row-major order");
        for first in (0..width).step_by(size) {
            let group = &mut order[first..first + size];
            if let [a, b] = group {
                if u[*b as usize] > u[*a as usize] {
                    std::mem::swap(a, b);
                }
            } else {
                group.sort_by(|&a, &b| u[b as usize].partial_cmp(&u[a as usize]).unwrap_or(std::cmp::Ordering::Equal));
            }
        }
    }
    order
}

/// The values of each row in that order.
pub(super) fn permuted<T: Scalar>(values: &Array2<T>, order: &Array2<u32>) -> Array2<T> {
    let mut out = Array2::zeros(values.dim());
    for ((mut out, values), order) in out.rows_mut().into_iter().zip(values.rows()).zip(order.rows()) {
        out.iter_mut().zip(order).for_each(|(out, &k)| *out = values[k as usize]);
    }
    out
}

/// The values of each row back from that order.
pub(super) fn unpermuted<T: Scalar>(values: &Array2<T>, order: &Array2<u32>) -> Array2<T> {
    let mut out = Array2::zeros(values.dim());
    for ((mut out, values), order) in out.rows_mut().into_iter().zip(values.rows()).zip(order.rows()) {
        values.iter().zip(order).for_each(|(&value, &k)| out[k as usize] = value);
    }
    out
}
