//! The cost of one slice: sorted projections, paired off in order.

use std::ops::SubAssign;

use crate::exact::line::power::{Convex, with_power};
use crate::exact::line::sort::Sorted;
use crate::exact::line::walk::sum_of_costs;
use crate::measure::Weights;
use crate::numeric::Sum;
use crate::simd::{Kernel, run};

/// Totals of narrow and of wide counts.
const NARROW_BITS: i32 = 62;
const WIDE_BITS: i32 = 124;
/// Narrow counts serve where the least mass is at least this part of the total: they hold it to 2⁻³¹ of itself, and to 2⁻⁶³ of
/// the total.
const NARROW_LEAST: f64 = 1.0 / (1_u64 << 32) as f64;

/// Masses of both sides as whole counts of one total, so that no rounding adds up along a walk.
#[derive(Debug)]
pub(super) enum Counts {
    Narrow(Vec<u64>, Vec<u64>),
    Wide(Vec<u128>, Vec<u128>),
}

/// A count of mass units.
pub(super) trait Count: Copy + Ord + SubAssign + Default {
    fn number(self) -> f64;
}

impl Count for u64 {
    #[inline(always)]
    fn number(self) -> f64 {
        self as f64
    }
}

impl Count for u128 {
    #[inline(always)]
    fn number(self) -> f64 {
        self as f64
    }
}

/// Whole counts of the shares of two lists of weights.
pub(super) fn counts(a: &Weights, b: &Weights) -> Counts {
    let (a, b) = (a.normalised(), b.normalised());
    let least = a.as_slice().iter().chain(b.as_slice()).copied().filter(|&share| share > 0.0).fold(1.0, f64::min);
    if least >= NARROW_LEAST {
        let count = |share: f64| (share * f64::from(NARROW_BITS).exp2()) as u64;
        let (mut a, mut b): (Vec<u64>, Vec<u64>) =
            (a.as_slice().iter().map(|&s| count(s)).collect(), b.as_slice().iter().map(|&s| count(s)).collect());
        settle(&mut a, &mut b, |most, missing, rest| *most += missing - rest);
        Counts::Narrow(a, b)
    } else {
        let count = |share: f64| (share * f64::from(WIDE_BITS).exp2()) as u128;
        let (mut a, mut b): (Vec<u128>, Vec<u128>) =
            (a.as_slice().iter().map(|&s| count(s)).collect(), b.as_slice().iter().map(|&s| count(s)).collect());
        settle(&mut a, &mut b, |most, missing, rest| *most += missing - rest);
        Counts::Wide(a, b)
    }
}

/// The largest count of the lighter side takes up what rounding left it short of the other: of equal masses, in whatever order,
/// nothing.
fn settle<C: Count + std::iter::Sum>(a: &mut [C], b: &mut [C], adjust: impl Fn(&mut C, C, C)) {
    let (of_a, of_b): (C, C) = (a.iter().copied().sum(), b.iter().copied().sum());
    let (lighter, more, less) = if of_a < of_b { (a, of_b, of_a) } else { (b, of_a, of_b) };
    if let Some(most) = lighter.iter_mut().max() {
        adjust(most, more, less);
    }
}

impl Counts {
    /// Equal masses on n and on m points: m units and n units each.
    pub(super) fn uniform(n: usize, m: usize) -> Self {
        Self::Narrow(vec![m as u64; n], vec![n as u64; m])
    }

    /// Calls `flow` with source, target and share of the mass for all flows between points that are met in these orders.
    pub(super) fn walk(&self, order_x: &[u32], order_y: &[u32], flow: impl FnMut(usize, usize, f64)) {
        match self {
            Self::Narrow(a, b) => flows(a, b, order_x, order_y, flow),
            Self::Wide(a, b) => flows(a, b, order_x, order_y, flow),
        }
    }
}

