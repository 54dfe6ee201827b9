//! The four phases of Jonker and Volgenant over a dense row-major matrix.
//!
//! Prices v on columns; the reduced cost of a pair is c − v, and a row is assigned where its reduced cost is least.

use crate::simd::{self, TwoLeast};
use crate::transport::{Progress, Status, Watch};

/// "Not assigned."
const FREE: u32 = u32::MAX;
/// How often augmenting row reduction goes over the rows that are still free.
const ROUNDS: usize = 2;
/// How many rows it may scan for each free row it starts with; rounding could keep it going forever.
const SCANS_PER_ROW: usize = 10;
/// When the reductions say that the shortest path searches pay, for n points a side: the largest share of rows that they
/// may leave free, and of steps in a round of row reduction that may end in a tie. Up to about 1,200 points the matrix stays
/// in the cache of the last level but one, and searches are cheap.
fn most_free_and_tied(n: usize) -> (f64, f64) {
    if n <= 1_200 { (0.2, 1.0) } else { (0.05, 0.5) }
}

/// An assignment, complete also when the search was ended early.
pub(super) struct Matching {
    pub(super) column_of: Vec<u32>,
    pub(super) prices: Vec<f64>,
    /// Rows that the shortest path searches scanned.
    pub(super) scanned: u64,
    pub(super) status: Status,
    pub(super) memory: usize,
}

/// Solves the assignment, from potentials of the rows; the nearer they are to optimal ones, the more rows the reductions assign. If
/// `wary`, gives up (returns `None`) after the reductions when these have assigned too few rows, or
/// mostly by ties: the shortest path searches would then take longer than the network simplex.
pub(super) fn solve(costs: &[f64], potentials: &[f64], wary: bool, watch: &mut Watch) -> Option<Matching> {
    let n = potentials.len();
    let mut solver = Solver { costs, n, prices: vec![0.0; n], column_of: vec![FREE; n], row_of: vec![FREE; n] };
    let once = solver.reduce_columns(potentials);
    solver.transfer_reductions(&once);
    let mut free: Vec<u32> = (0..n as u32).filter(|&i| solver.column_of[i as usize] == FREE).collect();
    let (most_free, most_tied) = most_free_and_tied(n);
    for _ in 0..ROUNDS {
        let (left, tied) = solver.reduce_rows(&free);
        free = left;
        if wary && tied > most_tied {
            return None;
        }
    }
    if wary && free.len() as f64 > most_free * n as f64 {
        return None;
    }
    let (scanned, status) = solver.augment(&free, watch);
    if status != Status::Optimal {
        solver.complete();
    }
    let memory = n * (2 * size_of::<f64>() + 3 * size_of::<u32>());
    Some(Matching { column_of: solver.column_of, prices: solver.prices, scanned, status, memory })
}

struct Solver<'c> {
    costs: &'c [f64],
    n: usize,
    prices: Vec<f64>,
    column_of: Vec<u32>,
    row_of: Vec<u32>,
}

