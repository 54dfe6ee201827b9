//! The two orders against each other, and the whole solver against the dense one.

use super::masses::Masses;
use super::start::row_greedy;
use super::thread::Thread;
use super::tour::Tour;
use super::tree::Tree;

/// Solves one random problem with both orders in lockstep and compares every potential after every pivot.
#[test]
fn both_orders_shift_the_same_potentials() {
    for (n, m, seed) in [(1, 1, 0), (1, 5, 1), (4, 1, 2), (6, 7, 3), (30, 20, 4), (150, 170, 5), (700, 600, 6)] {
        // Whole numbers, so that both orders add exactly.
        let place = |k: usize, by: usize| ((k + seed) * by % 1009) as f64;
        let cost =
            |i: usize, j: usize| (place(i, 131) - place(j, 467)).powi(2) + (place(i, 383) - place(j, 241)).powi(2);
        let costs: Vec<f64> = (0..n * m).map(|k| cost(k / m, k % m)).collect();
        let weights = |n: usize| (0..n).map(|k| 1.0 + (k * 29 % 7) as f64).collect::<Vec<_>>();
        let normal = |w: Vec<f64>| {
            let total: f64 = w.iter().sum();
            w.into_iter().map(|w| w / total).collect::<Vec<_>>()
        };
        let masses = Masses::<i128>::new(&normal(weights(n)), &normal(weights(m)));
        let arcs = row_greedy(&costs, &masses);
        let mut walked = Tree::<Thread, i128>::new(n, m, &arcs);
        let mut toured = Tree::<Tour, i128>::new(n, m, &arcs);
        walked.refresh(cost);
        toured.refresh(cost);
        let mut pivots = 0;
        loop {
            let reduced =
                |i: usize, j: usize| cost(i, j) + walked.potential(i as u32) - walked.potential((n + j) as u32);
            let pair =
                (0..n * m).map(|k| (k * 7919 + pivots * 104_729) % (n * m)).find(|k| reduced(k / m, k % m) < 0.0);
            let Some((i, j)) = pair.map(|k| (k / m, k % m)) else { break };
            let reduced = reduced(i, j);
            walked.pivot(i as u32, j as u32, reduced);
            toured.pivot(i as u32, j as u32, reduced);
            pivots += 1;
            toured.order().check();
            assert!(toured.order().is_compact(), "pivot {pivots} of {n} and {m} points");
            if n > 200 && pivots % 50 != 0 {
                continue;
            }
            let origin = walked.potential(0) - toured.potential(0);
            for v in 0..(n + m) as u32 {
                assert_eq!(walked.potential(v) - toured.potential(v), origin, "node {v}, pivot {pivots}, n = {n}");
            }
            assert!(walked.arcs() == toured.arcs());
        }
        assert!(n < 100 || pivots > n, "{pivots} pivots are too few to tell");
    }
}
