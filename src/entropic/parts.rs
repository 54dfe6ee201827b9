//! Work over the rows, cut into parts whatever the number of threads.

use std::sync::{Mutex, PoisonError};

use crate::numeric::parallel;

/// Parts that the rows are cut into: their sums are added in order, for the same bits at any number of threads.
pub(super) const PARTS: usize = 16;

/// What `job` makes of each part, in order. Each thread hands its scratch from part to part.
pub(super) fn in_parts<S: Default + Send, P: Send, T: Send>(
    parts: Vec<P>,
    job: impl Fn(&mut S, (usize, P)) -> T + Sync,
) -> Vec<T> {
    if rayon::current_num_threads() == 1 {
        // The one thread of a pool would only be woken, and this one put to sleep, for each pass.
        let mut scratch = S::default();
        return parts.into_iter().enumerate().map(|part| job(&mut scratch, part)).collect();
    }
    let parts: Vec<Mutex<Option<P>>> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
    parallel::map_with(parts.len(), S::default, |scratch, k| {
        let part = parts[k].lock().unwrap_or_else(PoisonError::into_inner).take();
        job(scratch, (k, part.expect("each part is taken once")))
    })
}
