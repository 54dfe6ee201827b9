//! What a state costs, and what it costs after it was rounded to the exact marginals.

use rayon::prelude::*;

use super::geometry::{LANES, ROWS, Run, TILE};
use super::kernel::{Field, State};
use super::powers::{Exponentials, Exponents};
use super::tiles::{TimesShares, row_sums, shares_times};
use crate::numeric::Sum;
use crate::simd::{self, Kernel, multiply_add};

/// A marginal is met when it is met to this much of itself.
const ROUNDING: f64 = 1.0 / (1u64 << 44) as f64;
/// Pairs with f + g − c below −DEPTH bits are left out here.
const DEPTH: f64 = 70.0;
/// ... and for sure, whatever rounding did to the bounds that told so.
const SURELY: f64 = 60.0;
/// Rows are cut into this many parts, whatever the number of threads.
const PARTS: usize = 16;

/// Costs of a state per unit of mass.
pub(super) struct Rounded {
    /// ⟨C, P⟩ of the state.
    pub(super) cost: f64,
    /// At least ⟨C, P′⟩ of its columns scaled down to b where they hold more.
    pub(super) scaled_cost: f64,
    /// What P′ lacks in rows and columns, filled in by a north-west corner: pairs in the order of the solver, and masses.
    pub(super) filled: Vec<(usize, usize, f64)>,
    /// Σ a f + Σ b g with g the c-transform of f: at most the least cost.
    pub(super) lower: f64,
    /// Σ a |f| + Σ b |g|.
    pub(super) magnitude: f64,
}

