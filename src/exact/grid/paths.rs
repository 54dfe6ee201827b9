//! A flow between neighbours, taken apart into what goes from where to where.

use crate::exact::amount::Amount;
use crate::exact::network_simplex::free_flow::Step;

/// "No parcel."
const NONE: u32 = u32::MAX;

/// Some mass of one cell on its way.
#[derive(Clone, Copy)]
struct Parcel<A> {
    cell: u32,
    next: u32,
    mass: A,
}

/// Parcels that wait at a cell, as a linked list.
#[derive(Clone, Copy)]
struct Queue {
    first: u32,
    last: u32,
}

const EMPTY: Queue = Queue { first: NONE, last: NONE };

/// The ways from cells that give to cells that take, of flows > 0 along the edges of a forest that meet the supplies exactly.
///
/// Cells are worked off along the flow; each takes what it wants from the parcels that came first and passes the others on.
/// A parcel is cut where a cell has had enough or an edge is full, so there are fewer ways than cells that give or take.
/// Every way runs along the flow, so it is a shortest one if the flow is optimal.
pub(super) fn ways<A: Amount>(steps: &[Step<A>], supply: &[A]) -> Vec<Step<A>> {
    let cells = supply.len();
    let mut start = vec![0u32; cells + 1];
    let mut waits_for = vec![0u32; cells];
    for step in steps {
        start[step.from as usize + 1] += 1;
        waits_for[step.to as usize] += 1;
    }
    for cell in 0..cells {
        start[cell + 1] += start[cell];
    }
    let mut next = start.clone();
    let mut leaving = vec![(0u32, A::ZERO); steps.len()];
    for step in steps {
        leaving[next[step.from as usize] as usize] = (step.to, step.flow);
        next[step.from as usize] += 1;
    }

    let mut parcels = Parcels { all: Vec::with_capacity(2 * cells) };
    let mut queues = vec![EMPTY; cells];
    let mut ways = Vec::with_capacity(cells);
    let mut ready: Vec<u32> = (0..cells as u32).filter(|&cell| waits_for[cell as usize] == 0).collect();
    while let Some(cell) = ready.pop() {
        let at = cell as usize;
        if supply[at] > A::ZERO {
            let own = parcels.single(cell, supply[at]);
            parcels.append(&mut queues[at], own);
        } else if supply[at] < A::ZERO {
            let mut here = parcels.take(&mut queues[at], -supply[at]).first;
            while here != NONE {
                let Parcel { cell: from, next, mass } = parcels.all[here as usize];
                ways.push(Step { from, to: cell, flow: mass });
                here = next;
            }
        }
        for &(to, flow) in &leaving[start[at] as usize..start[at + 1] as usize] {
            let part = parcels.take(&mut queues[at], flow);
            parcels.append(&mut queues[to as usize], part);
            waits_for[to as usize] -= 1;
            if waits_for[to as usize] == 0 {
                ready.push(to);
            }
        }
    }
    ways
}

struct Parcels<A> {
    all: Vec<Parcel<A>>,
}

impl<A: Amount> Parcels<A> {
    fn single(&mut self, cell: u32, mass: A) -> Queue {
        let at = self.all.len() as u32;
        self.all.push(Parcel { cell, next: NONE, mass });
        Queue { first: at, last: at }
    }

    fn append(&mut self, queue: &mut Queue, part: Queue) {
        if part.first == NONE {
            return;
        }
        if queue.first == NONE {
            *queue = part;
        } else {
            self.all[queue.last as usize].next = part.first;
            queue.last = part.last;
        }
    }

    /// Cuts `amount` off the front of a queue.
    fn take(&mut self, queue: &mut Queue, mut amount: A) -> Queue {
        let first = queue.first;
        let (mut at, mut last) = (first, NONE);
        while amount > A::ZERO && at != NONE {
            let Parcel { cell, next, mass } = self.all[at as usize];
            if mass > amount {
                let rest = self.all.len() as u32;
                self.all.push(Parcel { cell, next, mass: mass - amount });
                self.all[at as usize] = Parcel { cell, next: NONE, mass: amount };
                *queue = Queue { first: rest, last: if queue.last == at { rest } else { queue.last } };
                return Queue { first, last: at };
            }
            amount -= mass;
            last = at;
            at = next;
        }
        if last == NONE {
            return EMPTY;
        }
        self.all[last as usize].next = NONE;
        let taken = Queue { first, last };
        *queue = if at == NONE { EMPTY } else { Queue { first: at, last: queue.last } };
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parcels_are_cut_where_they_must() {
        // 0 gives 5 and 1 gives 2; 2 takes 3, 3 takes 4; all goes through 1.
        let step = |from, to, flow| Step { from, to, flow };
        let found = ways(&[step(0, 1, 5), step(1, 2, 3), step(1, 3, 4)], &[5, 2, -3, -4]);
        let mut sent: Vec<(u32, u32, i128)> = found.iter().map(|w| (w.from, w.to, w.flow)).collect();
        sent.sort_unstable();
        assert_eq!(sent, [(0, 2, 3), (0, 3, 2), (1, 3, 2)]);
        assert!(ways(&[], &[0_i128, 0]).is_empty());
    }
}
