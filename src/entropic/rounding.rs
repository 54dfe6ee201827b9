//! A state rounded to the exact marginals, in a pass that stores nothing.

use super::kernel::{Field, State, to_balance};
use super::layout::{ROWS, Run, entries};
use super::parts::{PARTS, in_parts};
use super::powers::Exponents;
use super::priced::{Priced, ROUNDING, Rounded, Tiles};
use super::square::Ask;

/// Pairs with f + g − c below −DEPTH bits are left out here.
const DEPTH: f64 = 70.0;
/// ... and for sure, whatever rounding did to the bounds that told so.
const SURELY: f64 = 60.0;

/// Rounds a state whose rows hold the masses `a` to a plan (Altschuler, Weed, Rigollet, 2017, algorithm 2), without storing it,
/// and takes the c-transform of its f in the same pass.
pub(super) fn rounded(field: &Field, a: &[f64], state: &State, columns: &[f64], rate: f64) -> Rounded {
    let b = &field.masses.b;
    // What rounding of exponents may do to a share: columns stay that much below b.
    let doubt = 4.0 * f64::EPSILON * rate * field.geometry.largest;
    let room = if doubt > 0.1 * ROUNDING { (1.0 - doubt).max(0.5) } else { 1.0 };
    let shrunk = |(b, c): (&f64, &f64)| if *c > room * b * (1.0 + ROUNDING) { room * b / c } else { 1.0 };
    let shrink: Vec<f64> = b.iter().zip(columns).map(shrunk).collect();
    let lack: Vec<f64> = shrink.iter().map(|shrink| 1.0 - shrink).collect();
    let state = balanced(state, a, b);
    let search = field.search(&state, rate, DEPTH, 0.0);
    let lift = field.lift(&state.g);
    let blocks = field.geometry.row_blocks();
    let step = blocks.div_ceil(PARTS).max(1);
    let job = |(runs, tops, costs, shares): &mut (Vec<Run>, Vec<f64>, Vec<f64>, Vec<f64>), (part, ()): (usize, ())| {
        let (mut columns, mut out) = (vec![0.0; b.len()], Priced::new(b.len(), true));
        for block in part * step..((part + 1) * step).min(blocks) {
            field.geometry.candidates(block, &search, runs, tops);
            let rows = block * ROWS..(block + 1) * ROWS;
            let exponents = Exponents { shift: &state.f[rows.clone()], lift: &lift, rate };
            // The rows are met: what their sums lack is rounding of the exponents.
            shares.resize(entries(runs), 0.0);
            let (sums, costs) = field.geometry.powers_of((block, runs), exponents, Ask::PowersAndCosts, costs, shares);
            let masses: [f64; ROWS] = std::array::from_fn(|r| a[rows.start + r]);
            let sound = |r: usize| masses[r] > 0.0 && sums[r] > 0.0 && sums[r].is_finite();
            let weight = std::array::from_fn(|r| if sound(r) { masses[r] / sums[r] } else { 0.0 });
            let f = std::array::from_fn(|r| state.f[rows.start + r] / rate);
            let tiles = Tiles { runs, costs, shares, masses, weight };
            out.add(&tiles, &mut columns, Some((&lack, f)));
        }
        (columns, out)
    };
    let (mut columns, mut priced) = (vec![0.0; b.len()], Priced::new(b.len(), true));
    for (part_columns, part) in in_parts(vec![(); blocks.div_ceil(step)], job) {
        columns.iter_mut().zip(part_columns).for_each(|(sum, part)| *sum += part);
        priced.append(part);
    }
    priced.shrink = shrink;
    priced.beyond = if field.geometry.is_boxed() { SURELY } else { f64::INFINITY };
    priced.settled((a, b), (&state.f, &state.g), &columns, rate, field.geometry.cost_slack())
}

/// The state in the gauge Σ a f = Σ b g.
fn balanced(state: &State, a: &[f64], b: &[f64]) -> State {
    let shift = to_balance(a, b, state);
    State { f: state.f.iter().map(|f| f + shift).collect(), g: state.g.iter().map(|g| g - shift).collect() }
}
