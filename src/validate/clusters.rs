//! Modes of a sample in which they are not known: k-means.

use rand::RngExt;

use crate::measure::Samples;
use crate::numeric::stream;

/// Most rounds of Lloyd's algorithm.
const ROUNDS: usize = 100;

/// The cluster of each point: k-means++ seeds (Arthur & Vassilvitskii 2007), Lloyd's algorithm, the best of five starts. Clusters
/// are numbered from 0, and none is empty.
pub(super) fn cluster(samples: &Samples, k: usize, seed: u64) -> Vec<usize> {
    let starts = (0..5).map(|start| from_start(samples, k, seed, start));
    let best = starts.reduce(|best, next| if next.1 < best.1 { next } else { best });
    without_gaps(best.map_or_else(|| vec![0; samples.len()], |found| found.0))
}

fn from_start(samples: &Samples, k: usize, seed: u64, start: u64) -> (Vec<usize>, f64) {
    let n = samples.len();
    let mut random = stream(seed, start);
    let mut centres = vec![samples.point(random.random_range(0..n)).to_vec()];
    let mut nearest: Vec<f64> = samples.points().iter().map(|x| squared(x, &centres[0])).collect();
    while centres.len() < k {
        let mut left = random.random::<f64>() * nearest.iter().sum::<f64>();
        let chosen = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        let centre = samples.point(chosen.unwrap_or(n - 1)).to_vec();
        for (d, x) in nearest.iter_mut().zip(samples.points().iter()) {
            *d = d.min(squared(x, &centre));
        }
        centres.push(centre);
    }
    let mut labels = vec![usize::MAX; n];
    for _ in 0..ROUNDS {
        let found: Vec<usize> = samples.points().iter().map(|x| closest(x, &centres)).collect();
        if found == labels {
            break;
        }
        labels = found;
        for (label, centre) in centres.iter_mut().enumerate() {
            let members: Vec<usize> = (0..n).filter(|&i| labels[i] == label).collect();
            if !members.is_empty() {
                *centre = mean_of(samples, &members);
            }
        }
    }
    let cost = samples.points().iter().zip(&labels).map(|(x, &label)| squared(x, &centres[label])).sum();
    (labels, cost)
}

fn closest(x: &[f64], centres: &[Vec<f64>]) -> usize {
    let distances = centres.iter().map(|centre| squared(x, centre)).enumerate();
    distances.fold((0, f64::INFINITY), |best, found| if found.1 < best.1 { found } else { best }).0
}

pub(super) fn squared(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum()
}

/// Labels renumbered in the order in which they first occur.
fn without_gaps(labels: Vec<usize>) -> Vec<usize> {
    let mut names = Vec::new();
    let mut number = |label: usize| {
        names.iter().position(|&name| name == label).unwrap_or_else(|| {
            names.push(label);
            names.len() - 1
        })
    };
    labels.into_iter().map(&mut number).collect()
}

/// The mean of some points, around the first of them.
pub(super) fn mean_of(samples: &Samples, members: &[usize]) -> Vec<f64> {
    let origin = samples.point(members[0]);
    let mut mean = vec![0.0; samples.dim()];
    for &i in members {
        for (mean, (x, o)) in mean.iter_mut().zip(samples.point(i).iter().zip(origin)) {
            *mean += (x - o) / members.len() as f64;
        }
    }
    mean.iter().zip(origin).map(|(mean, o)| mean + o).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Mixture;

    #[test]
    fn well_separated_modes_are_found() {
        let (samples, labels) = Mixture::ring(6, 1.0, 0.02).unwrap().sample_labelled(300, 4).unwrap();
        let found = cluster(&samples, 6, 0);
        for i in 0..300 {
            for j in 0..i {
                assert_eq!(found[i] == found[j], labels[i] == labels[j], "{i} {j}");
            }
        }
        assert_eq!(found[0], 0);
        let one = Samples::new([[1.0, 1.0]; 9]).unwrap();
        assert_eq!(cluster(&one, 3, 0), vec![0; 9]);
    }
}
