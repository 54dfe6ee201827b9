//! Arrays that are used again.

use std::sync::{Arc, Mutex};

use ndarray::{Array2, ArrayView2};

use crate::critic::net::Scalar;

/// How many arrays are kept at most.
const MOST: usize = 64;

/// The arrays of former passes. Each step of a training needs as many of the same sizes as the one before, and to get their memory from
/// the system anew would take a third of its time. Nobody waits for them: a process may have been forked while they were locked.
#[derive(Debug)]
pub(super) struct Buffers<T>(Arc<Mutex<Vec<Vec<T>>>>);

impl<T> Default for Buffers<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// A copy of a network has arrays of its own.
impl<T> Clone for Buffers<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What is kept is not a part of what a network is.
impl<T> PartialEq for Buffers<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T: Scalar> Buffers<T> {
    /// The same arrays, for one who gives them back later.
    pub(super) fn shared(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// An array with anything in it.
    pub(super) fn any(&self, (rows, columns): (usize, usize)) -> Array2<T> {
        let len = rows * columns;
        let found =
            self.0.try_lock().ok().and_then(|mut kept| {
                kept.iter().rposition(|values| values.len() == len).map(|at| kept.swap_remove(at))
            });
        Array2::from_shape_vec((rows, columns), found.unwrap_or_else(|| vec![T::zero(); len]))
            .expect("as many values as the shape has")
    }

    /// An array of zeros.
    pub(super) fn zeros(&self, shape: (usize, usize)) -> Array2<T> {
        let mut array = self.any(shape);
        slice(&mut array).fill(T::zero());
        array
    }

    /// A copy, row by row.
    pub(super) fn copy(&self, of: ArrayView2<'_, T>) -> Array2<T> {
        let mut array = self.any(of.dim());
        match of.as_slice() {
            Some(of) => slice(&mut array).copy_from_slice(of),
            None => array.assign(&of),
        }
        array
    }

    /// Takes an array back.
    pub(super) fn give(&self, array: Array2<T>) {
        let (values, _) = array.into_raw_vec_and_offset();
        if let Ok(mut kept) = self.0.try_lock()
            && kept.len() < MOST
            && !values.is_empty()
        {
            kept.push(values);
        }
    }
}

fn slice<T>(array: &mut Array2<T>) -> &mut [T] {
    array.as_slice_mut().expect("a new array is stored row by row")
}

/// What all passes over the layers of a network share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'a, T> {
    pub(super) parameters: &'a [T],
    /// The running moments of normalisations over batches.
    pub(super) statistics: &'a [T],
    /// Whether these take the running moments and not those of the batch.
    pub(super) running: bool,
    pub(super) buffers: &'a Buffers<T>,
}
