//! The bottleneck distance between persistence diagrams, which no noise can move by more than its own size.
//!
//! The diagram of a signal has a point (birth, death) for each of its valleys: it is born at its bottom, and dies where it meets a deeper
//! one. Two diagrams are compared by a matrix: a point goes to a point of the other diagram, or to the nearest point of the diagonal, and
//! from diagonal to diagonal nothing is paid. The bottleneck distance is at most the largest difference of the signals (Cohen-Steiner,
//! Edelsbrunner, Harer, "Stability of persistence diagrams", 2007).
//!
//! ```text
//! cargo run --release --example 13_persistence_diagrams
//! ```

use earthwork::exact::bottleneck;
use earthwork::prelude::*;
use ndarray::Array2;

/// The valleys of a signal as (birth, death), without the deepest, which never dies.
fn diagram(signal: &[f64]) -> Vec<[f64; 2]> {
    let mut order: Vec<usize> = (0..signal.len()).collect();
    order.sort_by(|&i, &j| signal[i].total_cmp(&signal[j]));
    // The bottom of the valley that each place belongs to, once the water has reached it.
    let mut bottom: Vec<Option<usize>> = vec![None; signal.len()];
    let mut points = Vec::new();
    for i in order {
        let beside = [i.checked_sub(1), Some(i + 1)].into_iter().flatten().filter_map(|k| *bottom.get(k)?);
        let mut valleys: Vec<usize> = beside.collect();
        valleys.sort_by(|&s, &t| signal[s].total_cmp(&signal[t]));
        valleys.dedup();
        let deepest = valleys.first().copied().unwrap_or(i);
        bottom[i] = Some(deepest);
        for &ends in valleys.iter().skip(1) {
            points.push([signal[ends], signal[i]]);
            bottom.iter_mut().filter(|valley| **valley == Some(ends)).for_each(|valley| *valley = Some(deepest));
        }
    }
    points.retain(|[birth, death]| birth < death);
    points
}

/// The cost matrix between two diagrams. Each diagram is extended by one point of the diagonal for every point of the other.
fn costs(p: &[[f64; 2]], q: &[[f64; 2]]) -> Array2<f64> {
    let to_diagonal = |[birth, death]: [f64; 2]| 0.5 * (death - birth);
    Array2::from_shape_fn((p.len() + q.len(), p.len() + q.len()), |(i, j)| match (p.get(i), q.get(j)) {
        (Some(s), Some(t)) => (s[0] - t[0]).abs().max((s[1] - t[1]).abs()),
        (Some(s), None) => to_diagonal(*s),
        (None, Some(t)) => to_diagonal(*t),
        (None, None) => 0.0,
    })
}

fn main() -> Result<()> {
    let clean: Vec<f64> = (0..400).map(|k| f64::from(k) / 40.0).map(|t| t.sin() + 0.5 * (2.7 * t).cos()).collect();
    for size in [0.01, 0.1, 0.3] {
        let noise = Gaussian::standard(1)?.sample(clean.len(), 7)?;
        let noisy: Vec<f64> =
            clean.iter().zip(noise.points().as_slice()).map(|(v, e)| v + size * e.clamp(-2.0, 2.0)).collect();
        let largest = clean.iter().zip(&noisy).map(|(v, w)| (v - w).abs()).fold(0.0, f64::max);
        let (p, q) = (diagram(&clean), diagram(&noisy));
        let matrix = costs(&p, &q);
        let masses = Weights::uniform(matrix.nrows())?;
        let found = bottleneck(&Problem::with_matrix(masses.clone(), masses, &matrix)?)?;
        println!(
            "noise of at most {largest:.3}: {} and {} valleys, bottleneck distance {:.3}",
            p.len(),
            q.len(),
            found.value
        );
        assert_eq!(found.lower, found.value);
        assert!(found.value <= largest + 1e-12, "the diagram is stable");
    }
    Ok(())
}
