//! Partial transport on a line: what the cheapest way to move a part of the mass costs, for every part.
//!
//! Between a point and the point that it serves, every other point takes part as well: were one left out, it could serve instead,
//! over a shorter way. So the points that take part form intervals of the line that hold the same mass of both sides, and within each
//! the mass moves in order. Let D be the mass of x less the mass of y up to a place. An interval is cut where D comes back to its
//! level, and from a place there is but one way back to the last place of the same level: the least cost up to each place takes one
//! comparison of "left out" with "moved since then".
//!
//! The intervals do not depend on how much mass is to move, only the choice among them does, so they are priced once. For p = 1
//! the price of an interval adds up from those within it; else its points are paired off in order.
//!
//! For p = 1 masses may be anything: the price of an interval is linear in its level between two levels that D takes at the end of a point,
//! so that those are enough. For p > 1 it also bends where pairs change, and points hold one unit each.

use crate::error::{Error, ErrorKind, Result};
use crate::simd::{Kernel, run};

use super::power::{Convex, with_power};
use super::walk::sum_of_costs;

/// The most steps that are kept: 3 GB.
const MOST_STEPS: usize = 1 << 27;
/// No such place.
const NONE: u32 = u32::MAX;
/// How far below the chord of two solutions, relative to what they cost, a third must lie to be told from rounding.
const ROUNDING: f64 = 1e-13;

/// One side: places in increasing order, and how much each holds in whole numbers, 1 where none are given. Others than 1 are for
/// p = 1 alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) places: &'a [f64],
    pub(crate) counts: Option<&'a [i64]>,
}

impl Held<'_> {
    fn count(&self, at: usize) -> i64 {
        self.counts.map_or(1, |counts| counts[at])
    }
}

/// A cost, and how much mass moves for it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Moved {
    pub(crate) cost: f64,
    /// In whole numbers: the most mass is the most to the last unit.
    pub(crate) mass: i64,
}

/// What partial transport between two sides on a line can do.
#[derive(Debug)]
pub(crate) struct PartialLine {
    steps: Vec<Step>,
    /// The least cost up to each step; kept to be used again.
    best: Vec<Moved>,
}

/// Some mass of one point, between two neighbouring levels of D.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Where the level reached was left last, or `NONE`.
    back: u32,
    /// What moving everything since then takes.
    moved: Moved,
}

impl PartialLine {
    /// All intervals, priced by |x − y|^p. No pair farther apart than `reach` is to be served.
    ///
    /// O(n + m) for p = 1, else O((n + m) h) with h the largest |D| in points: about √n where both sides lie mixed, n where one lies
    /// beside the other. With unequal masses (p = 1) every point is cut at the levels of others that it crosses, about √n.
    ///
    /// # Errors
    /// When the pieces would not fit in memory.
    pub(crate) fn new(p: f64, x: Held, y: Held, reach: f64) -> Result<Self> {
        debug_assert!(p == 1.0 || x.counts.is_none() && y.counts.is_none(), "unequal masses are for p = 1");
        let levels = Levels::new(x, y)?;
        let steps = with_power!(p, cost => run(Pricing { cost, is_distance: p == 1.0, x, y, reach, levels: &levels }));
        Ok(Self { best: Vec::with_capacity(steps.len() + 1), steps })
    }

    /// The least of cost − `gain` · mass; of equal ones that which moves less.
    pub(crate) fn with_gain(&mut self, gain: f64) -> Moved {
        self.choose(|new, old| new.cost - gain * (new.mass as f64) < old.cost - gain * (old.mass as f64))
    }

    /// As much as possible, and that as cheaply as possible.
    pub(crate) fn most(&mut self) -> Moved {
        self.choose(|new, old| new.mass > old.mass || new.mass == old.mass && new.cost < old.cost)
    }

    fn choose(&mut self, is_better: impl Fn(&Moved, &Moved) -> bool) -> Moved {
        self.best.clear();
        let mut best = Moved::default();
        self.best.push(best);
        for step in &self.steps {
            if step.back != NONE {
                let since = self.best[step.back as usize];
                let moved = Moved { cost: since.cost + step.moved.cost, mass: since.mass + step.moved.mass };
                if is_better(&moved, &best) {
                    best = moved;
                }
            }
            self.best.push(best);
        }
        best
    }