/// Rounds a state whose rows hold the masses `a` to a plan (Altschuler, Weed, Rigollet, 2017, algorithm 2), without storing it,
/// and takes the c-transform of its f in the same pass.
pub(super) fn rounded(field: &Field, a: &[f64], state: &State, columns: &[f64], rate: f64) -> Rounded {
    let b = &field.masses.b;
    // What rounding of exponents may do to a share: columns stay that much below b.
    let doubt = 4.0 * f64::EPSILON * rate * field.geometry.largest;
    let room = if doubt > 0.1 * ROUNDING { (1.0 - doubt).max(0.5) } else { 1.0 };
    let shrunk = |(b, c): (&f64, &f64)| if *c > room * b * (1.0 + ROUNDING) { room * b / c } else { 1.0 };
    let shrink: Vec<f64> = b.iter().zip(columns).map(shrunk).collect();
    let state = balanced(state, a, b);
    let search = field.search(&state, rate, DEPTH, 0.0);
    let lift = field.lift(&state.g);
    let slack = field.geometry.cost_slack();
    let blocks = field.geometry.row_blocks();
    let step = blocks.div_ceil(PARTS).max(1);
    let parts: Vec<Part> = (0..blocks.div_ceil(step))
        .into_par_iter()
        .map(|part| {
            let mut out = Part::new(b.len());
            let (mut runs, mut tops, mut costs, mut shares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for block in part * step..((part + 1) * step).min(blocks) {
                field.geometry.candidates(block, &search, &mut runs, &mut tops);
                field.geometry.costs_near(block, &runs, &mut costs);
                let rows = block * ROWS..(block + 1) * ROWS;
                shares.clone_from(&costs);
                let exponents = Exponents { shift: &state.f[rows.clone()], lift: &lift, rate };
                simd::run(Exponentials { exponents, runs: &runs, out: &mut shares });
                // The rows are met: what their sums lack is rounding of the exponents.
                let sums = row_sums(&shares);
                let sound = |r: usize| a[rows.start + r] > 0.0 && sums[r] > 0.0 && sums[r].is_finite();
                let weight: [f64; ROWS] =
                    std::array::from_fn(|r| if sound(r) { a[rows.start + r] / sums[r] } else { 0.0 });
                // A row without mass bounds no column.
                let holds = |r: usize| rows.start + r < field.geometry.n && a[rows.start + r] > 0.0;
                let f = std::array::from_fn(|r| if holds(r) { state.f[rows.start + r] / rate } else { NOWHERE });
                let costly = CostSums { runs: &runs, costs: &costs, shares: &shares, shrink: &shrink };
                // (The sums of a row without mass mean nothing and may overflow.)
                for ([full, scaled], weight) in simd::run(costly).iter().zip(weight).filter(|(_, w)| *w > 0.0) {
                    out.cost += weight * full.iter().sum::<f64>();
                    out.scaled += weight * scaled.iter().sum::<f64>();
                }
                let held = shares_times(&shares, &runs, &shrink);
                out.rows.extend(held.iter().zip(weight).map(|(held, w)| if w > 0.0 { held * w } else { 0.0 }));
                simd::run(TimesShares { tiles: &shares, runs: &runs, t: weight, out: &mut out.columns });
                simd::run(Transform { runs: &runs, costs: &costs, f, least: &mut out.least });
            }
            out
        })
        .collect();
    let mut total = Part::new(b.len());
    for part in parts {
        total.cost += part.cost;
        total.scaled += part.scaled;
        total.rows.extend(part.rows);
        total.columns.iter_mut().zip(part.columns).for_each(|(sum, part)| *sum += part);
        total.least.iter_mut().zip(part.least).for_each(|(least, part)| *least = least.min(part));
    }
    total.columns.iter_mut().zip(&shrink).for_each(|(held, shrink)| *held *= shrink);
    let filled = north_west(&total.rows, a, &total.columns, b);
    let (mut lower, mut magnitude) = (Sum::default(), 0.0);
    for (a, f) in a.iter().zip(&state.f) {
        lower.add_product(*a, f / rate);
        magnitude += a * (f / rate).abs();
    }
    for ((b, g), least) in b.iter().zip(&state.g).zip(&total.least).filter(|((b, _), _)| **b > 0.0) {
        // A pair that was left out has c − f above g by that many bits.
        let beyond = (g + SURELY) / rate - 4.0 * f64::EPSILON * (g / rate).abs();
        let g = if field.geometry.is_boxed() { least.min(beyond) } else { *least } - slack;
        lower.add_product(*b, g);
        magnitude += b * g.abs();
    }
    Rounded {
        cost: total.cost,
        scaled_cost: total.scaled + slack,
        filled,
        // Masses of total 1 are rounded once each.
        lower: lower.value() - 8.0 * f64::EPSILON * magnitude,
        magnitude,
    }
}

/// The potential of a row that bounds nothing.
const NOWHERE: f64 = -1e300;

/// The state in the gauge Σ a f = Σ b g.
fn balanced(state: &State, a: &[f64], b: &[f64]) -> State {
    let sum = |masses: &[f64], bits: &[f64]| masses.iter().zip(bits).map(|(a, f)| a * f).sum::<f64>();
    let shift = 0.5 * (sum(b, &state.g) - sum(a, &state.f)) / sum(a, &vec![1.0; a.len()]).max(f64::MIN_POSITIVE);
    State { f: state.f.iter().map(|f| f + shift).collect(), g: state.g.iter().map(|g| g - shift).collect() }
}

/// What some rows of tiles hold of P (its cost) and of P′, and the least c − f of each column.
struct Part {
    cost: f64,
    scaled: f64,
    rows: Vec<f64>,
    columns: Vec<f64>,
    least: Vec<f64>,
}

impl Part {
    fn new(columns: usize) -> Self {
        Self {
            cost: 0.0,
            scaled: 0.0,
            rows: Vec::new(),
            columns: vec![0.0; columns],
            least: vec![f64::INFINITY; columns],
        }
    }
}

/// Fills in what is missing, in order.
fn north_west(rows: &[f64], a: &[f64], columns: &[f64], b: &[f64]) -> Vec<(usize, usize, f64)> {
    let missing = |held: &[f64], due: &[f64]| -> Vec<(usize, f64)> {
        let lack = held.iter().zip(due).map(|(held, due)| due - held).enumerate();
        lack.filter(|&(i, lack)| lack > ROUNDING * due[i]).collect()
    };
    let (mut rows, mut columns) = (missing(rows, a), missing(columns, b));
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

/// Σ_j q c and Σ_j q s c for the 8 rows, with q a share and s the scale of its column.
struct CostSums<'a> {
    runs: &'a [Run],
    costs: &'a [f64],
    shares: &'a [f64],
    shrink: &'a [f64],
}

impl Kernel for CostSums<'_> {
    type Output = [[[f64; LANES]; 2]; ROWS];

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> [[[f64; LANES]; 2]; ROWS] {
        let mut sums = [[[0.0; LANES]; 2]; ROWS];
        // A row at a time, whose sums stay in registers.
        for (r, sums) in sums.iter_mut().enumerate() {
            let mut tiles = self.costs.as_chunks::<TILE>().0.iter().zip(self.shares.as_chunks::<TILE>().0);
            let mut here = [[0.0; LANES]; 2];
            for &(first, count) in self.runs {
                for shrink in self.shrink[first as usize * LANES..][..count as usize * LANES].as_chunks::<LANES>().0 {
                    let (costs, shares) = tiles.next().expect("one tile for each block of the runs");
                    let (costs, shares) = (&costs.as_chunks::<LANES>().0[r], &shares.as_chunks::<LANES>().0[r]);
                    for l in 0..LANES {
                        here[0][l] = multiply_add::<FUSED>(shares[l], costs[l], here[0][l]);
                    }
                    for l in 0..LANES {
                        here[1][l] = multiply_add::<FUSED>(shares[l] * shrink[l], costs[l], here[1][l]);
                    }
                }
            }
            *sums = here;
        }
        sums
    }
}

/// The least c − f of each column, rounded down, over the 8 rows and what is known of others.
struct Transform<'a> {
    runs: &'a [Run],
    costs: &'a [f64],
    f: [f64; ROWS],
    least: &'a mut [f64],
}

impl Kernel for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        const DOWN: f64 = 4.0 * f64::EPSILON;
        let Self { runs, costs, f, least } = self;
        let mut tiles = costs.as_chunks::<TILE>().0.iter();
        for &(first, count) in runs {
            for least in least[first as usize * LANES..][..count as usize * LANES].as_chunks_mut::<LANES>().0 {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let mut here = *least;
                for (row, f) in tile.as_chunks::<LANES>().0.iter().zip(f) {
                    for l in 0..LANES {
                        let open = multiply_add::<FUSED>(-DOWN, row[l].abs() + f.abs(), row[l] - f);
                        here[l] = if open < here[l] { open } else { here[l] };
                    }
                }
                *least = here;
            }
        }
    }
}
