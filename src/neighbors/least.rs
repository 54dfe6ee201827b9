//! The least slacks c − g of every row of a cost between points in many dimensions.

use std::ops::Range;

use super::row::LeastOfRow;
use super::sieve::Sieve;
use super::until::Until;
use crate::cost::{CostMatrix, PointCost};
use crate::numeric::parallel;
use crate::simd;

/// Rows that are filled together.
const GROUP: usize = 4;
/// Rows that one task prices.
const ROWS: usize = 48;

/// A cost whose rows are searched: through a sieve where there is one for it, else tile by tile.
#[derive(Debug)]
pub(crate) struct LeastSlacks {
    cost: PointCost,
    sieve: Option<Sieve>,
}

impl LeastSlacks {
    pub(crate) fn new(cost: PointCost) -> Self {
        let sieve = Sieve::new(&cost);
        Self { cost, sieve }
    }

    /// Bytes held: the points row by row and by coordinate, and the sieve.
    pub(crate) fn memory(&self) -> usize {
        let ((n, m), dim) = (self.cost.shape(), self.cost.source().dim());
        (n + 2 * m) * dim * size_of::<f64>() + self.sieve.as_ref().map_or(0, Sieve::memory)
    }

    /// For each row the `k` columns of least c − g, as pairs in order. O(n m d) time, in parallel, with the same result at any
    /// number of threads, like the others.
    pub(crate) fn nearest(&self, g: &[f64], k: usize, until: &Until) -> Vec<(u32, u32)> {
        self.each(
            g,
            until,
            |_| f64::INFINITY,
            k,
            |i, survivors, pairs| {
                if survivors.len() <= k {
                    pairs.extend(survivors.iter().map(|&j| (i as u32, j)));
                    return;
                }
                let slack = |j: u32| self.between(i, j) - g[j as usize];
                pairs.extend(least_of(survivors.iter().map(|&j| (slack(j), j)), k).map(|j| (i as u32, j)));
            },
        )
    }

    /// For each row at most `k` columns that violate f + g ≤ c by more than `tolerance` times the size of the three, the worst
    /// ones, as pairs in order.
    pub(crate) fn violating(
        &self,
        (f, g): (&[f64], &[f64]),
        k: usize,
        tolerance: f64,
        until: &Until,
    ) -> Vec<(u32, u32)> {
        self.each(
            g,
            until,
            |i| f[i],
            k,
            |i, survivors, pairs| {
                let slack = |&j: &u32| {
                    let (c, f, g) = (self.between(i, j), f[i], g[j as usize]);
                    let slack = c - f - g;
                    (slack < -tolerance * (c.abs() + f.abs() + g.abs())).then_some((slack, j))
                };
                pairs.extend(least_of(survivors.iter().filter_map(slack), k).map(|j| (i as u32, j)));
            },
        )
    }

    /// For each row the least c − g, of the costs as [`CostMatrix::fill`] rounds them. None when time is over before the end.
    pub(crate) fn minima(&self, g: &[f64], until: &Until) -> Option<Vec<f64>> {
        let minima = self.each(
            g,
            until,
            |_| f64::INFINITY,
            1,
            |i, survivors, minima| {
                let slack = |&j: &u32| self.cost.entry(i, j as usize) - g[j as usize];
                minima.push(survivors.iter().map(slack).fold(f64::INFINITY, f64::min));
            },
        );
        (minima.len() == self.cost.shape().0).then_some(minima)
    }

    fn between(&self, i: usize, j: u32) -> f64 {
        self.cost.ground().between(self.cost.source().point(i), self.cost.target().point(j as usize))
    }

