//! Exact transport on a circle.

#[cfg(test)]
mod tests;
mod wheel;

use std::time::Instant;

use crate::cost::{Euclidean, GroundCost};
use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::estimate::Estimate;
use crate::exact::amount::Wide;
use crate::exact::line::power::{Convex, with_power};
use crate::exact::line::sort::{Scratch, Sorted};
use crate::exact::line::units::{Count, Masses};
use crate::exact::line::{balance, masses, rounding};
use crate::measure::{Points, Samples};
use crate::transport::{Bounds, Flow, Plan, Potentials, Problem, Report, Root, Solution, Status};

use wheel::{Event, Tie, Turn, Wheel};

/// A slope that rounding leaves open is looked into where it costs the lower bound this many times what other rounding does.
const LOOSE: f64 = 16.0;
/// What is held for each point: value, order, count, potentials on both sides of the breakpoint, an entry of the plan.
const POINT_BYTES: usize = 4 * size_of::<f64>() + size_of::<u32>() + size_of::<i128>() + size_of::<Flow>();

/// Transport between angles, or anything else that repeats after `period` (hours of the day, days of the year), under the
/// cost d(x, y)^p, where d is the shorter way around.
///
/// Cut the circle anywhere and unroll it. For each shift θ there is one monotone plan between the periodic masses, which pairs
/// the mass t of x with the mass t + θ of y; its cost C(θ) is convex and piecewise linear, and its least value is the
/// optimum. For p = 1 the best θ is a weighted median of the difference of the two distribution functions.
///
/// The search keeps a shift where C falls and one where it rises, and tries where the two tangents meet. The counts of masses
/// are whole, and each walk also says how far θ may move before the plan changes, so that the search ends at the exact
/// breakpoint, with the plans on its left and on its right.
///
/// # Why the answer is proven
/// Along the staircase on either side of the breakpoint, f + g = c defines potentials on the unrolled circle, which are
/// feasible there as on the line (see [`Line`](crate::exact::Line)). Over one period they rise by minus the slope of C: a
/// positive number on one side of the best θ, a negative one on the other. The mean of the two with rise 0 is periodic, so
/// it is feasible for the shorter way around, and it is tight wherever the plan moves mass. The bounds are the cost less and
/// more its rounding, and that of a slope whose sign rounding leaves open.
///
/// # Complexity
/// O((n + m) log(n + m)) to sort, then some 10 to 60 walks of O(n + m); O(n + m) memory.
///
/// # References
/// Delon, Salomon, Sobolevski, "Fast transport optimization for Monge costs on the circle", SIAM J. Appl. Math. 70 (2010);
/// Rabin, Delon, Gousseau, "Transportation distances on the circle", J. Math. Imaging Vision 41 (2011), for p = 1.
///
/// # Example
/// ```
/// use earthwork::exact::Circle;
/// use earthwork::prelude::*;
///
/// // One o'clock is two hours from 23 o'clock.
/// let x = Samples::new([[23.0], [12.0]])?;
/// let y = Samples::new([[1.0], [12.0]])?;
/// let solution = Circle::new(24.0, 2.0)?.solve(&x, &y)?;
/// assert_eq!(solution.transport_cost, 0.5 * 2.0 * 2.0);
/// assert_eq!(solution.plan.as_permutation(), Some(vec![0, 1]));
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    period: f64,
    p: f64,
}

/// The Wasserstein distance of order p ≥ 1 between two samples of angles, or of anything that repeats after `period`.
///
/// # Errors
/// As [`Circle::new`] and [`Circle::solve`].
///
/// ```
/// use earthwork::exact::circle;
/// use earthwork::prelude::*;
/// use std::f64::consts::TAU;
///
/// let distance = circle(&Samples::new([[0.25]])?, &Samples::new([[TAU - 0.25]])?, TAU, 1.0)?;
/// assert!((distance.value - 0.5).abs() < 1e-15);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn circle(x: &Samples, y: &Samples, period: f64, p: f64) -> Result<Estimate> {
    let root = Root::for_lengths(p, 0.5 * period);
    let solution = Circle::new(period / root.unit(), p)?.solve(&root.scaled(x)?, &root.scaled(y)?)?;
    Ok(root.estimate(&solution.summary()))
}

impl Circle {
    /// A circle of circumference `period` > 0, with the cost d^p, p ≥ 1.
    ///
    /// # Errors
    /// When one is out of range, or (period / 2)^p over- or underflows.
    pub fn new(period: f64, p: f64) -> Result<Self> {
        require("period", period, period > 0.0 && period.is_finite(), "a period must be positive and finite")?;
        require(
            "p",
            p,
            p >= 1.0 && p.is_finite(),
            "the order of a Wasserstein distance must be finite and at least 1",
        )?;
        let farthest = (0.5 * period).powf(p);
        require(
            "period",
            period,
            farthest.is_normal(),
            "half of it, to the power p, must neither overflow nor vanish",
        )?;
        Ok(Self { period, p })
    }

