//! What a solve holds at once, counted by the allocator: at most 1.2 times the cost matrix, and `report.memory` says so.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use earthwork::cost::PNorm;
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, problem};
use ndarray::Array2;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system allocator, with a running total and its maximum.
struct Counting;

fn grew(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The counters are shared, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The most bytes that a solve held beyond what there was before, and what it reports.
fn measured(problem: &Problem) -> (usize, usize) {
    // The pool of threads and its queues are made once.
    rayon::join(|| (), || ());
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let solution = solve(problem).unwrap();
    let peak = PEAK.load(Ordering::Relaxed) - before;
    assert_eq!(solution.status, Status::Optimal);
    (peak, solution.report.memory)
}

#[test]
fn points_take_at_most_the_matrix_and_a_fifth() {
    let _alone = ALONE.lock().unwrap();
    for (shape, dim) in [((700, 700), 2), ((1000, 800), 3), ((1200, 1200), 10), ((1500, 1500), 6), ((40, 9000), 4)] {
        for weighting in [Weighting::Random, Weighting::Uniform, Weighting::ManyZeros] {
            let problem = problem(Family::Gaussian, weighting, shape, dim, SquaredEuclidean, 1);
            let matrix = shape.0 * shape.1 * size_of::<f64>();
            // Few points against many: what is kept for each point is more than its part of the matrix.
            let most = (1.2 * matrix as f64).max((matrix + 400 * (shape.0 + shape.1)) as f64);
            let (peak, reported) = measured(&problem);
            assert!(peak as f64 <= most, "{shape:?} {weighting:?}: {peak} bytes for a matrix of {matrix}");
            assert!(reported as f64 <= most, "{shape:?} {weighting:?}: reports {reported} of {matrix}");
            // The report counts what the solver holds; the plan, the potentials and the certificate come to it.
            assert!(
                reported <= peak && peak <= reported * 5 / 4 + 600 * (shape.0 + shape.1),
                "{shape:?} {weighting:?}: reports {reported}, held {peak}"
            );
        }
    }
}

#[test]
fn a_matrix_that_is_there_is_not_copied() {
    let _alone = ALONE.lock().unwrap();
    let points = problem(Family::Gaussian, Weighting::Random, (1000, 1000), 3, PNorm::cityblock(), 2);
    let matrix = Array2::from_shape_fn((1000, 1000), |(i, j)| points.cost().entry(i, j));
    let given = Problem::with_matrix(points.source().clone(), points.target().clone(), &matrix).unwrap();
    let (peak, reported) = measured(&given);
    assert!(peak <= 8_000_000 / 5, "{peak} bytes beside a matrix of 8 MB");
    assert!(reported <= 8_000_000 / 5, "reports {reported}");
}
