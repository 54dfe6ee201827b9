//! The two point clouds from coarse to fine: cells of a kd order, halved from level to level.

use std::mem::take;

use crate::exact::amount::Amount;
use crate::neighbors::halving::middle;

/// One side of the problem in kd order.
#[derive(Debug)]
pub(super) struct Side<A> {
    pub(super) dim: usize,
    /// Coordinates in kd order, row by row.
    pub(super) points: Vec<f64>,
    /// Perturbed integer masses in kd order.
    pub(super) masses: Vec<A>,
}

/// The cells of one level of one side.
#[derive(Debug, Clone)]
pub(super) struct Cells<A> {
    /// Where each cell starts in kd order; one more entry ends the last.
    pub(super) start: Vec<u32>,
    /// Weighted means of the cells, row by row.
    pub(super) centres: Vec<f64>,
    pub(super) masses: Vec<A>,
}

impl<A: Amount> Cells<A> {
    pub(super) fn centre(&self, cell: u32) -> &[f64] {
        let dim = self.centres.len() / self.len();
        &self.centres[cell as usize * dim..(cell as usize + 1) * dim]
    }

    pub(super) fn len(&self) -> usize {
        self.start.len() - 1
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&self.start[..]) + size_of_val(&self.centres[..]) + size_of_val(&self.masses[..])
    }

    /// The places of a cell's points in kd order.
    pub(super) fn range(&self, cell: usize) -> std::ops::Range<usize> {
        self.start[cell] as usize..self.start[cell + 1] as usize
    }
}

impl<A: Amount> Side<A> {
    /// The points and masses in the given kd order.
    pub(super) fn new(dim: usize, points: &[f64], masses: &[A], order: &[u32]) -> Self {
        let point = |&i: &u32| points[i as usize * dim..(i as usize + 1) * dim].iter().copied();
        let mut ordered = Vec::with_capacity(points.len());
        ordered.extend(order.iter().flat_map(point));
        Self { dim, points: ordered, masses: order.iter().map(|&i| masses[i as usize]).collect() }
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&self.points[..]) + size_of_val(&self.masses[..])
    }

    pub(super) fn len(&self) -> usize {
        self.masses.len()
    }

    /// How many halvings lead to single points.
    pub(super) fn depth(&self) -> usize {
        self.len().next_power_of_two().trailing_zeros() as usize
    }

    /// The cells after `depth` of `deepest` halvings. The last ones are the points, which go over to them.
    pub(super) fn level(&mut self, depth: usize, deepest: usize) -> Cells<A> {
        if depth < deepest {
            return self.cells(depth);
        }
        let start = (0..=self.len() as u32).collect();
        Cells { start, centres: take(&mut self.points), masses: take(&mut self.masses) }
    }

    /// The cells after `depth` halvings.
    pub(super) fn cells(&self, depth: usize) -> Cells<A> {
        let mut start = vec![0, self.len() as u32];
        for _ in 0..depth {
            start = halved(&start);
        }
        let dim = self.dim;
        let mut centres = Vec::with_capacity((start.len() - 1) * dim);
        let mut masses = Vec::with_capacity(start.len() - 1);
        for cell in start.windows(2) {
            let (lo, hi) = (cell[0] as usize, cell[1] as usize);
            let mass: A = self.masses[lo..hi].iter().copied().sum();
            masses.push(mass);
            if hi - lo == 1 {
                centres.extend_from_slice(&self.points[lo * dim..hi * dim]);
                continue;
            }
            let origin = &self.points[lo * dim..(lo + 1) * dim];
            let at = centres.len();
            centres.resize(at + dim, 0.0);
            for i in lo..hi {
                let share = self.masses[i].share_of(mass);
                for k in 0..dim {
                    centres[at + k] += share * (self.points[i * dim + k] - origin[k]);
                }
            }
            for k in 0..dim {
                centres[at + k] += origin[k];
            }
        }
        Cells { start, centres, masses }
    }
}

fn halved(start: &[u32]) -> Vec<u32> {
    let mut finer = Vec::with_capacity(2 * start.len());
    for cell in start.windows(2) {
        finer.push(cell[0]);
        if cell[1] - cell[0] > 1 {
            finer.push(middle(cell[0] as usize, cell[1] as usize) as u32);
        }
    }
    finer.extend(start.last());
    finer
}