    /// What `tell` makes of the columns that may be among the `k` of least c − g below the limit of each row, row by row. Rows
    /// whose turn comes after the end of `until` are left out.
    fn each<T: Send>(
        &self,
        g: &[f64],
        until: &Until,
        limit: impl Fn(usize) -> f64 + Sync,
        k: usize,
        tell: impl Fn(usize, &[u32], &mut Vec<T>) + Sync,
    ) -> Vec<T> {
        let columns = self.sieve.as_ref().and_then(|sieve| sieve.columns(g));
        let n = self.cost.shape().0;
        let tasks: Vec<Vec<T>> = parallel::map(n.div_ceil(ROWS), |task| {
            let (rows, mut told) = (task * ROWS..((task + 1) * ROWS).min(n), Vec::new());
            if until.is_over() {
                return told;
            }
            match &columns {
                Some(columns) => {
                    columns.survivors(&self.cost, rows, &limit, k, |i, found| tell(i, found, &mut told));
                }
                None => self.by_tiles(g, rows, &limit, k, |i, found| tell(i, found, &mut told)),
            }
            told
        });
        tasks.into_iter().flatten().collect()
    }

    fn by_tiles(
        &self,
        g: &[f64],
        rows: Range<usize>,
        limit: &impl Fn(usize) -> f64,
        k: usize,
        mut tell: impl FnMut(usize, &[u32]),
    ) {
        let mut tile = vec![0.0; GROUP * g.len()];
        let (mut found, mut columns) = (Vec::with_capacity(k + 1), Vec::with_capacity(k));
        for first in rows.clone().step_by(GROUP) {
            let group = first..(first + GROUP).min(rows.end);
            let tile = &mut tile[..group.len() * g.len()];
            self.cost.fill(group.clone(), 0..g.len(), tile);
            for (i, row) in group.zip(tile.chunks_exact(g.len())) {
                simd::run(LeastOfRow { row, g, limit: limit(i), k, found: &mut found });
                columns.clear();
                columns.extend(found.iter().map(|found| found.index));
                tell(i, &columns);
            }
        }
    }
}

