//! A first feasible basis.

use super::masses::Masses;
use super::tree::TreeArc;
use crate::exact::amount::Amount;
use crate::simd;

/// Row by row, each source sends to its cheapest targets that still want mass, by the cost above the column's least.
///
/// Each step uses up exactly one source or one target (the perturbed masses never tie before the last), so the n + m − 1
/// arcs are a spanning tree with positive flows. O(n m) for the column minima and one row scan a step.
pub(crate) fn row_greedy<A: Amount>(costs: &[f64], masses: &Masses<A>) -> Vec<TreeArc<A>> {
    let (n, m) = (masses.source.len(), masses.target.len());
    let mut offsets = vec![f64::INFINITY; m];
    for row in costs.chunks_exact(m) {
        simd::lower_to_difference(&mut offsets, row, 0.0);
    }
    let mut wanted = masses.target.clone();
    let mut arcs = Vec::with_capacity(n + m - 1);
    for (i, row) in costs.chunks_exact(m).enumerate() {
        let mut supply = masses.source[i];
        loop {
            let (_, j) = simd::row_minimum(row, &offsets);
            let flow = supply.min(wanted[j]);
            arcs.push(TreeArc { source: i as u32, target: j as u32, flow });
            supply -= flow;
            wanted[j] -= flow;
            if wanted[j] == A::ZERO {
                // A full target is never the cheapest again.
                offsets[j] = f64::NEG_INFINITY;
            }
            if supply == A::ZERO {
                break;
            }
        }
    }
    arcs
}

/// The north-west corners of the points in order: a basis in O(n + m), whatever it costs.
pub(super) fn corners<A: Amount>(masses: &Masses<A>) -> Vec<TreeArc<A>> {
    let (n, m) = (masses.source.len(), masses.target.len());
    let (mut i, mut j, mut arcs) = (0, 0, Vec::with_capacity(n + m - 1));
    let (mut held, mut wanted) = (masses.source[0], masses.target[0]);
    loop {
        let flow = held.min(wanted);
        arcs.push(TreeArc { source: i as u32, target: j as u32, flow });
        held -= flow;
        wanted -= flow;
        if i + 1 == n && j + 1 == m {
            return arcs;
        }
        // (Perturbed masses never tie before the last.)
        if held == A::ZERO {
            i += 1;
            held = masses.source[i];
        } else {
            j += 1;
            wanted = masses.target[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_a_feasible_spanning_tree() {
        let (n, m) = (7, 11);
        let costs: Vec<f64> = (0..n * m).map(|k| ((k * 29 % 53) as f64).sin()).collect();
        let masses = Masses::<i128>::new(&vec![1.0 / n as f64; n], &vec![1.0 / m as f64; m]);
        for arcs in [row_greedy(&costs, &masses), corners(&masses)] {
            assert_eq!(arcs.len(), n + m - 1);
            let (mut rows, mut columns) = (vec![0; n], vec![0; m]);
            for arc in &arcs {
                assert!(arc.flow > 0);
                rows[arc.source as usize] += arc.flow;
                columns[arc.target as usize] += arc.flow;
            }
            assert_eq!((rows, columns), (masses.source.clone(), masses.target.clone()));
        }
    }
}
