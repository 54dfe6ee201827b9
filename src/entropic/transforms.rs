//! Potentials from costs alone: c-transforms, and what a solve begins with.

use super::kernel::{Field, State};
use super::layout::{LANES, ROWS, Run, TILE};
use super::parts::{PARTS, in_parts};
use super::tiles::{NOWHERE, Tighten};
use crate::simd;

/// Blocks of columns that a guess looks at: where the points come as they may, and where blocks are cells.
const FEW: [u32; 2] = [2, 8];

impl Field<'_> {
    /// Potentials that no power of this problem over- or underflows with: f_i = min_j (r c_ij − g_j), then g_j likewise, so
    /// that each row and each column has a pair at exponent 0.
    pub(super) fn tighten(&self, state: &mut State, rate: f64) {
        self.tightened(state, rate, &self.all(), true);
    }

    /// The same for the rows alone.
    pub(super) fn tighten_rows(&self, state: &mut State, rate: f64) {
        self.tightened(state, rate, &self.all(), false);
    }

    /// Sets the potentials of the columns in `of`, which hold no mass, to the soft minimum over the rows.
    pub(super) fn complete(&self, state: &mut State, of: &[usize], rate: f64) {
        let all = self.all();
        let (mut costs, mut exponents) = (Vec::new(), vec![Vec::with_capacity(self.geometry.n); of.len()]);
        for block in 0..self.geometry.row_blocks() {
            self.geometry.costs_of(block, &all, &mut costs);
            for r in 0..ROWS {
                let i = block * ROWS + r;
                if self.masses.a[i] == 0.0 {
                    continue;
                }
                for (exponents, &j) in exponents.iter_mut().zip(of) {
                    let c = costs[j / LANES * TILE + r * LANES + j % LANES];
                    exponents.push(self.masses.a[i].log2() + state.f[i] - rate * c);
                }
            }
        }
        for (exponents, &j) in exponents.iter().zip(of) {
            let top = exponents.iter().fold(f64::NEG_INFINITY, |m, e| m.max(*e));
            state.g[j] = -top - exponents.iter().map(|e| (e - top).exp2()).sum::<f64>().log2();
        }
    }

    /// Potentials to begin with, where nothing is known: those between normal distributions for the columns, and for the rows the
    /// c-transform over a few columns, which brings their sums near 1.
    pub(super) fn guess(&self, state: &mut State, rate: f64) {
        if let Some(g) = self.geometry.normal_potentials(&self.masses.a, &self.masses.b, rate) {
            state.g = g;
        }
        let enough = FEW[usize::from(self.geometry.is_ordered())];
        let blocks = self.geometry.column_blocks() as u32;
        let few: Vec<Run> = (0..blocks).step_by(blocks.div_ceil(enough) as usize).map(|block| (block, 1)).collect();
        self.tightened(state, rate, &few, false);
    }

    /// All columns.
    fn all(&self) -> [Run; 1] {
        [(0, self.geometry.column_blocks() as u32)]
    }

    /// The c-transform over the columns of `runs`, and of that one over the rows where the columns, all of them, are asked for.
    fn tightened(&self, state: &mut State, rate: f64, runs: &[Run], columns: bool) {
        let geometry = &self.geometry;
        let of = |run: &Run| run.0 as usize * LANES..(run.0 + run.1) as usize * LANES;
        let lift: Vec<f64> =
            (runs.iter().flat_map(of)).map(|j| if self.masses.b[j] > 0.0 { state.g[j] } else { NOWHERE }).collect();
        let blocks = geometry.row_blocks();
        let step = blocks.div_ceil(PARTS).max(1);
        let parts = in_parts(vec![(); blocks.div_ceil(step)], |scratch: &mut Vec<f64>, (part, ())| {
            let (mut f, mut least) = (Vec::new(), vec![f64::INFINITY; lift.len()]);
            for block in part * step..((part + 1) * step).min(blocks) {
                geometry.costs_of(block, runs, scratch);
                let masses = &self.masses.a[block * ROWS..(block + 1) * ROWS];
                simd::run(Tighten { costs: scratch, lift: &lift, rate, masses, f: &mut f, least: &mut least });
            }
            (f, least)
        });
        let mut least = vec![f64::INFINITY; lift.len()];
        state.f.clear();
        for (f, part) in parts {
            state.f.extend(f);
            least.iter_mut().zip(part).for_each(|(least, part)| *least = least.min(part));
        }
        if !columns {
            return;
        }
        for ((g, least), b) in state.g.iter_mut().zip(least).zip(&self.masses.b) {
            *g = if *b > 0.0 { least } else { 0.0 };
        }
    }
}
