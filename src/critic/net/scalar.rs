//! The two number types in which networks compute.

use std::fmt::{Debug, Display};
use std::ops::{AddAssign, DivAssign, MulAssign, Neg, SubAssign};

use ndarray::{LinalgScalar, ScalarOperand};

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
    /// Nobody else implements `Scalar`.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
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
