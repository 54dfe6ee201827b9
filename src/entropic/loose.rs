//! Potentials where masses have a price: sweeps that are extrapolated, and Newton steps on the semi-dual where sweeps are slow.
//!
//! J(g) = max over f of the dual is concave, and a sweep never lowers it. No point is left for one with a lower J, so that neither an
//! extrapolation nor a Newton step can go round in circles. All potentials are in bits; those of the columns hold λ, the potential of the
//! mass to move where that is given, and what the reference adds.

use super::kernel::{Also, Depth, Exact, Field, State};
use super::layout::{LANES, ROWS, TILE};
use super::loose_newton::Newton;
use super::marginal::Side;
use super::newton::extrapolated;
use super::share::BITS;
use super::work::Work;
use crate::numeric::Sum;
use crate::transport::Status;

/// Sweeps that the extrapolation remembers.
const MEMORY: usize = 8;
/// The most that an extrapolation may go beyond a sweep, in bits.
const TAME: f64 = 16.0;
/// Sweeps after which Newton steps take over.
const PATIENCE: u64 = 40;
/// Passes without a higher dual value or a smaller gap, after which rounding is what is left.
const FUTILE: u32 = 120;
/// From one ε to the next.
const STAGE: f64 = 4.0;
/// ε, relative to a typical cost, from which Newton steps begin.
const LARGE: f64 = 0.1;
/// The most Newton steps at an ε on the way.
const MOST_ON_THE_WAY: u64 = 40;
/// The parts of a Newton step that are tried: the short ones where a row comes to the end of its range at once, as the step does not know.
const LENGTHS: [f64; 8] = [1.0, 0.25, 0.0625, 0.015_625, 2e-3, 2.5e-4, 1.5e-5, 1e-6];
/// How far a potential may go in a Newton step to begin with, in bits, and how this changes with success.
const RADIUS: f64 = 64.0;
const WIDER: f64 = 8.0;
/// Below this part of its mass, a column holds nothing that doubles can tell.
const UNTOLD: f64 = 1e-280;
/// Rounding of a sum of potentials, relative to what it sums.
pub(super) const ROUNDING: f64 = 4e-15;

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
    magnitude: f64,
    /// What the primal value exceeds it by.
    pub(super) gap: f64,
    /// How much of the mass another sweep would move.
    pub(super) residual: f64,
    lost: bool,
}

/// When to be content.
#[derive(Clone, Copy)]
pub(super) struct Goal {
    pub(super) tolerance: f64,
}

impl Goal {
    /// At most 1 where it is reached.
    fn merit(self, at: &At) -> f64 {
        if at.lost || !at.value.is_finite() {
            return f64::INFINITY;
        }
        let allowed = self.tolerance * at.value.abs() + ROUNDING * at.magnitude;
        (at.gap / allowed.max(f64::MIN_POSITIVE)).max(at.residual / self.tolerance)
    }
}

impl At {
    /// A higher dual value, or the same and nearer to the primal one.
    fn is_beyond(&self, other: &Self, goal: Goal) -> bool {
        let rounding = ROUNDING * (self.magnitude + other.magnitude);
        self.value.is_finite()
            && !self.lost
            && (self.value > other.value + rounding
                || (self.value >= other.value - rounding && goal.merit(self) < goal.merit(other)))
    }
}

/// The solve of one problem.
pub(super) struct Loose<'a, 'w, 'o> {
    pub(super) field: &'a Field<'a>,
    pub(super) sides: Sides,
    pub(super) work: &'w mut Work<'o>,
    pub(super) depth: Depth,
}

