//! Where coarse cells tell little (a matrix without points, or many dimensions), a sample of the points themselves tells
//! more: its exact potentials, carried to all points by c-transforms, rank the arcs.

use std::sync::Arc;

use super::dense;
use super::masses::Masses;
use super::matrix_levels;
use super::multiscale::Clouds;
use super::oracle::{Matrix, oracle};
use super::outcome::{Outcome, SPARSE_FROM};
use super::priced::from_potentials;
use crate::exact::amount::Amount;
use crate::transport::Watch;

/// One of so many sources and targets goes into the sample.
const SAMPLE: usize = 6;

/// Solves transport between `masses` under a row-major matrix.
pub(super) fn solve_matrix<A: Amount>(costs: &[f64], masses: &Masses<A>, watch: &mut Watch) -> Outcome<A> {
    let (n, m) = (masses.source.len(), masses.target.len());
    if costs.len() < SPARSE_FROM {
        return dense::solve(costs, masses, watch);
    }
    if let Some(solved) = matrix_levels::solve(costs, masses, solve_matrix, watch) {
        return solved;
    }
    let cost = |i: usize, j: usize| costs[i * m + j];
    let columns: Vec<usize> = (0..m).step_by(SAMPLE).collect();
    let sampled: Vec<f64> =
        (0..n).step_by(SAMPLE).flat_map(|i| columns.iter().map(move |&j| (i, j))).map(|(i, j)| cost(i, j)).collect();
    let sample = solve_matrix(&sampled, &uniform(n.div_ceil(SAMPLE), columns.len()), watch);
    let g = &sample.potential[n.div_ceil(SAMPLE)..];
    let least = |row: &[f64]| columns.iter().zip(g).map(|(&j, g)| row[j] - g).fold(f64::INFINITY, f64::min);
    let f = costs.chunks_exact(m).map(least).collect();
    let oracle = Matrix { costs, columns: m };
    from_potentials(f, None, &cost, &oracle, masses, sample.iterations, true, watch)
}

/// Solves transport between clouds in many dimensions.
pub(super) fn solve_clouds<A: Amount>(clouds: &Clouds<A>, watch: &mut Watch) -> Outcome<A> {
    solve_level(clouds, true, watch)
}

fn solve_level<A: Amount>(clouds: &Clouds<A>, proof: bool, watch: &mut Watch) -> Outcome<A> {
    let dim = clouds.dim;
    let (x, y) = (|i: usize| &clouds.source[i * dim..(i + 1) * dim], |j: usize| &clouds.target[j * dim..(j + 1) * dim]);
    let cost = |i: usize, j: usize| clouds.ground.between(x(i), y(j));
    let (n, m) = (clouds.masses.source.len(), clouds.masses.target.len());
    if n * m < SPARSE_FROM {
        let costs: Vec<f64> = (0..n).flat_map(|i| (0..m).map(move |j| (i, j))).map(|(i, j)| cost(i, j)).collect();
        return dense::solve(&costs, &clouds.masses, watch);
    }
    let source: Vec<f64> = (0..n).step_by(SAMPLE).flat_map(|i| x(i).iter().copied()).collect();
    let target: Vec<f64> = (0..m).step_by(SAMPLE).flat_map(|j| y(j).iter().copied()).collect();
    let masses = uniform(n.div_ceil(SAMPLE), m.div_ceil(SAMPLE));
    let sample = solve_level(
        &Clouds { ground: Arc::clone(&clouds.ground), dim, source: &source, target: &target, masses },
        false,
        watch,
    );
    let g = &sample.potential[n.div_ceil(SAMPLE)..];
    let among = oracle(&clouds.ground, clouds.source, &target, dim, watch.until());
    let mut f = vec![0.0; n];
    for (i, k) in among.nearest_targets(g, 1) {
        f[i as usize] = cost(i as usize, k as usize * SAMPLE) - g[k as usize];
    }
    let oracle = oracle(&clouds.ground, clouds.source, clouds.target, dim, watch.until());
    from_potentials(f, None, &cost, &*oracle, &clouds.masses, sample.iterations, proof, watch)
}

/// Equal masses on the two sides of a sample.
fn uniform(n: usize, m: usize) -> Masses<i128> {
    Masses::new(&vec![1.0 / n as f64; n], &vec![1.0 / m as f64; m])
}
