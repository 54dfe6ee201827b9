//! What a state costs, column by column, and what it costs after it was rounded to the exact marginals.

use super::layout::{ROWS, Run};
use super::tiles::{CostSums, NOWHERE, Transform, shares_times};
use crate::numeric::Sum;
use crate::simd;

/// A marginal is met when it is met to this much of itself.
pub(super) const ROUNDING: f64 = 1.0 / (1u64 << 44) as f64;

/// Costs of a state per unit of mass.
pub(super) struct Rounded {
    /// ⟨C, P⟩ of the state.
    pub(super) cost: f64,
    /// At least ⟨C, P′⟩ of its columns scaled down to b where they hold more.
    pub(super) scaled_cost: f64,
    /// What P′ lacks in rows and columns, filled in by a north-west corner: pairs in the order of the solver, and masses.
    pub(super) filled: Vec<(usize, usize, f64)>,
    /// What P′ lacks besides, in rows that are not known.
    pub(super) unplaced: f64,
    /// Σ a f + Σ b g with g the c-transform of f: at most the least cost.
    pub(super) lower: f64,
    /// Σ a |f| + Σ b |g|.
    pub(super) magnitude: f64,
}

impl Rounded {
    /// Without bounds.
    pub(super) fn cost_alone(cost: f64) -> Self {
        let (lower, magnitude) = (f64::NEG_INFINITY, 0.0);
        Self { cost, scaled_cost: cost, filled: Vec::new(), unplaced: 0.0, lower, magnitude }
    }
}

/// Costs of a state, column by column, summed over the very shares that make its columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Priced {
    /// Σ_i a_i q_ij c_ij of each column.
    costs: Vec<f64>,
    /// What shrinking takes from each row: Σ_j a_i q_ij (1 − shrink_j).
    lacks: Vec<f64>,
    /// The least c − (f + `shift`) of each column, rounded down; empty if no bounds were asked for.
    least: Vec<f64>,
    /// Pairs that were left out have c − f above g by this many bits.
    pub(super) beyond: f64,
    /// What each column is scaled down by.
    pub(super) shrink: Vec<f64>,
    /// What f is to grow by, and g to fall by, in bits.
    pub(super) shift: f64,
}

/// A row of tiles: costs, shares, and what turns shares into masses.
pub(super) struct Tiles<'a> {
    pub(super) runs: &'a [Run],
    pub(super) costs: &'a [f64],
    pub(super) shares: &'a [f64],
    pub(super) masses: [f64; ROWS],
    pub(super) weight: [f64; ROWS],
}

impl Priced {
    pub(super) fn new(columns: usize, bounds: bool) -> Self {
        let least = vec![f64::INFINITY; if bounds { columns } else { 0 }];
        let (costs, lacks, shrink) = (vec![0.0; columns], Vec::new(), Vec::new());
        Self { costs, lacks, least, beyond: f64::INFINITY, shrink, shift: 0.0 }
    }

    /// Adds a row of tiles, and its column sums to `columns`; for bounds, with 1 − shrink of the columns, and f of the rows in units
    /// of the cost.
    pub(super) fn add(&mut self, tiles: &Tiles, columns: &mut [f64], bounds: Option<(&[f64], [f64; ROWS])>) {
        let &Tiles { runs, costs, shares, masses, weight } = tiles;
        simd::run(CostSums { runs, costs, tiles: shares, t: weight, columns, sums: &mut self.costs });
        let Some((lack, f)) = bounds else { return };
        let lacks = shares_times(shares, runs, lack);
        // (The sums of a row without mass mean nothing and may overflow.)
        self.lacks.extend((0..ROWS).map(|r| if weight[r] > 0.0 { weight[r] * lacks[r] } else { masses[r] }));
        // A row without mass bounds no column.
        let f = std::array::from_fn(|r| if masses[r] > 0.0 { f[r] } else { NOWHERE });
        simd::run(Transform { runs, costs, f, least: &mut self.least });
    }

    /// Adds the rows that follow.
    pub(super) fn append(&mut self, part: Self) {
        self.costs.iter_mut().zip(part.costs).for_each(|(sum, part)| *sum += part);
        self.lacks.extend(part.lacks);
        self.least.iter_mut().zip(part.least).for_each(|(least, part)| *least = least.min(part));
    }

    /// ⟨C, P⟩ of the state.
    pub(super) fn cost(&self) -> f64 {
        self.costs.iter().sum()
    }

    /// Rounds the state (f, g) in bits, whose rows hold `a` and whose columns hold `columns`, to `a` and `b`. Each cost may be off by
    /// `slack`.
    pub(super) fn settled(
        &self,
        (a, b): (&[f64], &[f64]),
        (f, g): (&[f64], &[f64]),
        columns: &[f64],
        rate: f64,
        slack: f64,
    ) -> Rounded {
        let (mut scaled, mut unplaced) = (0.0, 0.0);
        let held: Vec<f64> = (0..b.len())
            .map(|j| {
                let held = columns[j] * self.shrink[j];
                // More than was expected when the rows were summed.
                let over = if held > b[j] * (1.0 + ROUNDING) { b[j] / held } else { 1.0 };
                unplaced += held - held * over;
                scaled += self.costs[j] * self.shrink[j] * over;
                held * over
            })
            .collect();
        let filled = north_west(&self.lacks, a, &held, b);
        let (mut lower, mut magnitude) = (Sum::default(), 0.0);
        for (a, f) in a.iter().zip(f) {
            let f = (f + self.shift) / rate;
            lower.add_product(*a, f);
            magnitude += a * f.abs();
        }
        for ((b, g), least) in b.iter().zip(g).zip(&self.least).filter(|((b, _), _)| **b > 0.0) {
            let g = g - self.shift;
            let beyond = (g + self.beyond) / rate - 4.0 * f64::EPSILON * (g / rate).abs();
            let g = least.min(beyond) - slack;
            lower.add_product(*b, g);
            magnitude += b * g.abs();
        }
        Rounded {
            cost: self.cost(),
            scaled_cost: scaled + slack,
            filled,
            unplaced,
            // Masses of total 1 are rounded once each.
            lower: lower.value() - 8.0 * f64::EPSILON * magnitude,
            magnitude,
        }
    }
}

/// Fills in what is missing, in order.
fn north_west(lacks: &[f64], a: &[f64], columns: &[f64], b: &[f64]) -> Vec<(usize, usize, f64)> {
    let missing = |lacks: &mut dyn Iterator<Item = f64>, due: &[f64]| -> Vec<(usize, f64)> {
        lacks.enumerate().filter(|&(i, lack)| lack > ROUNDING * due[i]).collect()
    };
    let mut rows = missing(&mut lacks.iter().copied(), a);
    let mut columns = missing(&mut columns.iter().zip(b).map(|(held, due)| due - held), b);
    let (mut i, mut j, mut flows) = (0, 0, Vec::new());
    while i < rows.len() && j < columns.len() {
        let mass = rows[i].1.min(columns[j].1);
        flows.push((rows[i].0, columns[j].0, mass));
        rows[i].1 -= mass;
        columns[j].1 -= mass;
        if rows[i].1 <= columns[j].1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    // The two sides lack the same but for rounding: what is left goes to the heaviest point of the other side.
    let heaviest = |masses: &[f64]| (0..masses.len()).max_by(|&i, &j| masses[i].total_cmp(&masses[j])).unwrap_or(0);
    flows.extend(rows[i..].iter().map(|&(i, mass)| (i, heaviest(b), mass)));
    flows.extend(columns[j..].iter().map(|&(j, mass)| (heaviest(a), j, mass)));
    flows
}
