//! The semi-dual of unbalanced transport: what a pass finds at one set of potentials.
//!
//! J(g) = max over f of the dual is concave, and the columns' answer to a pass never lowers it. All potentials are in bits; those of the
//! columns hold λ, the potential of the mass to move where that is given, and what the reference adds.

use super::kernel::{Also, Depth, Exact, Field, State};
use super::layout::{LANES, ROWS, TILE};
use super::marginal::Side;
use super::share::BITS;
use super::work::Work;
use crate::numeric::Sum;

/// Below this part of its mass, a column holds nothing that doubles can tell.
const UNTOLD: f64 = 1e-280;

/// Both sides, in units where the two totals multiply to 1.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    pub(super) source: Side,
    pub(super) target: Side,
    /// The mass to move, where it is given.
    pub(super) mass: Option<f64>,
    /// What the reference adds to the potentials of the columns, in bits, and its mass.
    pub(super) lift: f64,
    pub(super) reference: f64,
}

/// A point and what a pass found there.
#[derive(Clone)]
pub(super) struct At {
    pub(super) rate: f64,
    /// The potentials that would meet the rows, and those that the source answers with.
    pub(super) met: Vec<f64>,
    pub(super) f: Vec<f64>,
    pub(super) g: Vec<f64>,
    pub(super) columns: Vec<f64>,
    pub(super) lambda: f64,
    /// The columns' answer, and λ.
    pub(super) swept: Vec<f64>,
    pub(super) swept_lambda: f64,
    /// The dual value, and the sum of the sizes of its terms.
    pub(super) value: f64,
    pub(super) magnitude: f64,
    /// What the primal value exceeds it by.
    pub(super) gap: f64,
    /// How much of the mass another sweep would move.
    pub(super) residual: f64,
    pub(super) lost: bool,
}

/// One problem: its field, its prices, and the work that is left to be done on it.
pub(super) struct SemiDual<'a, 'w, 'o> {
    pub(super) field: &'a Field<'a>,
    pub(super) sides: Sides,
    pub(super) work: &'w mut Work<'o>,
    pub(super) depth: Depth,
}