    /// The least cost of moving exactly `mass`, at most what can be moved: the convex function of it through the corners that
    /// [`with_gain`](Self::with_gain) finds.
    pub(crate) fn cost_of(&mut self, mass: f64) -> f64 {
        let (mut less, mut more) = (Moved::default(), self.most());
        if mass >= more.mass as f64 {
            return more.cost;
        }
        loop {
            let slope = (more.cost - less.cost) / (more.mass - less.mass) as f64;
            let middle = self.with_gain(slope);
            let below = less.cost - middle.cost + slope * (middle.mass - less.mass) as f64;
            let is_corner = less.mass < middle.mass && middle.mass < more.mass && below > ROUNDING * more.cost;
            if !is_corner {
                return less.cost + slope * (mass - less.mass as f64);
            }
            *(if middle.mass as f64 <= mass { &mut less } else { &mut more }) = middle;
        }
    }
}

/// The levels that D takes after each point, in increasing order.
#[derive(Debug)]
struct Levels {
    values: Vec<i64>,
    /// The number of the level after each point, with the first before all of them.
    after: Vec<u32>,
    /// How often D goes from a level to a neighbouring one.
    steps: usize,
}

impl Levels {
    fn new(x: Held, y: Held) -> Result<Self> {
        let mut level = 0;
        let mut along = vec![0_i64];
        for point in order(x, y) {
            level += match point {
                Point::Source(i) => x.count(i),
                Point::Target(j) => -y.count(j),
            };
            along.push(level);
        }
        let is_whole = x.counts.is_none() && y.counts.is_none();
        let values: Vec<i64> = if is_whole {
            let (least, most) = along.iter().fold((0, 0), |(least, most), &d| (d.min(least), d.max(most)));
            (least..=most).collect()
        } else {
            let mut values = along.clone();
            values.sort_unstable();
            values.dedup();
            values
        };
        let number =
            |level: i64| if is_whole { (level - values[0]) as usize } else { values.partition_point(|&v| v < level) };
        let after: Vec<u32> = along.into_iter().map(|level| number(level) as u32).collect();
        let steps = after.windows(2).map(|pair| pair[0].abs_diff(pair[1]) as usize).sum();
        if steps > MOST_STEPS {
            let why = format!(
                "points of unequal masses meet in {steps} pieces on a line, more than {MOST_STEPS}; give equal masses, or fewer points"
            );
            return Err(Error::new("weights", ErrorKind::Unsupported(why.into())));
        }
        Ok(Self { values, after, steps })
    }
}

/// A point of one side.
#[derive(Debug, Clone, Copy)]
enum Point {
    Source(usize),
    Target(usize),
}

/// The points of both sides in order of their places.
#[inline(always)]
fn order<'a>(x: Held<'a>, y: Held<'a>) -> impl Iterator<Item = Point> + 'a {
    let (mut i, mut j) = (0, 0);
    std::iter::from_fn(move || {
        if i < x.places.len() && y.places.get(j).is_none_or(|&y| x.places[i] <= y) {
            i += 1;
            Some(Point::Source(i - 1))
        } else if j < y.places.len() {
            j += 1;
            Some(Point::Target(j - 1))
        } else {
            None
        }
    })
}

/// The walk along D that prices every interval.
struct Pricing<'a, C> {
    cost: C,
    is_distance: bool,
    x: Held<'a>,
    y: Held<'a>,
    reach: f64,
    levels: &'a Levels,
}

/// The last time that D was at a level.
#[derive(Debug, Clone, Copy)]
struct Visit {
    step: u32,
    /// The mass of x before.
    before: i64,
    /// Where the level was left.
    left_at: f64,
    /// What the intervals above and below this level cost, since D came to it from the other side.
    above: f64,
    below: f64,
}

impl<C: Convex> Kernel for Pricing<'_, C> {
    type Output = Vec<Step>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Vec<Step> {
        let Self { cost, is_distance, x, y, reach, levels } = self;
        let values = &levels.values;
        let mut before = 0;
        let nowhere = Visit { step: NONE, before, left_at: 0.0, above: 0.0, below: 0.0 };
        let mut visits = vec![nowhere; values.len()];
        let mut steps = Vec::with_capacity(levels.steps);
        let mut at = levels.after[0] as usize;
        visits[at].step = 0;
        for (point, &end) in order(x, y).zip(&levels.after[1..]) {
            let (is_up, place) = match point {
                Point::Source(i) => (true, x.places[i]),
                Point::Target(j) => (false, y.places[j]),
            };
            while at != end as usize {
                let to = if is_up { at + 1 } else { at - 1 };
                let gap = (values[to] - values[at]).abs();
                before += if is_up { gap } else { 0 };
                visits[at].left_at = place;
                let within = if is_up { visits[at].below } else { visits[at].above };
                let last = visits[to];
                let mut step = Step { back: NONE, moved: Moved::default() };
                if last.step != NONE {
                    let mass = before - last.before;
                    let price = if is_distance {
                        Some((place - last.left_at) * gap as f64 + within)
                    } else {
                        paired(cost, x.places, y.places, last.before, values[to], mass as usize, reach)
                    };
                    if let Some(price) = price {
                        step = Step { back: last.step, moved: Moved { cost: price, mass } };
                    }
                }
                steps.push(step);
                // Coming from below closes an interval below this level, and what is above it begins anew.
                let (above, below) =
                    if is_up { (0.0, last.below + step.moved.cost) } else { (last.above + step.moved.cost, 0.0) };
                visits[to] = Visit { step: steps.len() as u32, before, left_at: place, above, below };
                at = to;
            }
        }
        steps
    }
}

