//! The cells of two grids on common axes, and the edges between neighbouring cells.

use crate::cost::Form;
use crate::exact::network_simplex::free_flow::Edge;
use crate::measure::{Points, axes};

/// How far the gaps between neighbours may differ, relative to them, and still count as one step: coordinates are rounded.
const EVEN: f64 = 1e-12;

/// The ground costs that are lengths of shortest paths between neighbouring cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbours {
    /// Along one axis at a time: Σ |xₖ − yₖ| on any axes.
    Rook,
    /// Along any number of axes at once: max |xₖ − yₖ| where all gaps are equal.
    King,
}

impl Neighbours {
    /// The neighbours for a ground cost, if it has some.
    pub(super) fn of(form: Form) -> Option<Self> {
        match form {
            Form::Norm { p: 1.0, power: 1.0 } => Some(Self::Rook),
            Form::Norm { p: f64::INFINITY, power: 1.0 } => Some(Self::King),
            _ => None,
        }
    }

    /// Half of the steps to a neighbour: of a step and its opposite, the one whose first move is forward.
    fn steps(self, dim: usize) -> Vec<Vec<isize>> {
        let all = (0..3_usize.pow(dim as u32))
            .map(|code| -> Vec<isize> { (0..dim).map(|k| (code / 3_usize.pow(k as u32) % 3) as isize - 1).collect() });
        let forward = |step: &Vec<isize>| step.iter().find(|move_| **move_ != 0) == Some(&1);
        let single = |step: &Vec<isize>| step.iter().filter(|move_| **move_ != 0).count() == 1;
        all.filter(|step| forward(step) && (self == Self::King || single(step))).collect()
    }
}

/// A grid: all combinations of the coordinates along its axes, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lattice {
    pub(super) axes: Vec<Vec<f64>>,
}

impl Lattice {
    /// The grid of all coordinates of two grids; `None` if one of them is none, or the neighbours do not measure the cost
    /// there.
    pub(super) fn common(neighbours: Neighbours, source: &Points, target: &Points) -> Option<Self> {
        let (source, target) = (axes(source)?, axes(target)?);
        let axes: Vec<Vec<f64>> = source.iter().zip(&target).map(|(x, y)| merged(x, y)).collect();
        let gaps = || axes.iter().flat_map(|axis| axis.windows(2).map(|pair| pair[1] - pair[0]));
        let (least, most) = gaps().fold((f64::INFINITY, 0.0), |(l, m): (f64, f64), gap| (l.min(gap), m.max(gap)));
        let even = most - least <= EVEN * most || most == 0.0;
        (neighbours == Neighbours::Rook || even).then_some(Self { axes })
    }

    /// Number of cells; `None` where it has no end.
    pub(super) fn cells(&self) -> Option<usize> {
        self.axes.iter().try_fold(1_usize, |cells, axis| cells.checked_mul(axis.len()))
    }

    /// Cells behind each step along axis `k`.
    pub(super) fn stride(&self, k: usize) -> usize {
        self.axes[k + 1..].iter().map(Vec::len).product()
    }

    /// The cell at a point that has its coordinates from the axes.
    pub(super) fn cell(&self, point: &[f64]) -> u32 {
        let at = self.axes.iter().zip(point).fold(0, |at, (axis, x)| {
            let k = axis.partition_point(|value| value < x);
            at * axis.len() + k
        });
        at as u32
    }

    /// The distance between neighbouring cells.
    pub(super) fn length(&self, u: u32, v: u32) -> f64 {
        let (mut u, mut v) = (u as usize, v as usize);
        let mut length = 0.0_f64;
        for axis in self.axes.iter().rev() {
            length = length.max((axis[u % axis.len()] - axis[v % axis.len()]).abs());
            (u, v) = (u / axis.len(), v / axis.len());
        }
        length
    }

    /// All edges, cell by cell.
    pub(super) fn edges(&self, neighbours: Neighbours) -> Vec<Edge> {
        let dim = self.axes.len();
        let cells = self.axes.iter().map(Vec::len).product::<usize>();
        let steps: Vec<(Vec<isize>, isize)> = neighbours
            .steps(dim)
            .into_iter()
            .map(|step| {
                let offset = (0..dim).map(|k| step[k] * self.stride(k) as isize).sum();
                (step, offset)
            })
            .collect();
        let mut edges = Vec::with_capacity(cells * steps.len());
        let mut at = vec![0_usize; dim];
        for cell in 0..cells {
            for (step, offset) in &steps {
                let inside =
                    (0..dim).all(|k| at[k].checked_add_signed(step[k]).is_some_and(|to| to < self.axes[k].len()));
                if inside {
                    let gap = |k: usize| (self.axes[k][at[k].wrapping_add_signed(step[k])] - self.axes[k][at[k]]).abs();
                    let length = (0..dim).map(gap).fold(0.0, f64::max);
                    edges.push(Edge { ends: [cell as u32, cell.wrapping_add_signed(*offset) as u32], length });
                }
            }
            for k in (0..dim).rev() {
                at[k] += 1;
                if at[k] < self.axes[k].len() {
                    break;
                }
                at[k] = 0;
            }
        }
        edges
    }
}

/// Two rising lists as one, equal values once.
fn merged(x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut all = [x, y].concat();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    all
}