impl SemiDual<'_, '_, '_> {
    /// Potentials of columns that the target can answer with; 0 for columns without mass.
    pub(super) fn clamped(&self, g: &[f64], lambda: f64, rate: f64) -> Vec<f64> {
        let (lift, b) = (self.sides.lift + lambda, &self.field.masses.b);
        let one = |(g, b): (&f64, &f64)| {
            let (least, most) = self.sides.target.range(*b, rate);
            if *b > 0.0 { (g - lift).clamp(least, most) + lift } else { 0.0 }
        };
        g.iter().zip(b).map(one).collect()
    }

    /// A pass at the potentials `g`, whose rows are met by about `met`.
    pub(super) fn pass(&mut self, met: Vec<f64>, g: Vec<f64>, lambda: f64, rate: f64) -> At {
        let (field, sides) = (self.field, self.sides);
        let respond = |mass: f64, met: f64| sides.source.respond(mass, met, rate);
        let mut state = State { f: met, g };
        let mut exact = field.exact(&state, rate, self.depth, &respond, Also::Nothing).0;
        if exact.lost {
            field.tighten_rows(&mut state, rate);
            exact = field.exact(&state, rate, self.depth, &respond, Also::Nothing).0;
        }
        self.work.tick();
        let at = self.judged(exact, state.g, lambda, rate);
        self.work.progress.marginal_error = Some(at.residual);
        at
    }

    /// What a pass says: the value, the gap, and what the columns answer.
    fn judged(&self, exact: Exact, g: Vec<f64>, lambda: f64, rate: f64) -> At {
        let (sides, masses) = (self.sides, &self.field.masses);
        let Exact { f, met, columns, lost, .. } = exact;
        let (a, b) = (&masses.a, &masses.b);
        let total: f64 = columns.iter().sum();
        let (mut value, mut gap, mut magnitude, mut open) = (Sum::default(), Sum::default(), 0.0, Sum::default());
        let lift = sides.lift + lambda;
        let mut take = |worth: f64| {
            value.add(worth);
            magnitude += worth.abs();
        };
        for (a, f) in a.iter().zip(&f).filter(|(a, _)| **a > 0.0) {
            take(sides.source.worth(*a, f / rate));
        }
        let signed = matches!(sides.target, Side::AtMost | Side::Priced(super::Marginal::Exact));
        for ((b, g), moved) in b.iter().zip(&g).zip(&columns).filter(|((b, _), _)| **b > 0.0) {
            let potential = (g - lift) / rate;
            take(sides.target.worth(*b, potential));
            let part = sides.target.gap(*b, *moved, potential);
            if signed { open.add(part) } else { gap.add(part) }
        }
        if let Some(mass) = sides.mass {
            take(lambda / rate * mass);
            open.add((total - mass) * lambda / rate);
        }
        take(-BITS / rate * total);
        take(BITS / rate * sides.reference);
        let (swept, swept_lambda) = self.answered(&f, &g, &columns, lambda, rate);
        // A column that must be met is short of what it lacks, however little it holds.
        let must = sides.mass.is_none() && matches!(sides.target, Side::Priced(super::Marginal::Exact));
        let moved = |(j, swept): (usize, &f64)| {
            let step = columns[j] * ((swept - g[j]).abs() / BITS).min(1.0);
            if must { step.max((b[j] - columns[j]).abs()) } else { step }
        };
        let mut residual = swept.iter().enumerate().map(moved).sum::<f64>() / total.max(f64::MIN_POSITIVE);
        residual += sides.mass.map_or(0.0, |mass| (total - mass).abs() / mass);
        let (value, gap) = (value.value(), gap.value().max(0.0) + open.value().abs());
        At { rate, met, f, g, columns, lambda, swept, swept_lambda, value, magnitude, gap, residual, lost }
    }

    /// What the columns answer to rows at `f`, and λ: the best for these rows, so that the dual value cannot fall.
    fn answered(&self, f: &[f64], g: &[f64], columns: &[f64], lambda: f64, rate: f64) -> (Vec<f64>, f64) {
        let (sides, b) = (self.sides, &self.field.masses.b);
        let mut met: Vec<f64> = (0..g.len())
            .map(|j| if columns[j] > UNTOLD * b[j] { g[j] - (columns[j] / b[j]).log2() } else { f64::INFINITY })
            .collect();
        // (What cannot be told apart from nothing but wants no other potential is left alone.)
        let untold: Vec<usize> = (0..g.len())
            .filter(|&j| b[j] > 0.0 && met[j].is_infinite())
            .filter(|&j| g[j] - sides.lift - lambda < sides.target.range(b[j], rate).1)
            .collect();
        for (j, potential) in untold.iter().zip(self.reach(f, &untold, rate)) {
            met[*j] = potential;
        }
        let lambda = match sides.mass {
            Some(mass) => level(&met, b, sides.lift, mass).unwrap_or(lambda),
            None => lambda,
        };
        let lift = sides.lift + lambda;
        let one = |j: usize| match b[j] > 0.0 {
            true if met[j] == f64::INFINITY => sides.target.range(b[j], rate).1 + lift,
            true => sides.target.respond(b[j], met[j] - lift, rate) + lift,
            false => 0.0,
        };
        ((0..g.len()).map(one).collect(), lambda)
    }

    /// The potentials that would meet the columns `of`, however far from all rows they are.
    fn reach(&self, f: &[f64], of: &[usize], rate: f64) -> Vec<f64> {
        let geometry = &self.field.geometry;
        let all = [(0, geometry.column_blocks() as u32)];
        let mut sums = vec![(f64::NEG_INFINITY, 0.0); of.len()];
        let mut costs = Vec::new();
        for block in 0..if of.is_empty() { 0 } else { geometry.row_blocks() } {
            geometry.costs_of(block, &all, &mut costs);
            for r in 0..ROWS {
                let i = block * ROWS + r;
                if self.field.masses.a[i] <= 0.0 {
                    continue;
                }
                let height = self.field.masses.a[i].log2() + f[i];
                for ((top, sum), &j) in sums.iter_mut().zip(of) {
                    let exponent = height - rate * costs[j / LANES * TILE + r * LANES + j % LANES];
                    if exponent <= *top {
                        *sum += (exponent - *top).exp2();
                    } else {
                        *sum = *sum * (*top - exponent).exp2() + 1.0;
                        *top = exponent;
                    }
                }
            }
        }
        sums.into_iter().map(|(top, sum): (f64, f64)| -top - sum.log2()).collect()
    }
}

/// λ with Σ b min(1, 2^(λ + lift − met)) = `mass`: what the columns take at most together.
fn level(met: &[f64], b: &[f64], lift: f64, mass: f64) -> Option<f64> {
    let mut order: Vec<usize> = (0..b.len()).filter(|&j| b[j] > 0.0 && met[j].is_finite()).collect();
    order.sort_by(|&i, &j| met[i].total_cmp(&met[j]));
    // Those before are full; those from here on take b 2^(λ − met).
    let mut open = vec![f64::NEG_INFINITY; order.len() + 1];
    for k in (0..order.len()).rev() {
        let own = b[order[k]].log2() - met[order[k]];
        let (top, low) = if own > open[k + 1] { (own, open[k + 1]) } else { (open[k + 1], own) };
        open[k] = top + (low - top).exp2().ln_1p() * BITS;
    }
    let mut full = 0.0;
    for (k, &j) in order.iter().enumerate() {
        let left = mass - full;
        if left <= 0.0 {
            return Some(met[j] - lift);
        }
        let lambda = left.log2() - open[k];
        if lambda <= met[j] {
            return Some(lambda - lift);
        }
        full += b[j];
    }
    order.last().map(|&j| met[j] - lift)
}