/// The `k` of least slack, by index.
fn least_of(slacks: impl Iterator<Item = (f64, u32)>, k: usize) -> impl Iterator<Item = u32> {
    let mut all: Vec<(f64, u32)> = slacks.collect();
    if all.len() > k {
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        all.sort_unstable_by_key(|one| one.1);
    }
    all.into_iter().map(|one| one.1)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::cost::{Euclidean, GroundCost, PNorm, SquaredEuclidean};
    use crate::measure::Points;
    use crate::numeric::stream;

    /// A coordinate from a uniform number, the index of its point and its own.
    type Family = fn(f64, usize, usize) -> f64;

    /// Points in R^d.
    fn points(n: usize, dim: usize, seed: u64, f: Family) -> Points {
        let mut random = stream(seed, 0);
        let coordinates: Vec<f64> =
            (0..n * dim).map(|at| f(random.random_range(-1.0..1.0), at / dim, at % dim)).collect();
        Points::from_rows(coordinates, dim).unwrap()
    }

    fn assert_sieve_agrees(ground: impl GroundCost + 'static, dim: usize, make: Family) {
        let (n, m) = (101, 530);
        let cost = PointCost::new(&points(n, dim, 1, make), &points(m, dim, 2, make), ground).unwrap();
        let slacks = LeastSlacks::new(cost.clone());
        assert!(slacks.sieve.is_some());
        let tiles = LeastSlacks { cost: cost.clone(), sieve: None };
        // The c-transform of zero, and a rough g.
        let least = |j: usize| (0..n).map(|i| cost.entry(i, j)).fold(f64::INFINITY, f64::min);
        let transform: Vec<f64> = (0..m).map(least).collect();
        let rough: Vec<f64> = transform.iter().enumerate().map(|(j, g)| g * (1.0 + (j as f64).sin())).collect();
        let ever = &Until::default();
        for g in [&vec![0.0; m], &transform, &rough] {
            // Of equal slacks either may be found.
            let assert_same = |left: Vec<(u32, u32)>, right: Vec<(u32, u32)>, k: usize| {
                assert_eq!(left.len(), right.len(), "{cost:?}, k = {k}");
                let sorted = |pairs: Vec<(u32, u32)>| {
                    let slack = |(i, j)| (i, cost.entry(i as usize, j as usize) - g[j as usize], j);
                    let mut slacks: Vec<(u32, f64, u32)> = pairs.into_iter().map(slack).collect();
                    slacks.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
                    slacks
                };
                for (l, r) in sorted(left).into_iter().zip(sorted(right)) {
                    let rounding = 1e-14 * (l.1.abs() + r.1.abs() + g[l.2 as usize].abs() + g[r.2 as usize].abs());
                    assert!(l.0 == r.0 && (l.1 - r.1).abs() <= rounding, "{cost:?}, k = {k}: {l:?} and {r:?}");
                }
            };
            for k in [1, 7] {
                assert_same(slacks.nearest(g, k, ever), tiles.nearest(g, k, ever), k);
                let f: Vec<f64> = tiles.minima(g, ever).unwrap().iter().map(|f| f * 1.01 + f.abs() * 1e-3).collect();
                let violating = |slacks: &LeastSlacks| slacks.violating((&f, g), k, 1e-15, ever);
                assert_same(violating(&slacks), violating(&tiles), k);
            }
            assert_eq!(slacks.minima(g, ever), tiles.minima(g, ever), "{cost:?}");
        }
    }

    #[test]
    fn what_the_sieve_leaves_is_what_all_costs_have() {
        // A cube; far from the origin; an outlier; two far clusters; heavy tails; unequal scales; tiny; a grid with ties.
        let families: [Family; 8] = [
            |x, _, _| x,
            |x, _, _| 1e8 + x,
            |x, at, _| if at == 3 { 1e8 } else { x },
            |x, at, _| if at % 2 == 0 { x } else { 1e6 + x },
            |x, _, _| x / (1.0 - x.abs()).powi(3),
            |x, _, c| x * 10f64.powi(c as i32),
            |x, _, _| 1e-120 * x,
            |x, _, _| (3.0 * x).round(),
        ];
        for make in families {
            for dim in [5, 16, 33] {
                assert_sieve_agrees(SquaredEuclidean, dim, make);
                assert_sieve_agrees(Euclidean, dim, make);
            }
        }
    }

    #[test]
    fn other_costs_have_no_sieve() {
        let cloud = points(4, 6, 1, |x, _, _| x);
        for ground in [PNorm::cityblock(), PNorm::wasserstein(1.5).unwrap()] {
            assert!(LeastSlacks::new(PointCost::new(&cloud, &cloud, ground).unwrap()).sieve.is_none());
        }
    }

    #[test]
    fn values_beyond_single_precision_are_told_apart() {
        let cloud = points(40, 6, 1, |x, _, _| x);
        for ground in [Box::new(SquaredEuclidean) as Box<dyn GroundCost>, Box::new(Euclidean)] {
            let cost = PointCost::shared(&cloud, &cloud, ground.into()).unwrap();
            let mut g = vec![0.0; 40];
            (g[3], g[7], g[9]) = (1e299, 1e300, -1e300);
            let slacks = LeastSlacks::new(cost);
            assert_eq!(slacks.minima(&g, &Until::default()).unwrap(), [-1e300; 40]);
            assert!(slacks.nearest(&g, 2, &Until::default()).iter().all(|(_, j)| [3, 7].contains(j)));
        }
    }

    #[test]
    fn equal_points_are_found() {
        let cloud = points(40, 6, 1, |_, _, _| 0.25);
        let slacks = LeastSlacks::new(PointCost::new(&cloud, &cloud, SquaredEuclidean).unwrap());
        let ever = &Until::default();
        assert_eq!(slacks.nearest(&[0.0; 40], 3, ever)[..6], [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
        assert_eq!(slacks.minima(&[1.0; 40], ever).unwrap(), [-1.0; 40]);
        assert!(slacks.violating((&[0.0; 40], &[0.0; 40]), 3, 0.0, ever).is_empty());
        let over = Until::new(Some(std::time::Instant::now()), None);
        assert!(slacks.minima(&[1.0; 40], &over).is_none() && slacks.nearest(&[0.0; 40], 3, &over).is_empty());
    }
}
