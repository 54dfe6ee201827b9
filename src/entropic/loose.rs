//! Potentials where masses have a price: sweeps that are extrapolated, and Newton steps on the semi-dual where sweeps are slow.
//!
//! No point is left for one with a lower value, so that neither an extrapolation nor a Newton step can go round in circles.

use super::loose_newton::Newton;
use super::newton::extrapolated;
use super::semi_dual::{At, SemiDual};
use super::share::BITS;
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
/// Rounding of a sum of potentials, relative to what it sums.
const ROUNDING: f64 = 4e-15;

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

impl SemiDual<'_, '_, '_> {
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