impl<'c> Solver<'c> {
    fn row(&self, i: u32) -> &'c [f64] {
        &self.costs[i as usize * self.n..][..self.n]
    }

    fn assign(&mut self, i: u32, j: usize) {
        self.column_of[i as usize] = j as u32;
        self.row_of[j] = i;
    }

    /// Prices each column at its least cost less the potential of the row, and assigns it to the row that has it, unless another column
    /// was first. Returns the rows that attain the least of exactly one column.
    fn reduce_columns(&mut self, potentials: &[f64]) -> Vec<u32> {
        let n = self.n;
        let mut least_row = vec![0u32; n];
        self.prices.fill(f64::INFINITY);
        for ((i, row), potential) in (0..).zip(self.costs.chunks_exact(n)).zip(potentials) {
            for ((price, least), &c) in self.prices.iter_mut().zip(&mut least_row).zip(row) {
                let c = c - potential;
                *least = if c < *price { i } else { *least };
                *price = if c < *price { c } else { *price };
            }
        }
        let mut columns = vec![0u32; n];
        for j in (0..n).rev() {
            let i = least_row[j];
            columns[i as usize] += 1;
            if columns[i as usize] == 1 {
                self.assign(i, j);
            }
        }
        (0..n as u32).filter(|&i| columns[i as usize] == 1).collect()
    }

    /// Lowers the price of a row's only column until another column is as good.
    fn transfer_reductions(&mut self, once: &[u32]) {
        for &i in once {
            let j = self.column_of[i as usize] as usize;
            let TwoLeast { least, at, second } = simd::two_least(self.row(i), &self.prices);
            let other = if at == j { second } else { least };
            let lower = self.row(i)[j] - other;
            if other.is_finite() && lower < self.prices[j] {
                self.prices[j] = lower;
            }
        }
    }

    /// Each free row takes its best column, lowers that column's price as far as the column stays its best, and sets free
    /// the row that had it. Returns the rows that are free in the end, and in which share of the steps the two best columns
    /// tied.
    fn reduce_rows(&mut self, free: &[u32]) -> (Vec<u32>, f64) {
        let (mut left, mut steps, mut ties) = (Vec::new(), 0_usize, 0_usize);
        let mut budget = SCANS_PER_ROW * free.len();
        for &start in free {
            let mut i = start;
            loop {
                if budget == 0 {
                    left.push(i);
                    break;
                }
                budget -= 1;
                let TwoLeast { least, at: mut j, second } = simd::two_least(self.row(i), &self.prices);
                let lower = self.prices[j] - (second - least);
                let better = second.is_finite() && lower < self.prices[j];
                steps += 1;
                ties += usize::from(!better);
                if better {
                    self.prices[j] = lower;
                } else if self.row_of[j] != FREE {
                    // A tie: another column may be free.
                    let (row, prices, row_of) = (self.row(i), &self.prices, &self.row_of);
                    if let Some(other) = (j..self.n).find(|&k| row[k] - prices[k] <= least && row_of[k] == FREE) {
                        j = other;
                    }
                }
                let displaced = self.row_of[j];
                self.assign(i, j);
                if displaced == FREE {
                    break;
                }
                self.column_of[displaced as usize] = FREE;
                i = displaced;
                if !better {
                    left.push(i);
                    break;
                }
            }
        }
        (left, ties as f64 / steps.max(1) as f64)
    }

    /// Assigns each free row along a shortest path of reduced costs to a free column.
    fn augment(&mut self, free: &[u32], watch: &mut Watch) -> (u64, Status) {
        let n = self.n;
        let (mut distances, mut before) = (vec![0.0; n], vec![0u32; n]);
        let mut done: Vec<(usize, f64)> = Vec::new();
        let mut scanned = 0;
        for &start in free {
            done.clear();
            distances.fill(f64::INFINITY);
            let (mut row, mut shift) = (start, 0.0);
            let (last, length) = loop {
                scanned += 1;
                if scanned % 64 == 0 || watch.iterations_left(scanned) == 0 {
                    let progress = Progress { stage: "augment", iterations: scanned, ..Progress::default() };
                    if let Some(status) = watch.check(&progress) {
                        return (scanned, status);
                    }
                }
                let (distance, j) = simd::relax(self.row(row), &self.prices, shift, row, &mut distances, &mut before);
                if self.row_of[j] == FREE {
                    break (j, distance);
                }
                done.push((j, distance));
                distances[j] = f64::NEG_INFINITY;
                row = self.row_of[j];
                shift = distance - (self.row(row)[j] - self.prices[j]);
            };
            for &(j, distance) in &done {
                self.prices[j] -= length - distance;
            }
            let mut j = last;
            loop {
                let i = before[j];
                let next = self.column_of[i as usize];
                self.assign(i, j);
                if i == start {
                    break;
                }
                j = next as usize;
            }
        }
        (scanned, Status::Optimal)
    }

    /// Gives each row that is still free the best free column.
    fn complete(&mut self) {
        let mut columns: Vec<usize> = (0..self.n).filter(|&j| self.row_of[j] == FREE).collect();
        for i in 0..self.n as u32 {
            if self.column_of[i as usize] != FREE {
                continue;
            }
            let row = self.row(i);
            let reduced = |&j: &usize| row[j] - self.prices[j];
            let best = (0..columns.len()).min_by(|&k, &l| reduced(&columns[k]).total_cmp(&reduced(&columns[l])));
            let j = columns.swap_remove(best.expect("as many columns as rows are free"));
            self.assign(i, j);
        }
    }
}
