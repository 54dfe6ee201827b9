//! Two sorted sides on a circle, and the staircases that wind around it.

use crate::exact::line::power::Convex;
use crate::exact::line::units::{Count, Masses};
use crate::numeric::Sum;

/// Sorted points in (−T/2, T/2] with their masses in whole counts of equal total.
pub(super) struct Wheel<'p, C> {
    pub(super) period: f64,
    /// The first x that has mass: walks begin there.
    pub(super) first: usize,
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) a: Vec<C>,
    pub(super) b: Vec<C>,
    pub(super) total: C,
    pub(super) masses: Masses<'p, C>,
}

/// Which side moves on where both run out of mass at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    SourceFirst,
    TargetFirst,
}

/// A point of one side, numbered in increasing order, and how many turns it lies beyond the first.
#[derive(Debug, Clone, Copy)]
struct Place {
    index: usize,
    turn: i32,
}

/// What one period of a staircase comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<C> {
    /// Σ mass · cost.
    pub(super) cost: f64,
    /// By how much f rises over the period: minus the slope of the cost in the shift (on the right of the shift when ties
    /// move the target first, else on the left).
    pub(super) rise: f64,
    /// Σ |steps of f|: what the rise may have been rounded from.
    pub(super) variation: f64,
    /// How far the shift may grow, and fall, before the staircase changes.
    pub(super) room: (C, C),
}

/// What happens along a staircase, in order.
pub(super) enum Event<C> {
    /// This much mass goes from source to target.
    Carry { source: usize, target: usize, count: C },
    /// The walk comes to this source, whose potential is the given one (0 on the first).
    Source { index: usize, potential: f64 },
    /// The walk comes to this target.
    Target { index: usize, potential: f64 },
}

impl<C: Count> Wheel<'_, C> {
    /// x − y when x lies `turns` turns beyond y: exact up to one rounding also across the cut of the circle.
    fn gap(&self, x: f64, y: f64, turns: i32) -> f64 {
        let half = 0.5 * self.period;
        match turns {
            0 => x - y,
            1 if x < 0.0 && y > 0.0 => (x + half) + (half - y),
            -1 if x > 0.0 && y < 0.0 => (x - half) - (y + half),
            _ => x - y + f64::from(turns) * self.period,
        }
    }

    fn next(points: &[f64], place: Place) -> Place {
        if place.index + 1 < points.len() {
            Place { index: place.index + 1, ..place }
        } else {
            Place { index: 0, turn: place.turn + 1 }
        }
    }

    /// The first target whose masses, added from the first on, exceed `shift`, and by how much.
    fn start(&self, shift: C) -> (Place, C) {
        // A shift is at most one turn either way.
        let (mut turn, mut left) = (0, shift);
        while left < C::ZERO {
            (turn, left) = (turn - 1, left + self.total);
        }
        while left >= self.total {
            (turn, left) = (turn + 1, left - self.total);
        }
        let mut index = 0;
        while left >= self.b[index] {
            left -= self.b[index];
            index += 1;
        }
        (Place { index, turn }, self.b[index] - left)
    }

    /// Walks one period of the staircase that pairs the mass t of x with the mass t + `shift` of y.
    pub(super) fn turn(&self, cost: impl Convex, shift: C, tie: Tie, mut event: impl FnMut(Event<C>)) -> Turn<C> {
        let (n, m) = (self.x.len(), self.y.len());
        let mut i = Place { index: self.first, turn: 0 };
        let (mut j, mut demand) = self.start(shift);
        let mut supply = self.a[self.first];
        let gap = |i: Place, j: Place| self.gap(self.x[i.index], self.y[j.index], i.turn - j.turn);
        let (mut f, mut g) = (Sum::default(), Sum::default());
        g.add(cost.cost(gap(i, j)));
        let (mut total, mut variation, mut room) = (Sum::default(), 0.0, (C::MAX, C::MAX));
        event(Event::Source { index: i.index, potential: 0.0 });
        event(Event::Target { index: j.index, potential: g.value() });
        // How the walk came to the present cell; the first one is where the period before ended.
        let mut by_source = tie == Tie::TargetFirst;
        let (mut rows, mut columns) = (0, 0);
        while rows < n || columns < m {
            let count = supply.min(demand);
            let here = gap(i, j);
            if count > C::ZERO {
                total.add(self.masses.mass(count) * cost.cost(here));
                event(Event::Carry { source: i.index, target: j.index, count });
            }
            supply -= count;
            demand -= count;
            let source_moves = match tie {
                Tie::SourceFirst => columns == m || (supply == C::ZERO && rows < n),
                Tie::TargetFirst => rows < n && (columns == m || demand != C::ZERO),
            };
            if source_moves {
                let next = Self::next(&self.x, i);
                let step = self.gap(self.x[next.index], self.x[i.index], next.turn - i.turn);
                let rise = cost.rise(here, gap(next, j), step);
                f.add(rise);
                variation += rise.abs();
                if !by_source {
                    room.1 = room.1.min(count);
                }
                (i, by_source, rows) = (next, true, rows + 1);
                supply = self.a[i.index];
                if rows < n {
                    event(Event::Source { index: i.index, potential: f.value() });
                }
            } else {
                let next = Self::next(&self.y, j);
                let step = self.gap(self.y[next.index], self.y[j.index], next.turn - j.turn);
                g.add(cost.rise(-here, -gap(i, next), step));
                if by_source {
                    room.0 = room.0.min(count);
                }
                (j, by_source, columns) = (next, false, columns + 1);
                demand = self.b[j.index];
                if columns < m {
                    event(Event::Target { index: j.index, potential: g.value() });
                }
            }
        }
        Turn { cost: total.value(), rise: f.value(), variation, room }
    }
}