impl Loose<'_, '_, '_> {
    /// Solves at `rate` to `tolerance`.
    pub(super) fn solve(&mut self, rate: f64, tolerance: f64) -> (At, Status) {
        let goal = Goal { tolerance };
        let mut state = self.field.zeros();
        // The c-transforms keep exponents in range; the iteration begins at what the target says to them.
        self.field.tighten(&mut state, rate);
        let lambda = if self.sides.mass.is_some() { state.g.iter().copied().fold(0.0, f64::max) } else { 0.0 };
        let g = self.clamped(&state.g, lambda, rate);
        let at = self.pass(state.f, g, lambda, rate);
        let (at, status) = self.sweeps(at, goal);
        if let Some(status) = status {
            return (at, status);
        }
        let largest = BITS / (LARGE * self.field.geometry.typical).max(f64::MIN_POSITIVE);
        let mut here = self.with_rate(&at, largest.min(rate));
        while here.rate < rate {
            let rough = Goal { tolerance: tolerance.max(1e-3) };
            let (solved, _) = self.newton(here, rough, MOST_ON_THE_WAY);
            if self.work.ended.is_some() {
                here = solved;
                break;
            }
            here = self.with_rate(&solved, (solved.rate * STAGE).min(rate));
        }
        here = self.with_rate(&here, rate);
        // What the sweeps reached may be better.
        let begin = if at.is_beyond(&here, goal) { at } else { here };
        let (at, status) = self.newton(begin, goal, u64::MAX);
        (at, status.unwrap_or(Status::Stalled))
    }

    /// The point with the same potentials in units of the cost at another ε.
    fn with_rate(&mut self, at: &At, rate: f64) -> At {
        if at.rate == rate {
            return at.clone();
        }
        let (ratio, lift) = (rate / at.rate, self.sides.lift);
        let lambda = at.lambda * ratio;
        let g: Vec<f64> = at.g.iter().map(|g| (g - lift) * ratio + lift).collect();
        let g = self.clamped(&g, lambda, rate);
        let met = at.met.iter().map(|f| f * ratio).collect();
        self.work.progress.epsilon = Some(BITS / rate);
        self.pass(met, g, lambda, rate)
    }

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

    /// Sweeps with Anderson's extrapolation, while they pay.
    fn sweeps(&mut self, mut at: At, goal: Goal) -> (At, Option<Status>) {
        let (mut steps, mut points): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        let weights: Vec<f64> = self.field.masses.b.iter().copied().chain([1.0]).collect();
        for _ in 0..PATIENCE {
            if let Some(status) = self.ended(&at, goal) {
                return (at, Some(status));
            }
            let swept: Vec<f64> = at.swept.iter().copied().chain([at.swept_lambda]).collect();
            let from = at.g.iter().chain([&at.lambda]);
            steps.push(swept.iter().zip(from).map(|(s, g)| s - g).collect());
            points.push(swept.clone());
            if steps.len() > MEMORY {
                steps.remove(0);
                points.remove(0);
            }
            let tame = |y: &Vec<f64>| y.iter().zip(&swept).all(|(y, s)| (y - s).abs() <= TAME);
            let bold = extrapolated(&steps, &points, &weights).filter(tame);
            let next = bold.map(|mut next| {
                let lambda = next.pop().expect("λ comes last");
                let g = self.clamped(&next, lambda, at.rate);
                self.pass(at.met.clone(), g, lambda, at.rate)
            });
            at = match next {
                Some(next) if next.is_beyond(&at, goal) => next,
                _ => {
                    if next.is_some() {
                        // Too bold: forget, and sweep plainly.
                        steps.clear();
                        points.clear();
                    }
                    self.swept(&at)
                }
            };
        }
        (at, None)
    }

    fn swept(&mut self, at: &At) -> At {
        self.pass(at.met.clone(), at.swept.clone(), at.swept_lambda, at.rate)
    }

    fn ended(&self, at: &At, goal: Goal) -> Option<Status> {
        if goal.merit(at) <= 1.0 { Some(Status::Converged) } else { self.work.ended }
    }

    /// Newton steps, and a sweep where they do not help.
    fn newton(&mut self, mut at: At, goal: Goal, most: u64) -> (At, Option<Status>) {
        let (mut best, mut best_value, mut futile) = (f64::INFINITY, f64::NEG_INFINITY, 0);
        let mut radius = RADIUS;
        for _ in 0..most {
            if let Some(status) = self.ended(&at, goal) {
                return (at, Some(status));
            }
            let merit = goal.merit(&at);
            if merit < 0.99 * best || at.value > best_value + ROUNDING * at.magnitude {
                (best, best_value, futile) = (best.min(merit), best_value.max(at.value), 0);
            }
            futile += 1;
            if futile > FUTILE {
                return (at, Some(Status::Stalled));
            }
            let mut next = None;
            if let Some(step) = Newton::step(self, &at) {
                for length in LENGTHS {
                    let (g, lambda, held) = step.taken(self, &at, length, radius);
                    let tried = self.pass(at.met.clone(), g, lambda, at.rate);
                    if tried.is_beyond(&at, goal) {
                        // Parts that hang together weakly have far to go.
                        radius *= if held { WIDER } else { 1.0 };
                        next = Some(tried);
                        break;
                    }
                    radius = (radius / WIDER).max(1.0);
                }
            }
            at = match next {
                // Coordinates whose step was cut short are repaired by a sweep.
                Some(next) if next.g.iter().zip(&next.swept).all(|(g, s)| (g - s).abs() < 1.0) => next,
                Some(next) => self.swept(&next),
                None => self.swept(&at),
            };
        }
        (at, None)
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