    /// The length of the shorter way between two points.
    pub fn distance(&self, x: f64, y: f64) -> f64 {
        let (x, y, half) = (self.wrapped(x), self.wrapped(y), 0.5 * self.period);
        let direct = (x - y).abs();
        // Across the cut x and y have unlike signs, and both distances to it are exact.
        if direct > half { (half - x.abs()) + (half - y.abs()) } else { direct }
    }

    /// The same place in (−T/2, T/2], without rounding.
    fn wrapped(&self, x: f64) -> f64 {
        let (x, half) = (x % self.period, 0.5 * self.period);
        if x > half {
            x - self.period
        } else if x <= -half {
            x + self.period
        } else {
            x
        }
    }

    /// Solves transport from `x` to `y`, both of dimension 1, of any number of points and any masses.
    ///
    /// # Errors
    /// When a sample is not of dimension 1, the total masses differ (by more than 1e-9 relative), or a side has more than
    /// 2³² − 1 points.
    pub fn solve(&self, x: &Samples, y: &Samples) -> Result<Solution> {
        let started = Instant::now();
        for (argument, side) in [("x", x), ("y", y)] {
            require_dimension(argument, side.dim(), 1)?;
            if side.len() > u32::MAX as usize {
                let why = "the circle solver numbers points in 32 bits";
                return Err(Error::new(argument, ErrorKind::Unsupported(why.into())));
            }
        }
        // The same masses between the same points of the unrolled circle: checked as every problem is.
        let (x, y) = (self.unrolled(x)?, self.unrolled(y)?);
        let problem = Problem::between(&x, &y, Euclidean)?;
        let counted = masses::<i128>(&problem);
        if counted.lost() == 0.0 {
            return Ok(with_power!(self.p, cost => self.solve_unrolled(cost, &problem, counted, (&x, &y), started)));
        }
        let counted = masses::<Wide>(&problem);
        Ok(with_power!(self.p, cost => self.solve_unrolled(cost, &problem, counted, (&x, &y), started)))
    }

    fn unrolled(&self, side: &Samples) -> Result<Samples> {
        let points: Vec<f64> = side.points().as_slice().iter().map(|&x| self.wrapped(x)).collect();
        Samples::with_weights(Points::from_rows(points, 1)?, side.weights().clone())
    }

    fn solve_unrolled<C: Count>(
        &self,
        cost: impl Convex,
        problem: &Problem,
        masses: Masses<C>,
        (x, y): (&Samples, &Samples),
        started: Instant,
    ) -> Solution {
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let mut scratch = Scratch::default();
        let sorted_x = Sorted::new(x.points().as_slice(), &mut scratch);
        let sorted_y = Sorted::new(y.points().as_slice(), &mut scratch);
        let counts_x: Vec<C> = sorted_x.order.iter().map(|&i| masses.source(i as usize)).collect();
        let counts_y: Vec<C> = sorted_y.order.iter().map(|&j| masses.target(j as usize)).collect();
        let wheel = Wheel {
            period: self.period,
            first: counts_x.iter().position(|&count| count > C::ZERO).expect("some source has mass"),
            x: sorted_x.values,
            y: sorted_y.values,
            total: counts_x.iter().fold(C::ZERO, |sum, &count| sum + count),
            a: counts_x,
            b: counts_y,
            masses,
        };
        let (shift, walks) = best_shift(&wheel, cost);

        let mut flows = Vec::with_capacity(a.len() + b.len());
        let (mut f, mut g) = ([vec![0.0; a.len()], vec![0.0; a.len()]], [vec![0.0; b.len()], vec![0.0; b.len()]]);
        let [left, right] = [(0, Tie::SourceFirst), (1, Tie::TargetFirst)].map(|(side, tie)| {
            wheel.turn(cost, shift, tie, |event| match event {
                Event::Source { index, potential } => f[side][sorted_x.order[index] as usize] = potential,
                Event::Target { index, potential } => g[side][sorted_y.order[index] as usize] = potential,
                Event::Carry { source, target, count } if side == 0 => flows.push(Flow {
                    source: sorted_x.order[source] as usize,
                    target: sorted_y.order[target] as usize,
                    mass: wheel.masses.mass(count),
                }),
                Event::Carry { .. } => {}
            })
        });
        // The mean of the potentials that rises by 0 over a period.
        let spread = left.rise - right.rise;
        let share = if spread > 0.0 { (-right.rise / spread).clamp(0.0, 1.0) } else { 0.5 };
        let mean = |[left, right]: [Vec<f64>; 2]| -> Vec<f64> {
            left.iter().zip(&right).map(|(l, r)| share * l + (1.0 - share) * r).collect()
        };
        let (mut f, mut g) = (mean(f), mean(g));

        let plan = Plan::from_flows(problem.shape(), flows);
        let transport_cost = plan
            .flows()
            .iter()
            .map(|flow| flow.mass * cost.cost(self.distance(x.point(flow.source)[0], y.point(flow.target)[0])))
            .collect::<crate::numeric::Sum>()
            .value();
        let magnitude = balance(problem, transport_cost, &mut f, &mut g);
        let lost = wheel.masses.lost() * cost.cost(0.5 * self.period);
        let moves = || plan.flows().iter().any(|flow| x.point(flow.source) != y.point(flow.target));
        let slack = rounding(transport_cost.max(left.cost), self.p, problem.mass(), moves) + lost;
        let mut open = open_slope(&left, &right, self.p) * problem.mass();
        if open > LOOSE * slack {
            open = open_slope(&left, &right, self.p) * open_mass(&wheel, cost, shift, self.p);
        }
        let lower = (left.cost.min(transport_cost) - slack - open).max(0.0);
        Solution {
            transport_cost,
            bounds: Some(Bounds { lower, upper: transport_cost + slack, magnitude }),
            potentials: Potentials { f, g },
            status: Status::Optimal,
            report: Report {
                method: "circle",
                iterations: walks,
                time: started.elapsed(),
                memory: POINT_BYTES * (plan.shape().0 + plan.shape().1),
            },
            plan,
        }
    }
}

