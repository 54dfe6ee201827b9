//! The north-west corner along two sorted sides: plan, cost and potentials in one walk.

use super::power::Convex;
use super::units::{Count, Masses};
use crate::numeric::Sum;

/// Mass that moves between the `source`-th and the `target`-th point in increasing order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) mass: f64,
}

/// All n + m − 1 cells of the staircase in order, with the count that each carries; some carry none.
///
/// `source` and `target` give the counts of the points in increasing order; their totals agree.
pub(crate) fn staircase<C: Count>(
    (n, m): (usize, usize),
    source: impl Fn(usize) -> C,
    target: impl Fn(usize) -> C,
) -> impl Iterator<Item = (usize, usize, C)> {
    let (mut i, mut j) = (0, 0);
    let (mut supply, mut demand) = (source(0), target(0));
    std::iter::from_fn(move || {
        if i == n {
            return None;
        }
        let moved = supply.min(demand);
        let cell = (i, j, moved);
        supply -= moved;
        demand -= moved;
        if (supply == C::ZERO && i + 1 < n) || j + 1 == m {
            i += 1;
            supply = if i < n { source(i) } else { C::ZERO };
        } else {
            j += 1;
            demand = target(j);
        }
        Some(cell)
    })
}

/// One side of a walk: points in increasing order, which it replaces by their potentials one after the other.
struct Side<'a> {
    values: &'a mut [f64],
    at: f64,
    potential: Sum,
}

impl<'a> Side<'a> {
    fn new(values: &'a mut [f64], potential: f64) -> Self {
        let at = std::mem::replace(&mut values[0], potential);
        Self { values, at, potential: [potential].into_iter().collect() }
    }

    /// Goes on to point k while the other side stays: the potential rises as much as the cost.
    #[inline]
    fn advance(&mut self, k: usize, other: f64, cost: impl Convex) {
        let next = self.values[k];
        self.potential.add(cost.rise(self.at - other, next - other, next - self.at));
        self.values[k] = self.potential.value();
        self.at = next;
    }
}

/// Walks the cells of the staircase of sorted `x` and `y`. Returns ⟨C, P⟩, calls `carry` for each cell that carries mass, and
/// leaves the potentials in place of the points, with f = 0 on the first.
pub(crate) fn merge<C: Count>(
    cost: impl Convex,
    x: &mut [f64],
    y: &mut [f64],
    cells: impl Iterator<Item = (usize, usize, C)>,
    masses: &Masses<C>,
    mut carry: impl FnMut(Cell),
) -> f64 {
    let mut total = Sum::default();
    let first = cost.cost(x[0] - y[0]);
    let (mut rows, mut columns) = (Side::new(x, 0.0), Side::new(y, first));
    let (mut row, mut column) = (0, 0);
    for (i, j, count) in cells {
        if i > row {
            rows.advance(i, columns.at, cost);
            row = i;
        } else if j > column {
            columns.advance(j, rows.at, cost);
            column = j;
        }
        if count > C::ZERO {
            let mass = masses.mass(count);
            total.add(mass * cost.cost(rows.at - columns.at));
            carry(Cell { source: i as u32, target: j as u32, mass });
        }
    }
    total.value()
}

/// The same where n = m and all masses are 1, so that the k-th x goes to the k-th y.
pub(crate) fn pair(cost: impl Convex, x: &mut [f64], y: &mut [f64]) -> f64 {
    let n = x.len();
    let mut total = Sum::default();
    let first = cost.cost(x[0] - y[0]);
    let (mut rows, mut columns) = (Side::new(x, 0.0), Side::new(y, first));
    total.add(first);
    for k in 1..n {
        rows.advance(k, columns.at, cost);
        columns.advance(k, rows.at, cost);
        total.add(cost.cost(rows.at - columns.at));
    }
    total.value()
}

/// Σ |xₖ − yₖ|^p of sorted sides: blocks of 256 in eight lanes, and a compensated sum of the blocks.
#[inline(always)]
pub(crate) fn sum_of_costs(cost: impl Convex, x: &[f64], y: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut total = Sum::default();
    for (x, y) in x.chunks(256).zip(y.chunks(256)) {
        let mut lanes = [0.0; LANES];
        let (x, x_rest) = x.as_chunks::<LANES>();
        let (y, y_rest) = y.as_chunks::<LANES>();
        for (x, y) in x.iter().zip(y) {
            for k in 0..LANES {
                lanes[k] += cost.cost(x[k] - y[k]);
            }
        }
        for (k, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
            lanes[k] += cost.cost(x - y);
        }
        total.add(lanes.iter().sum());
    }
    total.value()
}
