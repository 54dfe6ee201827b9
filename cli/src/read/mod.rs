//! Files to samples: every format, every refusal.

mod array;
mod checks;
mod columns;
mod dialect;
mod formats;
mod image;
mod labelled;
mod npy;
pub(crate) mod pictures;
mod samples;
mod source;
mod table;
mod text;

pub(crate) use array::{array, matrix, vector};
pub(crate) use checks::{plan, potentials};
pub(crate) use labelled::whole;
pub(crate) use samples::{Inputs, LabelledChoice, Sample, labelled, load};