/// By how much a slope that should be ≥ 0 on the left and ≤ 0 on the right may be on the wrong side by its rounding.
fn open_slope<C>(left: &Turn<C>, right: &Turn<C>, p: f64) -> f64 {
    let wrong = |rise: f64, error: f64| if rise > error { 0.0 } else { error + (-rise).max(0.0) };
    wrong(left.rise, slope_error(left, p)).max(wrong(-right.rise, slope_error(right, p)))
}

/// The most mass that can be shifted, either way, before the sign of the slope is beyond its rounding: no better shift is farther.
fn open_mass<C: Count>(wheel: &Wheel<C>, cost: impl Convex, shift: C, p: f64) -> f64 {
    let certain = |by: C, onwards: bool| {
        let (there, tie) = if onwards { (shift + by, Tie::TargetFirst) } else { (shift - by, Tie::SourceFirst) };
        let turn = wheel.turn(cost, there, tie, |_| ());
        (if onwards { -turn.rise } else { turn.rise }) > slope_error(&turn, p)
    };
    let reach = |onwards: bool| {
        let all = if onwards { wheel.total - shift } else { wheel.total + shift };
        let halves: Vec<C> =
            std::iter::successors(Some(all), |&left| Some(left.half())).take_while(|&left| left > C::ZERO).collect();
        // The sign is certain from the first of these to the last but one that is tried, since slopes only grow.
        let last = halves.partition_point(|&by| certain(by, onwards));
        wheel.masses.mass(if last == 0 { all } else { halves[last - 1] })
    };
    reach(true).max(reach(false))
}

/// What rounding may have done to the slope of a walk.
fn slope_error<C>(turn: &Turn<C>, p: f64) -> f64 {
    (p + 10.0) * f64::EPSILON * turn.variation
}

/// The least shift at which the cost stops falling, and how many walks it took to find it.
fn best_shift<C: Count>(wheel: &Wheel<C>, cost: impl Convex) -> (C, u64) {
    let mut walks = 0;
    let mut walk = |shift| {
        walks += 1;
        wheel.turn(cost, shift, Tie::TargetFirst, |_| ())
    };
    // One whole turn either way moves every mass around the circle in one direction.
    let (mut low, mut high) = (-wheel.total, wheel.total);
    let (mut at_low, mut at_high) = (walk(low), walk(high));
    let breakpoint = |shift: C, at: Turn<C>| {
        // Down to there the plan, and so the slope, stays the same.
        (shift - at.room.1, Turn { cost: at.cost + at.rise * wheel.masses.mass(at.room.1), ..at })
    };
    if at_low.rise <= 0.0 {
        return (low, walks);
    }
    for round in 0.. {
        // The cost is linear from `low` to `next`; it falls there, so the best shift is not before.
        let next = if at_low.room.0 < high - low { low + at_low.room.0 } else { high };
        if next >= high {
            break;
        }
        let shift =
            if round % 3 == 2 { low + (high - low).half() } else { meeting(wheel, (low, &at_low), (high, &at_high)) };
        let shift = shift.clamp(next, high - C::ONE);
        let here = walk(shift);
        if here.rise > 0.0 {
            (low, at_low) = (shift, here);
        } else {
            (high, at_high) = breakpoint(shift, here);
        }
    }
    (high, walks)
}

/// Where the tangent on the right of `low` meets that on the right of `high`.
fn meeting<C: Count>(wheel: &Wheel<C>, (low, at_low): (C, &Turn<C>), (high, at_high): (C, &Turn<C>)) -> C {
    let width = wheel.masses.mass(high - low);
    // Slopes are minus the rises.
    let part = (at_high.cost - at_low.cost + at_high.rise * width) / ((at_high.rise - at_low.rise) * width);
    low + (high - low).times(part.clamp(0.0, 1.0))
}

impl GroundCost for Circle {
    fn between(&self, x: &[f64], y: &[f64]) -> f64 {
        with_power!(self.p, cost => cost.cost(self.distance(x[0], y[0])))
    }

    fn name(&self) -> String {
        format!("circle {}^{}", self.period, self.p)
    }

    fn check(&self, points: &Points) -> Result<()> {
        require_dimension("points", points.dim(), 1)
    }
}
