//! The first parameters.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::critic::net::Scalar;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::random::ChaCha8Rng;

/// How the weights begin; biases begin at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Init {
    /// N(0, 2 / inputs): He et al. 2015, for ReLU and the like.
    #[default]
    He,
    /// U(±√(6 / (inputs + outputs))): Glorot & Bengio 2010.
    Glorot,
    /// U(±1 / √inputs), for the biases too: PyTorch's `Linear`.
    Uniform,
    /// Rows (or columns) of length 1 at right angles: Saxe et al. 2014.
    Orthogonal,
}

impl Init {
    /// By its name: `he`, `glorot`, `uniform`, `orthogonal`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "he" => Self::He,
            "glorot" => Self::Glorot,
            "uniform" => Self::Uniform,
            "orthogonal" => Self::Orthogonal,
            _ => {
                let why = format!("unknown initialisation `{name}`; expected one of he, glorot, uniform, orthogonal");
                return Err(Error::new("init", ErrorKind::Unsupported(why.into())));
            }
        })
    }

    /// Draws a matrix, row by row.
    pub(super) fn draw<T: Scalar>(self, values: &mut [T], matrix: Matrix, random: &mut ChaCha8Rng) {
        let Matrix { rows, columns, fan_in, fan_out, damping } = matrix;
        let mut normal = || -> f64 { StandardNormal.sample(random) };
        match self {
            Self::He => {
                let deviation = (2.0 / fan_in).sqrt() / damping;
                values.iter_mut().for_each(|v| *v = T::of(deviation * normal()));
            }
            Self::Orthogonal => {
                let tall = nalgebra::DMatrix::from_fn(rows.max(columns), rows.min(columns), |_, _| normal());
                let q = tall.qr().q();
                for (at, v) in values.iter_mut().enumerate() {
                    let (row, column) = (at / columns, at % columns);
                    let entry = if rows >= columns { q[(row, column)] } else { q[(column, row)] };
                    *v = T::of(entry / damping);
                }
            }
            Self::Glorot | Self::Uniform => {
                let bound = if self == Self::Glorot { (6.0 / (fan_in + fan_out)).sqrt() } else { 1.0 / fan_in.sqrt() };
                values.iter_mut().for_each(|v| *v = T::of(random.random_range(-bound..=bound) / damping));
            }
        }
    }

    /// Draws the biases behind a matrix of `fan_in` inputs, where they do not begin at 0.
    pub(super) fn draw_biases<T: Scalar>(self, values: &mut [T], fan_in: f64, random: &mut ChaCha8Rng) {
        if self == Self::Uniform {
            let bound = 1.0 / fan_in.sqrt();
            values.iter_mut().for_each(|v| *v = T::of(random.random_range(-bound..=bound)));
        }
    }
}

/// A matrix to be drawn: its shape, how many values come in to make one and go out of one, and what the first values are divided by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) fan_in: f64,
    pub(super) fan_out: f64,
    pub(super) damping: f64,
}
