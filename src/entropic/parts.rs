//! Work over the rows, cut into parts whatever the number of threads.

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
    parallel::map_parts(parts, S::default, job)
}