fn flows<C: Count + std::iter::Sum>(
    a: &[C],
    b: &[C],
    order_x: &[u32],
    order_y: &[u32],
    mut flow: impl FnMut(usize, usize, f64),
) {
    let unit = 1.0 / a.iter().copied().sum::<C>().number();
    let (mut i, mut j) = (0, 0);
    let (mut supply, mut demand) = (a[order_x[0] as usize], b[order_y[0] as usize]);
    while i < order_x.len() && j < order_y.len() {
        let moved = supply.min(demand);
        supply -= moved;
        demand -= moved;
        if moved > C::default() {
            flow(order_x[i] as usize, order_y[j] as usize, moved.number() * unit);
        }
        if supply == C::default() {
            i += 1;
            supply = order_x.get(i).map_or(C::default(), |&at| a[at as usize]);
        }
        if demand == C::default() {
            j += 1;
            demand = order_y.get(j).map_or(C::default(), |&at| b[at as usize]);
        }
    }
}

/// Mean cost of the k-th least x going to the k-th least y.
pub(super) fn pair_off(p: f64, x: &[f64], y: &[f64]) -> f64 {
    struct Pairs<'a, C>(C, &'a [f64], &'a [f64]);
    impl<C: Convex> Kernel for Pairs<'_, C> {
        type Output = f64;
        #[inline(always)]
        fn run<const FUSED: bool>(self) -> f64 {
            sum_of_costs(self.0, self.1, self.2)
        }
    }
    with_power!(p, cost => run(Pairs(cost, x, y))) / x.len() as f64
}

/// Mean cost between sorted points of equal masses, n ≠ m: each x holds m units, each y takes n.
pub(super) fn merge_uniform(p: f64, x: &[f64], y: &[f64]) -> f64 {
    let (n, m) = (x.len() as u64, y.len() as u64);
    with_power!(p, cost => merge(cost, x, y, |_| m, |_| n)) / (n as f64 * m as f64)
}

/// Mean cost between sorted points that hold `counts`.
pub(super) fn merge_weighted(p: f64, x: &Sorted, y: &Sorted, counts: &Counts) -> f64 {
    fn gathered<C: Copy>(counts: &[C], order: &[u32]) -> Vec<C> {
        order.iter().map(|&i| counts[i as usize]).collect()
    }
    match counts {
        Counts::Narrow(a, b) => {
            let (a, b) = (gathered(a, &x.order), gathered(b, &y.order));
            let total = with_power!(p, cost => merge(cost, &x.values, &y.values, |i| a[i], |j| b[j]));
            total / f64::from(NARROW_BITS).exp2()
        }
        Counts::Wide(a, b) => {
            let (a, b) = (gathered(a, &x.order), gathered(b, &y.order));
            let total = with_power!(p, cost => merge(cost, &x.values, &y.values, |i| a[i], |j| b[j]));
            total / f64::from(WIDE_BITS).exp2()
        }
    }
}

/// Σ count · |x − y|^p along the walk in which each side goes on when its point is used up.
#[inline(always)]
pub(super) fn merge<C: Count>(
    cost: impl Convex,
    x: &[f64],
    y: &[f64],
    a: impl Fn(usize) -> C,
    b: impl Fn(usize) -> C,
) -> f64 {
    const STEPS: usize = 256;
    let zero = C::default();
    let (mut i, mut j) = (0, 0);
    let (mut supply, mut demand) = (a(0), b(0));
    let mut total = Sum::default();
    while i < x.len() && j < y.len() {
        let mut some = 0.0;
        for _ in 0..STEPS {
            let moved = supply.min(demand);
            some += moved.number() * cost.cost(x[i] - y[j]);
            supply -= moved;
            demand -= moved;
            if supply == zero {
                i += 1;
                if i == x.len() {
                    break;
                }
                supply = a(i);
            }
            if demand == zero {
                j += 1;
                if j == y.len() {
                    break;
                }
                demand = b(j);
            }
        }
        total.add(some);
    }
    total.value()
}
