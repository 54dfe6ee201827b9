//! Which arcs of a level are missing? Oracles find the arcs of least reduced cost among all n · m.

use std::sync::Arc;

use crate::cost::{GroundCost, PointCost};
use crate::measure::Points;
use crate::neighbors::{DualTree, Found, LeastOfRow, LeastSlacks, Metric, Until, sieve_pays, with_metric};
use crate::numeric::parallel;
use crate::simd;

/// Queries that one task answers.
const BATCH: usize = 512;

/// Sources and targets of a level with their ground cost.
///
/// An answer is cut short when the time of the solve is over: the rest of the pairs is then missing.
pub(super) trait Oracle: Sync {
    /// For each source the `k` targets of least c − g, as sorted pairs.
    fn nearest_targets(&self, g: &[f64], k: usize) -> Vec<(u32, u32)>;

    /// For each target the `k` sources of least c − f, as pairs (source, target).
    fn nearest_sources(&self, f: &[f64], k: usize) -> Vec<(u32, u32)>;

    /// For each source at most `k` targets that violate f + g ≤ c by more than `tolerance` times the size of the three, the
    /// worst ones, as sorted pairs.
    fn violating(&self, f: &[f64], g: &[f64], k: usize, tolerance: f64) -> Vec<(u32, u32)>;

    /// Whether `violating` looks at all pairs. If not, the candidates are all pairs.
    fn sees_all(&self) -> bool {
        true
    }

    /// Whether its time is over, so that the last answer may be short.
    fn is_cut(&self) -> bool {
        false
    }

    /// The most bytes held while it answers, besides the pairs.
    fn memory(&self) -> usize;
}

/// An oracle for points in kd order, which answers until the time is over.
pub(super) fn oracle<'a>(
    ground: &Arc<dyn GroundCost>,
    source: &'a [f64],
    target: &'a [f64],
    dim: usize,
    until: Until,
) -> Box<dyn Oracle + 'a> {
    let pairs = (source.len() / dim) * (target.len() / dim);
    let tree: Option<Box<dyn Oracle + 'a>> = if sieve_pays(ground.form(), dim, pairs) {
        None
    } else {
        with_metric!(ground.form(), dim, |metric, D| {
            Box::new(Kd::<D, _> { metric, source, target, until: until.clone() })
        })
    };
    tree.unwrap_or_else(|| {
        let points = |flat: &[f64]| Points::from_rows(flat, dim).expect("centres are finite");
        let (source, target) = (points(source), points(target));
        let cost = |x: &Points, y: &Points| {
            PointCost::shared(x, y, Arc::clone(ground)).expect("the cost was checked on the points themselves")
        };
        Box::new(Tiles {
            rows: LeastSlacks::new(cost(&source, &target)),
            columns: LeastSlacks::new(cost(&target, &source)),
            until,
        })
    })
}

/// Kd-trees with linear dual bounds: for few dimensions.
struct Kd<'a, const D: usize, M> {
    metric: M,
    source: &'a [f64],
    target: &'a [f64],
    until: Until,
}

impl<const D: usize, M: Metric> Kd<'_, D, M> {
    /// c − g of a point and one of `among`.
    fn slack(&self, among: &[f64], g: &[f64]) -> impl Fn(&[f64; D], u32) -> f64 + Sync {
        let among = among.as_chunks::<D>().0;
        move |x, j| self.metric.cost(x, &among[j as usize]) - g[j as usize]
    }

    /// Queries in kd order: what one has found, of the slack that `slack` says, is a good first limit for the next.
    fn search(
        &self,
        queries: &[f64],
        tree: &DualTree<D, M>,
        slack: impl Fn(&[f64; D], u32) -> f64 + Sync,
        limit: impl Fn(usize) -> f64 + Sync,
        k: usize,
        pair: impl Fn(u32, u32) -> (u32, u32) + Sync,
    ) -> Vec<(u32, u32)> {
        let queries = queries.as_chunks::<D>().0;
        let batches: Vec<Vec<(u32, u32)>> = parallel::map(queries.len().div_ceil(BATCH), |batch| {
            let mut pairs = Vec::new();
            if self.until.is_over() {
                return pairs;
            }
            let mut found: Vec<Found> = Vec::with_capacity(k + 1);
            for i in batch * BATCH..queries.len().min((batch + 1) * BATCH) {
                let x = &queries[i];
                let mut limit = limit(i);
                if found.len() == k {
                    let worst = found.iter().map(|found| slack(x, found.index)).fold(f64::NEG_INFINITY, f64::max);
                    limit = limit.min(worst.next_up());
                }
                tree.search(x, limit, k, &mut found);
                found.sort_unstable_by_key(|f| f.index);
                pairs.extend(found.iter().map(|f| pair(i as u32, f.index)));
            }
            pairs
        });
        batches.concat()
    }
}

