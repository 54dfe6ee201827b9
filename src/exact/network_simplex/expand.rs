//! From a basis of a coarse level to one of the next finer level.

use super::levels::Cells;
use super::tree::TreeArc;
use crate::exact::amount::Amount;

/// How the flow of each coarse arc divides over the (one or two) children of its end: what the first child takes.
struct Division<A> {
    /// Index of the first child of each cell; a cell has one or two.
    first: Vec<u32>,
    /// The flow of the first child on each arc.
    taken: Vec<A>,
}

/// A cell of one of two levels that follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell {
    Coarse(u32),
    Fine(u32),
}

/// Expands a feasible spanning tree between coarse cells to one between the cells of one halving more.
///
/// Inside each cell the arcs are ordered by c(first child, B) − c(second child, B) and the first child takes from the
/// front: for two children and fixed other ends that is the optimal division. Then each arc becomes a transport between at
/// most two and two children, solved exactly. The arcs number n' + m' − 1 and connect, without artificial arcs, for any
/// masses: the perturbed masses never tie, so each step uses up one line.
pub(super) fn expand<A: Amount>(
    arcs: &[TreeArc<A>],
    coarse: (&Cells<A>, &Cells<A>),
    fine: (&Cells<A>, &Cells<A>),
    cost: &dyn Fn(Cell, Cell) -> f64,
) -> Vec<TreeArc<A>> {
    let source_end = |arc: &TreeArc<A>| (arc.source, arc.target);
    let target_end = |arc: &TreeArc<A>| (arc.target, arc.source);
    let rows = divide(arcs, source_end, coarse.0, fine.0, |child, other| cost(Cell::Fine(child), Cell::Coarse(other)));
    let columns =
        divide(arcs, target_end, coarse.1, fine.1, |child, other| cost(Cell::Coarse(other), Cell::Fine(child)));
    let mut finer = Vec::with_capacity(fine.0.len() + fine.1.len() - 1);
    for (k, arc) in arcs.iter().enumerate() {
        let (i, j) = (rows.first[arc.source as usize], columns.first[arc.target as usize]);
        let (a, b) = (rows.taken[k], columns.taken[k]);
        let (a_rest, b_rest) = (arc.flow - a, arc.flow - b);
        // x goes first to first; a − x, b − x and what is left are the other three flows.
        let (least, most) = ((a - b_rest).max(A::ZERO), a.min(b));
        let x = if least == most || [a, a_rest, b, b_rest].contains(&A::ZERO) {
            most
        } else {
            let c = |i, j| cost(Cell::Fine(i), Cell::Fine(j));
            if c(i, j) + c(i + 1, j + 1) < c(i, j + 1) + c(i + 1, j) { most } else { least }
        };
        let flows = [(i, j, x), (i, j + 1, a - x), (i + 1, j, b - x), (i + 1, j + 1, b_rest - (a - x))];
        finer.extend(flows.iter().filter(|(.., flow)| *flow > A::ZERO).map(|&(source, target, flow)| TreeArc {
            source,
            target,
            flow,
        }));
    }
    finer
}