/// The cost of pairing off the `count` points of either side that follow `before` points of x, or none where that goes farther
/// than `reach`.
#[inline(always)]
fn paired(cost: impl Convex, x: &[f64], y: &[f64], before: i64, level: i64, count: usize, reach: f64) -> Option<f64> {
    let (x, y) = (&x[before as usize..][..count], &y[(before - level) as usize..][..count]);
    let is_near = |k: usize| (x[k] - y[k]).abs() <= reach;
    (is_near(0) && is_near(count - 1)).then(|| sum_of_costs(cost, x, y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::PNorm;
    use crate::exact::partial;
    use crate::measure::{Points, Samples};
    use crate::numeric::random::stream;
    use rand::RngExt;

    fn places(n: usize, seed: u64, is_whole: bool) -> Vec<f64> {
        let mut random = stream(seed, 0);
        let mut places: Vec<f64> = (0..n)
            .map(|_| if is_whole { f64::from(random.random_range(0..9)) } else { random.random::<f64>() })
            .collect();
        places.sort_by(f64::total_cmp);
        places
    }

    fn counts(n: usize, seed: u64) -> Vec<i64> {
        let mut random = stream(seed, 1);
        (0..n).map(|_| random.random_range(0..100)).collect()
    }

    fn check(x: Held, y: Held, p: f64) {
        let samples = |side: Held| {
            let masses: Vec<f64> = (0..side.places.len()).map(|k| side.count(k) as f64).collect();
            Samples::weighted(Points::from_rows(side.places.to_vec(), 1).unwrap(), masses).unwrap()
        };
        let (a, b) = (samples(x), samples(y));
        let most = a.total().min(b.total());
        let mut line = PartialLine::new(p, x, y, f64::INFINITY).unwrap();
        assert_eq!(line.most().mass as f64, most);
        for part in [0.13, 0.5, 0.77, 1.0] {
            let expected = partial(&a, &b, PNorm::wasserstein(p).unwrap(), part * most).unwrap().transport_cost;
            let found = line.cost_of(part * most);
            assert!((found - expected).abs() <= 1e-10 * expected.max(1e-3), "{p} {part}: {found} is not {expected}");
        }
        // With a price on what is left out, what lies farther than that is worth cannot matter.
        for gain in [0.01, 0.1, 0.4, 2.0] {
            let all = line.with_gain(gain);
            let near = PartialLine::new(p, x, y, gain.powf(1.0 / p)).unwrap().with_gain(gain);
            let (all, near) = [all, near].map(|moved| moved.cost - gain * moved.mass as f64).into();
            assert!((all - near).abs() <= 1e-12 * all.abs(), "{p} {gain}: {all} and {near}");
        }
    }

    #[test]
    fn every_part_costs_what_the_network_simplex_says() {
        for seed in 0..12 {
            let (n, m) = ([1, 5, 14, 20][seed as usize % 4], [3, 9, 20, 14][seed as usize % 4]);
            for is_whole in [false, true] {
                let (x, y) = (places(n, 2 * seed, is_whole), places(m, 2 * seed + 1, is_whole));
                let (mut a, mut b) = (counts(n, 2 * seed), counts(m, 2 * seed + 1));
                (a[0], b[0]) = (2, 3);
                for p in [1.0, 1.5, 2.0, 3.0] {
                    check(Held { places: &x, counts: None }, Held { places: &y, counts: None }, p);
                }
                check(Held { places: &x, counts: Some(&a) }, Held { places: &y, counts: Some(&b) }, 1.0);
            }
        }
    }

    #[test]
    fn sides_apart_serve_their_nearest_points() {
        let (x, y) = ([0.0, 1.0, 2.0], [10.0, 12.0, 13.0]);
        let mut line =
            PartialLine::new(2.0, Held { places: &x, counts: None }, Held { places: &y, counts: None }, f64::INFINITY)
                .unwrap();
        assert_eq!([1.0, 1.5, 2.0, 3.0].map(|mass| line.cost_of(mass)), [64.0, 122.5, 181.0, 342.0]);
    }
}
