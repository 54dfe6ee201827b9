//! One value of ε: from a guess to potentials that meet the marginals.

use super::kernel::{Also, Asked, Depth, Exact, Field, Precision, State, Stored};
use super::newton::{End, Inner};
use super::share::BITS;
use super::work::Work;
use crate::transport::Status;

/// Passes over stored shares before they are computed anew.
const MOST_PASSES: u64 = 600;
/// Sweeps that the acceleration gets before Newton steps take over.
const PATIENCE: u64 = 48;
/// Exact passes without a better error or a higher dual value, after which rounding is what is left.
const FUTILE: u32 = 12;
/// Exact passes of one stage after which it is given up, whatever the dual value seems to gain.
const MOST_ROUNDS: u32 = 400;
/// How deep shares are kept where a solve begins, in bits: potentials will move far, and single precision reaches that deep.
const DEEP: Depth = Depth(110.0);
/// How far (in natural units) scalings then move before the shares are computed anew ...
const DEEP_FAR: f64 = 55.0;
/// ... and otherwise, for each bit of depth: what was too small to be kept may then matter.
const FAR: f64 = 0.62;
/// An error that tells of potentials far from any plan: shares that are stored would lack what matters ...
const UNSETTLED: f64 = 1.0;
/// ... and how many exact sweeps may mend it.
const MOST_SWEEPS: u32 = 4;
/// The least tolerance for which single precision computes shares, far above what it does to their sums ...
const COARSE: f64 = 6e-7;
/// ... and the least number of pairs: with fewer, no time is saved.
const MANY: usize = 128 * 128;
/// Pairs up to which all but everything may be kept.
const FEW: usize = 2048 * 2048;
/// The largest exponent with which a pass may begin.
const SAFE: f64 = 900.0;

/// The end of a stage.
pub(super) struct Staged {
    /// The last exact pass: its columns belong to the state left behind.
    pub(super) exact: Exact,
    /// L1 error of the columns; the rows are met.
    pub(super) error: f64,
    pub(super) status: Status,
}

/// What a stage is to reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    /// Bits per unit of cost, log₂ e / ε.
    pub(super) rate: f64,
    pub(super) tolerance: f64,
    /// Whether it is enough that the stored shares say so: on the way to another ε.
    pub(super) rough: bool,
    /// How far Σ (c − b) g, the duality gap, may be from 0: relative to the dual value, or to ε if that is larger.
    pub(super) gap: f64,
    /// Whether the last pass is to bound the unregularised cost.
    pub(super) bounds: bool,
}

