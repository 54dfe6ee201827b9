//! Loops over the threads of the pool.
//!
//! They hand their closures on by reference, so that the machinery of rayon is compiled once for each type of result and not once for each
//! loop: inlined everywhere it was a quarter of the library's code.

use rayon::prelude::*;

/// `job(k)` for each k < `count`, in order.
pub(crate) fn map<T: Send>(count: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    fn all<T: Send>(count: usize, job: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
        (0..count).into_par_iter().map(job).collect()
    }
    all(count, &job)
}

/// `job(scratch, k)` for each k < `count`, in order. Scratch is made by `scratch` now and then, and handed from job to job.
pub(crate) fn map_with<S, T: Send>(
    count: usize,
    scratch: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    each(0..count, &|| {
        let (mut scratch, job) = (scratch(), &job);
        Box::new(move |k| job(&mut scratch, k))
    })
}

/// `job(scratch, (k, part))` for the k-th part, in order, with scratch as in [`map_with`].
pub(crate) fn map_parts<S, P: Send, T: Send>(
    parts: Vec<P>,
    scratch: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, (usize, P)) -> T + Sync,
) -> Vec<T> {
    each(parts.into_par_iter().enumerate(), &|| {
        let (mut scratch, job) = (scratch(), &job);
        Box::new(move |part| job(&mut scratch, part))
    })
}

/// What does one job after another.
type Worker<'a, P, T> = Box<dyn FnMut(P) -> T + 'a>;

fn each<'a, I: IntoParallelIterator<Iter: IndexedParallelIterator>, T: Send>(
    parts: I,
    worker: &(dyn Fn() -> Worker<'a, I::Item, T> + Sync),
) -> Vec<T> {
    parts.into_par_iter().map_init(worker, |worker, part| worker(part)).collect()
}

/// `job(k, values)` for the k-th chunk of `size` values, the last of which may be shorter.
pub(crate) fn chunks_mut<T: Send>(values: &mut [T], size: usize, job: impl Fn(usize, &mut [T]) + Sync) {
    fn all<T: Send>(values: &mut [T], size: usize, job: &(dyn Fn(usize, &mut [T]) + Sync)) {
        values.par_chunks_mut(size).enumerate().for_each(|(k, values)| job(k, values));
    }
    all(values, size, &job);
}
