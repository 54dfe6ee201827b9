//! Potentials of points without mass.

use super::certify::balanced;
use crate::neighbors::{self, Until};
use crate::numeric::parallel;
use crate::transport::{Potentials, Problem};

/// Pairs from which the faster way is looked for.
const MANY: usize = 1_000_000;

/// The potentials of all points, given those of the points that hold mass (the others' values are not read): the most that
/// feasibility allows, first for sources without mass beside the targets that hold some, then for targets without mass
/// beside all sources.
pub(crate) fn extended(problem: &Problem, mut f: Vec<f64>, mut g: Vec<f64>) -> Potentials {
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    let (n, m) = problem.shape();
    let of = |masses: &[f64], hold: bool| -> Vec<u32> {
        (0..masses.len() as u32).filter(|&i| (masses[i as usize] > 0.0) == hold).collect()
    };
    let (empty, holding) = (of(a, false), of(b, true));
    let points = problem.points();

    let by_tree = points.filter(|_| empty.len() * holding.len() >= MANY);
    let found = by_tree.and_then(|points| neighbors::c_transform_back(points, &g, &holding, &empty));
    let found = found.unwrap_or_else(|| {
        parallel::map_with(
            empty.len(),
            || vec![0.0; m],
            |row, k| {
                let i = empty[k] as usize;
                problem.cost().fill(i..i + 1, 0..m, row);
                holding.iter().map(|&j| row[j as usize] - g[j as usize]).fold(f64::INFINITY, f64::min)
            },
        )
    });
    // A point without any pair is bound by nothing.
    let finite = |value: f64| if value == f64::INFINITY { 0.0 } else { value };
    empty.iter().zip(found).for_each(|(&i, value)| f[i as usize] = finite(value));

    let empty = of(b, false);
    let by_tree = points.filter(|_| empty.len() * n >= MANY);
    let all: Vec<u32> = (0..n as u32).collect();
    if let Some((found, _)) = by_tree.and_then(|points| neighbors::c_transform(points, &f, &all, &Until::default())) {
        empty.iter().for_each(|&j| g[j as usize] = found[j as usize]);
    } else {
        let found = parallel::map_with(
            empty.len(),
            || vec![0.0; n],
            |column, k| {
                let j = empty[k] as usize;
                problem.cost().fill(0..n, j..j + 1, column);
                column.iter().zip(&f).map(|(c, f)| c - f).fold(f64::INFINITY, f64::min)
            },
        );
        empty.iter().zip(found).for_each(|(&j, value)| g[j as usize] = finite(value));
    }
    balanced(a, b, f, g)
}