/// Runs until the error is at most the tolerance, or nothing helps any more, or the watch ends it. The state left behind
/// has rows that are met.
pub(super) fn stage(field: &Field, state: &mut State, goal: Goal, work: &mut Work) -> Staged {
    let Goal { rate, tolerance, rough, gap, bounds } = goal;
    let depth = Depth((8.0 - tolerance.log2()).clamp(20.0, 60.0));
    let mut expected = f64::INFINITY;
    let mut asked = Asked { shrink: vec![1.0; field.masses.b.len()], bounds };
    let (mut best_error, mut best_value, mut value) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    let (mut futile, mut rescued, mut rounds, mut sweeps_made) = (0, 0, 0, 0);
    let pairs = field.geometry.n.saturating_mul(field.geometry.m);
    let mut deep = begun(field, state, rate) && pairs <= FEW;
    let single = tolerance >= COARSE && pairs >= MANY;
    let mut precision = if single { Precision::Single } else { Precision::Double };
    loop {
        let store = expected > tolerance && work.ended.is_none();
        let also = if store { Also::Store(std::mem::take(&mut work.room), precision) } else { Also::Price(&asked) };
        let exactly = !store || precision == Precision::Double;
        let (depth, far) = if deep { (DEEP, DEEP_FAR) } else { (depth, FAR * depth.0) };
        let (exact, stored) = field.exact(state, rate, depth, &|_, f| f, also);
        work.tick();
        let lost =
            exact.lost || exact.columns.iter().zip(&field.masses.b).any(|(c, b)| *b > 0.0 && (*c <= 0.0 || c.is_nan()));
        if lost && !exactly {
            precision = Precision::Double;
            continue;
        }
        if lost && rescued < 10 {
            rescued += 1;
            field.tighten(state, rate);
            continue;
        }
        state.f.clone_from(&exact.f);
        let off = exact.columns.iter().zip(&field.masses.b).map(|(c, b)| c - b);
        let error = off.clone().map(f64::abs).sum::<f64>() + exact.dropped;
        let open: f64 = off.zip(&state.g).map(|(off, g)| off * g).sum();
        let value_now = 1.0_f64.max((dot(&field.masses.a, &state.f) + dot(&field.masses.b, &state.g)).abs());
        work.progress.marginal_error = Some(error);
        work.progress.gap = Some(open.abs() / value_now);
        if error <= tolerance && open.abs() <= gap * value_now && !lost {
            if exactly || rough {
                return Staged { exact, error, status: Status::Converged };
            }
            // Said in double precision, it is true.
            expected = 0.0;
            work.room = stored.map(Stored::into_room).unwrap_or_default();
            continue;
        }
        if let Some(status) = work.ended {
            return Staged { exact, error, status };
        }
        rounds += 1;
        if rounds > MOST_ROUNDS {
            return Staged { exact, error, status: Status::Stalled };
        }
        let Some(stored) = stored else {
            // The stored shares promised more than the exact ones keep: once more from here.
            precision = Precision::Double;
            expected = f64::INFINITY;
            continue;
        };
        value += exact.gain;
        if error < 0.9 * best_error || value > best_value + 1e-9 * (1.0 + value.abs()) {
            futile = 0;
            best_error = error.min(best_error);
            best_value = value.max(best_value);
        } else {
            futile += 1;
            if futile >= FUTILE && !exactly {
                (precision, futile) = (Precision::Double, 0);
            } else if futile >= FUTILE {
                return Staged { exact, error, status: Status::Stalled };
            }
        }
        work.memory = work.memory.max(stored.bytes);
        let unsettled = !deep && error > UNSETTLED && sweeps_made < MOST_SWEEPS;
        if unsettled || faint(field, &exact.columns) {
            // Too little for single precision: an exact sweep, which always gains.
            sweeps_made += 1;
            value += sweep(field, state, &exact.columns);
            work.room = stored.into_room();
            continue;
        }
        // Where the gap is what is open, the columns must be met that much better.
        let wanted = if error <= tolerance { 0.1 * error } else { 0.5 * tolerance };
        let sweeps = work.sweeps;
        let mut inner = Inner::new(field, &stored, &exact.columns, (wanted, MOST_PASSES, far), work);
        let mut end = End::Spent;
        if sweeps {
            end = inner.anderson(wanted, PATIENCE);
        }
        let slow = sweeps && end == End::Spent;
        if end == End::Spent {
            end = inner.newton(wanted);
        }
        expected = if end == End::Reached { inner.error() } else { f64::INFINITY };
        asked.shrink = inner.shrink();
        let (columns, rows) = inner.step();
        work.sweeps &= !slow;
        work.room = stored.into_room();
        deep = false;
        state.g.iter_mut().zip(&columns).for_each(|(g, y)| *g += y);
        state.f.iter_mut().zip(&rows).for_each(|(f, y)| *f += y);
        if rough && end == End::Reached && work.ended.is_none() {
            return Staged { exact, error: expected, status: Status::Converged };
        }
        value += dot(&field.masses.b, &columns) + dot(&field.masses.a, &rows);
    }
}

/// Whether nothing was known: then something to begin with.
fn begun(field: &Field, state: &mut State, rate: f64) -> bool {
    let fresh = state.g.iter().all(|g| *g == 0.0);
    if fresh && rate * field.geometry.largest > SAFE {
        field.tighten(state, rate);
    } else if fresh {
        field.guess(state, rate);
    }
    fresh
}

/// Whether a column holds so little of its mass that the stored shares may not show it.
fn faint(field: &Field, columns: &[f64]) -> bool {
    columns.iter().zip(&field.masses.b).any(|(c, b)| *c < 1e-12 * b)
}

/// One Sinkhorn step of the columns; what it gains, in bits.
fn sweep(field: &Field, state: &mut State, columns: &[f64]) -> f64 {
    let mut gain = 0.0;
    for ((g, b), c) in state.g.iter_mut().zip(&field.masses.b).zip(columns) {
        if *b > 0.0 && *c > 0.0 {
            let step = (b / c).log2();
            *g += step;
            gain += b * step;
        }
    }
    gain
}