/// Divides the arcs of each coarse cell over its children. `ends` names the cell and the other end of an arc.
fn divide<A: Amount>(
    arcs: &[TreeArc<A>],
    ends: impl Fn(&TreeArc<A>) -> (u32, u32),
    coarse: &Cells<A>,
    fine: &Cells<A>,
    cost: impl Fn(u32, u32) -> f64,
) -> Division<A> {
    let mut first = vec![0u32; coarse.len()];
    let mut child = 0;
    for (cell, first) in first.iter_mut().enumerate() {
        *first = child;
        while (child as usize) < fine.len() && fine.start[child as usize] < coarse.start[cell + 1] {
            child += 1;
        }
    }
    let children = |cell: usize| first.get(cell + 1).map_or(fine.len() as u32, |&next| next) - first[cell];

    let mut start = vec![0u32; coarse.len() + 1];
    for arc in arcs {
        start[ends(arc).0 as usize + 1] += 1;
    }
    for cell in 0..coarse.len() {
        start[cell + 1] += start[cell];
    }
    let mut next = start.clone();
    let mut around = vec![0u32; arcs.len()];
    for (k, arc) in arcs.iter().enumerate() {
        let cell = ends(arc).0 as usize;
        around[next[cell] as usize] = k as u32;
        next[cell] += 1;
    }

    let mut taken = vec![A::ZERO; arcs.len()];
    let mut order: Vec<(f64, u32)> = Vec::new();
    for cell in 0..coarse.len() {
        let around = &around[start[cell] as usize..start[cell + 1] as usize];
        if children(cell) == 1 {
            around.iter().for_each(|&k| taken[k as usize] = arcs[k as usize].flow);
            continue;
        }
        let child = first[cell];
        order.clear();
        order.extend(around.iter().map(|&k| {
            let other = ends(&arcs[k as usize]).1;
            (cost(child, other) - cost(child + 1, other), k)
        }));
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut left = fine.masses[child as usize];
        for &(_, k) in &order {
            let flow = left.min(arcs[k as usize].flow);
            taken[k as usize] = flow;
            left -= flow;
        }
    }
    Division { first, taken }
}

/// Potentials (f, g) of the finer cells from the π of the coarse ones: g(y) = g(B) + c(x̄, y) − c(x̄, y_B), where x̄ is the
/// mean of what B receives from, and f likewise. Exact to second order where the plan is smooth.
pub(super) fn finer_potentials<A: Amount>(
    arcs: &[TreeArc<A>],
    potential: &[f64],
    coarse: (&Cells<A>, &Cells<A>),
    fine: (&Cells<A>, &Cells<A>),
    cost: &dyn Fn(&[f64], &[f64]) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let n = coarse.0.len();
    let partners_of_sources = mean_partners(arcs, coarse.0, coarse.1, |arc| (arc.source, arc.target));
    let partners_of_targets = mean_partners(arcs, coarse.1, coarse.0, |arc| (arc.target, arc.source));
    let f: Vec<f64> = potential[..n].iter().map(|p| -p).collect();
    let f = extrapolated(coarse.0, fine.0, &partners_of_sources, &f, |x, partner| cost(x, partner));
    let g = extrapolated(coarse.1, fine.1, &partners_of_targets, &potential[n..], |y, partner| cost(partner, y));
    (f, g)
}

/// For each cell the mean of the cells at the other end of its arcs, weighted by flow, row by row.
fn mean_partners<A: Amount>(
    arcs: &[TreeArc<A>],
    own: &Cells<A>,
    other: &Cells<A>,
    ends: impl Fn(&TreeArc<A>) -> (u32, u32),
) -> Vec<f64> {
    let dim = own.centres.len() / own.len();
    let mut means = vec![0.0; own.centres.len()];
    for arc in arcs {
        let (cell, partner) = ends(arc);
        let share = arc.flow.share_of(own.masses[cell as usize]);
        let mean = &mut means[cell as usize * dim..(cell as usize + 1) * dim];
        for (mean, y) in mean.iter_mut().zip(other.centre(partner)) {
            *mean += share * y;
        }
    }
    means
}

/// The values of coarse cells carried to the centres of the finer ones along the cost to their partners.
fn extrapolated<A: Amount>(
    coarse: &Cells<A>,
    fine: &Cells<A>,
    partners: &[f64],
    values: &[f64],
    cost: impl Fn(&[f64], &[f64]) -> f64,
) -> Vec<f64> {
    let dim = coarse.centres.len() / coarse.len();
    let mut cell = 0;
    (0..fine.len() as u32)
        .map(|child| {
            while coarse.start[cell + 1] <= fine.start[child as usize] {
                cell += 1;
            }
            let partner = &partners[cell * dim..(cell + 1) * dim];
            values[cell] + cost(fine.centre(child), partner) - cost(coarse.centre(cell as u32), partner)
        })
        .collect()
}
