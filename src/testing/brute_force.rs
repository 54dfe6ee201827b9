//! The optimum of a tiny problem by trying every plan.

use std::collections::HashMap;

use ndarray::Array2;

use crate::transport::{Flow, Plan};

/// The least cost over all plans that move whole units, and one plan that attains it.
///
/// With whole masses some optimal plan moves whole units (the constraint matrix of transport is totally unimodular:
/// Hoffman & Kruskal 1956), so this is the optimum over all plans. With whole costs it is exact. Time and memory grow
/// with the number of ways to fill the targets, Π (bⱼ + 1): for a handful of points.
///
/// # Panics
/// When the shapes or the totals differ.
pub fn brute_force(costs: &Array2<f64>, a: &[u32], b: &[u32]) -> (f64, Plan) {
    assert_eq!(costs.dim(), (a.len(), b.len()), "one cost for each pair");
    assert_eq!(a.iter().sum::<u32>(), b.iter().sum::<u32>(), "balanced masses");
    let mut search = Search { costs, a, best: HashMap::new() };
    let value = search.least(0, &mut b.to_vec());
    let plan = Plan::new(costs.dim(), search.trace(b)).expect("units moved between existing points");
    (value, plan)
}

struct Search<'c> {
    costs: &'c Array2<f64>,
    a: &'c [u32],
    /// By the room left at the targets (which tells the row): the least cost from there on, and what the row sends.
    best: HashMap<(usize, Vec<u32>), (f64, Vec<u32>)>,
}

impl Search<'_> {
    /// The least cost of sending rows `row..` into the room that is left.
    fn least(&mut self, row: usize, room: &mut Vec<u32>) -> f64 {
        if row == self.a.len() {
            return 0.0;
        }
        if let Some((value, _)) = self.best.get(&(row, room.clone())) {
            return *value;
        }
        let mut best = (f64::INFINITY, Vec::new());
        let mut sent = vec![0; room.len()];
        self.spread(row, 0, self.a[row], 0.0, room, &mut sent, &mut best);
        let value = best.0;
        self.best.insert((row, room.clone()), best);
        value
    }

    /// Tries every way to send `left` units of `row` to the targets from `column` on.
    #[expect(clippy::too_many_arguments, reason = "the state of a recursion")]
    fn spread(
        &mut self,
        row: usize,
        column: usize,
        left: u32,
        cost: f64,
        room: &mut Vec<u32>,
        sent: &mut [u32],
        best: &mut (f64, Vec<u32>),
    ) {
        if column == room.len() {
            if left == 0 {
                let total = cost + self.least(row + 1, room);
                if total < best.0 {
                    *best = (total, sent.to_vec());
                }
            }
            return;
        }
        for units in 0..=left.min(room[column]) {
            room[column] -= units;
            sent[column] = units;
            let more = f64::from(units) * self.costs[[row, column]];
            self.spread(row, column + 1, left - units, cost + more, room, sent, best);
            sent[column] = 0;
            room[column] += units;
        }
    }

    /// The flows of the plan that was found best.
    fn trace(&self, b: &[u32]) -> Vec<Flow> {
        let mut room = b.to_vec();
        let mut flows = Vec::new();
        for source in 0..self.a.len() {
            let (_, sent) = &self.best[&(source, room.clone())];
            for (target, &units) in sent.iter().enumerate() {
                flows.push(Flow { source, target, mass: f64::from(units) });
                room[target] -= units;
            }
        }
        flows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_textbook_example_is_solved() {
        // Hitchcock's kind of table, small enough to see: 1 → column 0, the cheap corner is worth the detour.
        let costs = array![[1.0, 3.0], [2.0, 7.0]];
        let (value, plan) = brute_force(&costs, &[2, 1], &[1, 2]);
        assert_eq!(value, 8.0);
        assert_eq!(plan.to_dense(), array![[0.0, 2.0], [1.0, 0.0]]);
    }
}