/// ε from large to small: halved in each stage, potentials extrapolated to the next. The first stages need no precision.
pub(super) fn continuation(field: &Field, state: &mut State, from: f64, goal: Goal, work: &mut Work) -> Staged {
    // A goal within half a stage of the start is one.
    let stages = ((goal.rate / from).log2() - 0.5).ceil().max(0.0) as i32;
    // Potentials in bits grow as the rate does: those handed over are of another ε than the first stage.
    scale(state, goal.rate * 0.5_f64.powi(stages) / from);
    let mut before: Option<State> = None;
    for k in (1..=stages).rev() {
        let rate = goal.rate * 0.5_f64.powi(k);
        let rough = Goal { rate, tolerance: goal.tolerance.max(1e-3), rough: true, gap: f64::INFINITY, bounds: false };
        work.progress.epsilon = Some(BITS / rate);
        stage(field, state, rough, work);
        if work.ended.is_some() {
            // The state is of another ε: at this one it is a guess, whose rows the last pass meets.
            scale(state, goal.rate / rate);
            break;
        }
        // In bits: f(ε/2) is twice f(ε); in units of cost the change is about half of the last one.
        let now = state.clone();
        scale(state, 2.0);
        if let Some(before) = before {
            let predict = |next: &mut [f64], now: &[f64], before: &[f64]| {
                for ((next, now), before) in next.iter_mut().zip(now).zip(before) {
                    *next += now - 2.0 * before;
                }
            };
            predict(&mut state.f, &now.f, &before.f);
            predict(&mut state.g, &now.g, &before.g);
        }
        before = Some(now);
    }
    work.progress.epsilon = Some(BITS / goal.rate);
    stage(field, state, goal, work)
}

fn scale(state: &mut State, factor: f64) {
    state.f.iter_mut().chain(&mut state.g).for_each(|v| *v *= factor);
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropic::levels::Prepared;
    use crate::entropic::rounding::rounded;
    use crate::prelude::*;
    use crate::transport::{Interrupt, Silent, Watch};

    /// Two clouds, `far` apart.
    fn clouds(far: f64) -> Problem<'static> {
        let cloud = |seed, n, at: f64| {
            let points = Gaussian::standard(2).unwrap().sample(n, seed).unwrap();
            let rows = points.points().as_slice().iter().map(|v| v + at).collect::<Vec<f64>>();
            Samples::new(Points::from_rows(rows, 2).unwrap()).unwrap()
        };
        Problem::between(&cloud(1, 70, 0.0), &cloud(2, 90, far), SquaredEuclidean).unwrap()
    }

    fn precisely(rate: f64) -> Goal {
        Goal { rate, tolerance: 1e-6, rough: false, gap: 1e-5, bounds: true }
    }

    /// The end of a continuation, and how many passes it took.
    fn continued(field: &Field, state: &mut State, from: f64, goal: Goal) -> (Staged, u64) {
        let mut silent = Silent;
        let mut work = Work::new(Watch::new(Interrupt::default(), &mut silent), "sinkhorn");
        (continuation(field, state, from, goal, &mut work), work.progress.iterations)
    }

    #[test]
    fn a_continuation_takes_over_potentials_of_another_epsilon() {
        // Apart, the potentials are steep: taken for bits at another rate, they say nothing.
        let passes = [0.5, 100.0].map(|far| {
            let problem = clouds(far);
            let rate = BITS / 0.2;
            let prepared = Prepared::new(&problem, 1 << 20, 3.0 * rate);
            let mut state = prepared.field.zeros();
            continued(&prepared.field, &mut state, rate / 8.0, precisely(rate));
            let (staged, passes) = continued(&prepared.field, &mut state, rate, precisely(3.0 * rate));
            assert_eq!(staged.status, Status::Converged);
            passes
        });
        assert!(5 * passes[1] <= 6 * passes[0], "{passes:?}");
    }

    #[test]
    fn the_last_pass_prices_as_a_pass_of_its_own() {
        let problem = clouds(0.5);
        for rate in [BITS / 2.0, BITS / 0.02] {
            let prepared = Prepared::new(&problem, 1 << 20, rate);
            let field = &prepared.field;
            let mut state = field.zeros();
            let (Staged { exact, .. }, _) = continued(field, &mut state, BITS / 2.0, precisely(rate));
            let a = &field.masses.a;
            let priced = exact.priced.expect("the last pass was expected to be it");
            let here = priced.settled(
                (a, &field.masses.b),
                (&state.f, &state.g),
                &exact.columns,
                rate,
                field.geometry.cost_slack(),
            );
            let apart = rounded(field, a, &state, &exact.columns, rate);
            let near = |x: f64, y: f64, to: f64| assert!((x - y).abs() <= to * apart.cost, "{x} {y}");
            near(here.cost, apart.cost, 1e-12);
            near(here.lower, apart.lower, 1e-12);
            near(here.scaled_cost, apart.scaled_cost, 1e-5);
            assert!(here.unplaced <= 1e-9, "{}", here.unplaced);
            let filled: f64 = here.filled.iter().map(|flow| flow.2).sum();
            assert!(filled > 0.0 && filled < 2e-6, "{filled}");
        }
    }
}
