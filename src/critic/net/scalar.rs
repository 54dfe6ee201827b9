//! The two number types in which networks compute.

use std::fmt::{Debug, Display};
use std::ops::{AddAssign, DivAssign, MulAssign, Neg, SubAssign};

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar, ScalarOperand};

use crate::simd::{Factor, add_product};

/// `f32` or `f64`.
pub trait Scalar:
    LinalgScalar
    + ScalarOperand
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + PartialOrd
    + Default
    + Debug
    + Display
    + Send
    + Sync
    + private::Sealed
{
    /// The nearest number of this type.
    fn of(value: f64) -> Self;
    /// The same number.
    fn to_f64(self) -> f64;
    /// |x|.
    #[must_use]
    fn abs(self) -> Self;
    /// √x.
    #[must_use]
    fn sqrt(self) -> Self;
    /// eˣ.
    #[must_use]
    fn exp(self) -> Self;
    /// ln(1 + x).
    #[must_use]
    fn ln_1p(self) -> Self;
    /// tanh x.
    #[must_use]
    fn tanh(self) -> Self;
    /// xᵖ.
    #[must_use]
    fn powf(self, p: Self) -> Self;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// The larger of two numbers.
    #[inline]
    #[must_use]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
}

mod private {
    use ndarray::{ArrayView2, ArrayViewMut2};

    /// Nobody else implements `Scalar`.
    pub trait Sealed: Sized {
        /// Adds `a` · `b` to `c`.
        fn add_product(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, c: ArrayViewMut2<'_, Self>);
    }
}

impl private::Sealed for f64 {
    fn add_product(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, mut c: ArrayViewMut2<'_, Self>) {
        general_mat_mul(1.0, &a, &b, 1.0, &mut c);
    }
}

impl private::Sealed for f32 {
    fn add_product(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, mut c: ArrayViewMut2<'_, Self>) {
        let shape = (a.nrows(), b.ncols(), a.ncols());
        if let (Some(a), Some(b), Some(c)) = (factor(&a), factor(&b), c.as_slice_mut())
            && add_product(shape, a, b, c)
        {
            return;
        }
        general_mat_mul(1.0, &a, &b, 1.0, &mut c);
    }
}

/// A matrix whose rows or columns are stored in one piece, one after the other.
fn factor<'a>(matrix: &'a ArrayView2<'_, f32>) -> Option<Factor<'a>> {
    let (rows, columns) = matrix.dim();
    match matrix.as_slice() {
        Some(values) => Some(Factor { values, stride: columns, transposed: false }),
        None => matrix.as_slice_memory_order().map(|values| Factor { values, stride: rows, transposed: true }),
    }
}

macro_rules! scalar {
    ($float:ident) => {
        impl Scalar for $float {
            #[inline]
            fn of(value: f64) -> Self {
                value as $float
            }
            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn abs(self) -> Self {
                $float::abs(self)
            }
            #[inline]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }
            #[inline]
            fn exp(self) -> Self {
                $float::exp(self)
            }
            #[inline]
            fn ln_1p(self) -> Self {
                $float::ln_1p(self)
            }
            #[inline]
            fn tanh(self) -> Self {
                $float::tanh(self)
            }
            #[inline]
            fn powf(self, p: Self) -> Self {
                $float::powf(self, p)
            }
            #[inline]
            fn is_finite(self) -> bool {
                $float::is_finite(self)
            }
        }
    };
}

scalar!(f32);
scalar!(f64);