impl<const D: usize, M: Metric> Oracle for Kd<'_, D, M> {
    fn is_cut(&self) -> bool {
        self.until.is_over()
    }

    fn memory(&self) -> usize {
        DualTree::<D, M>::memory((self.source.len() + self.target.len()) / D)
    }

    fn nearest_targets(&self, g: &[f64], k: usize) -> Vec<(u32, u32)> {
        let tree = DualTree::new(self.metric, self.target, g);
        self.search(self.source, &tree, self.slack(self.target, g), |_| f64::INFINITY, k, |i, j| (i, j))
    }

    fn nearest_sources(&self, f: &[f64], k: usize) -> Vec<(u32, u32)> {
        let tree = DualTree::new(self.metric, self.source, f);
        self.search(self.target, &tree, self.slack(self.source, f), |_| f64::INFINITY, k, |j, i| (i, j))
    }

    fn violating(&self, f: &[f64], g: &[f64], k: usize, tolerance: f64) -> Vec<(u32, u32)> {
        let tree = DualTree::new(self.metric, self.target, g);
        let mut pairs = self.search(self.source, &tree, self.slack(self.target, g), |i| f[i], k, |i, j| (i, j));
        let (x, y) = (self.source.as_chunks::<D>().0, self.target.as_chunks::<D>().0);
        pairs.retain(|&(i, j)| {
            let (i, j) = (i as usize, j as usize);
            let c = self.metric.cost(&x[i], &y[j]);
            c - f[i] - g[j] < -tolerance * (c + f[i].abs() + g[j].abs())
        });
        pairs
    }
}

/// All costs, of which single precision sieves out most: for many dimensions.
struct Tiles {
    rows: LeastSlacks,
    columns: LeastSlacks,
    until: Until,
}

/// Rows of a matrix that one task prices.
const ROWS: usize = 64;

/// Columns of a matrix that are turned into rows together.
const TOGETHER: usize = 16;

/// A row-major matrix in memory.
pub(super) struct Matrix<'a> {
    pub(super) costs: &'a [f64],
    pub(super) columns: usize,
}

impl Matrix<'_> {
    fn least(&self, g: &[f64], limit: impl Fn(usize) -> f64 + Sync, k: usize) -> Vec<(u32, u32)> {
        let rows = self.costs.len() / self.columns;
        let blocks: Vec<Vec<(u32, u32)>> = parallel::map(rows.div_ceil(ROWS), |block| {
            let mut pairs = Vec::new();
            let mut found: Vec<Found> = Vec::with_capacity(k + 1);
            for i in block * ROWS..rows.min((block + 1) * ROWS) {
                let row = &self.costs[i * self.columns..][..self.columns];
                simd::run(LeastOfRow { row, g, limit: limit(i), k, found: &mut found });
                pairs.extend(found.iter().map(|f| (i as u32, f.index)));
            }
            pairs
        });
        blocks.concat()
    }
}

impl Oracle for Matrix<'_> {
    fn memory(&self) -> usize {
        // Columns turned into rows, for each thread.
        rayon::current_num_threads() * TOGETHER * self.costs.len() / self.columns * size_of::<f64>()
    }

    fn nearest_targets(&self, g: &[f64], k: usize) -> Vec<(u32, u32)> {
        self.least(g, |_| f64::INFINITY, k)
    }

    fn nearest_sources(&self, f: &[f64], k: usize) -> Vec<(u32, u32)> {
        let blocks: Vec<Vec<(u32, u32)>> = parallel::map(self.columns.div_ceil(TOGETHER), |block| {
            let columns = block * TOGETHER..((block + 1) * TOGETHER).min(self.columns);
            let mut turned = vec![0.0; columns.len() * f.len()];
            for (i, row) in self.costs.chunks_exact(self.columns).enumerate() {
                for (c, &cost) in row[columns.clone()].iter().enumerate() {
                    turned[c * f.len() + i] = cost;
                }
            }
            let mut pairs = Vec::new();
            let mut found: Vec<Found> = Vec::with_capacity(k + 1);
            for (j, row) in columns.zip(turned.chunks_exact(f.len())) {
                simd::run(LeastOfRow { row, g: f, limit: f64::INFINITY, k, found: &mut found });
                pairs.extend(found.iter().map(|found| (found.index, j as u32)));
            }
            pairs
        });
        blocks.concat()
    }

    fn violating(&self, f: &[f64], g: &[f64], k: usize, tolerance: f64) -> Vec<(u32, u32)> {
        let mut pairs = self.least(g, |i| f[i], k);
        pairs.retain(|&(i, j)| {
            let (i, j) = (i as usize, j as usize);
            let c = self.costs[i * self.columns + j];
            c - f[i] - g[j] < -tolerance * (c.abs() + f[i].abs() + g[j].abs())
        });
        pairs
    }
}

impl Oracle for Tiles {
    fn is_cut(&self) -> bool {
        self.until.is_over()
    }

    fn memory(&self) -> usize {
        self.rows.memory() + self.columns.memory()
    }

    fn nearest_targets(&self, g: &[f64], k: usize) -> Vec<(u32, u32)> {
        self.rows.nearest(g, k, &self.until)
    }

    fn nearest_sources(&self, f: &[f64], k: usize) -> Vec<(u32, u32)> {
        self.columns.nearest(f, k, &self.until).into_iter().map(|(j, i)| (i, j)).collect()
    }

    fn violating(&self, f: &[f64], g: &[f64], k: usize, tolerance: f64) -> Vec<(u32, u32)> {
        self.rows.violating((f, g), k, tolerance, &self.until)
    }
}
