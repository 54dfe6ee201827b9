//! The points that take part in a solve, and the way back from them to all points.

use std::borrow::Cow;

use super::masses::{MOST_POINTS, Masses};
use super::places::{Chosen, Places};
use super::tree::TreeArc;
use super::warm::Former;
use crate::cost::{Origin, PointCost, rows_per_tile};
use crate::error::{Error, ErrorKind, Result};
use crate::exact::amount::Amount;
use crate::measure::Points;
use crate::numeric::parallel;
use crate::transport::{Flow, Plan, Potentials, Problem};

/// The points that hold mass; the others take no part and get their potential at the end. Equal points take part as one
/// place, and mass that may stay where it is does not take part at all: see [`Places`].
pub(super) struct Active<A> {
    shape: (usize, usize),
    rows: Chosen,
    columns: Chosen,
    /// What takes part: the points that hold mass, or the places that do.
    masses: Masses<A>,
    places: Option<Places<A>>,
}

impl<A: Amount> Active<A> {
    pub(super) fn new(problem: &Problem) -> Result<Self> {
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let [rows, columns] = [a, b].map(|masses| Chosen::among(masses.len(), |i| masses[i] > 0.0));
        for (argument, side) in [("source", &rows), ("target", &columns)] {
            if side.len() > MOST_POINTS {
                let why = format!("{} points with mass; the exact solver takes at most {MOST_POINTS}", side.len());
                return Err(Error::new(argument, ErrorKind::Unsupported(why.into())));
            }
        }
        let scale = problem.target_scale();
        let source = rows.iter().map(|i| a[i]).collect::<Vec<f64>>();
        let target = columns.iter().map(|j| b[j] * scale).collect::<Vec<f64>>();
        let masses = Masses::unperturbed(&source, &target);
        let places = problem.points().and_then(|points| Places::find(points, (&rows, &columns), &masses));
        let (places, masses) = match places {
            Some((places, masses)) => (Some(places), masses),
            None => (None, masses),
        };
        Ok(Self { shape: problem.shape(), rows, columns, masses: masses.perturbed(), places })
    }

    /// The perturbed masses of what takes part.
    pub(super) fn masses(&self) -> &Masses<A> {
        &self.masses
    }

    /// The same, given away: what is left turns flows back into masses.
    pub(super) fn take_masses(&mut self) -> Masses<A> {
        let none = self.masses.of(Vec::new(), Vec::new());
        std::mem::replace(&mut self.masses, none)
    }

    /// Pairs of what takes part; 0 where no mass has to move.
    pub(super) fn pairs(&self) -> usize {
        self.rows().len() * self.columns().len()
    }

    /// Bytes held for the way back.
    pub(super) fn memory(&self) -> usize {
        self.places.as_ref().map_or(0, Places::memory)
    }

    /// The sources and the targets that take part.
    pub(super) fn taking_part(&self) -> (&Chosen, &Chosen) {
        (self.rows(), self.columns())
    }

    /// The sources that take part, one of each place.
    fn rows(&self) -> &Chosen {
        self.places.as_ref().map_or(&self.rows, |places| places.rows())
    }

    /// The targets that take part, one of each place.
    fn columns(&self) -> &Chosen {
        self.places.as_ref().map_or(&self.columns, |places| places.columns())
    }

    /// The coordinates of the sources that take part.
    pub(super) fn source_points<'p>(&self, points: &'p PointCost) -> Cow<'p, [f64]> {
        coordinates(points.source(), self.rows())
    }

    /// The coordinates of the targets that take part.
    pub(super) fn target_points<'p>(&self, points: &'p PointCost) -> Cow<'p, [f64]> {
        coordinates(points.target(), self.columns())
    }

    /// The costs between what takes part, row by row; borrowed where the caller's matrix is just that.
    pub(super) fn costs<'p>(&self, problem: &'p Problem) -> Cow<'p, [f64]> {
        let (n, m) = self.shape;
        let (rows, columns) = (self.rows(), self.columns());
        let all_columns = columns.len() == m;
        if let Origin::Matrix(matrix) = problem.cost().origin()
            && all_columns
            && rows.len() == n
        {
            return Cow::Borrowed(matrix);
        }
        let step = rows_per_tile(m);
        if all_columns && rows.len() == n {
            let mut costs = vec![0.0; n * m];
            parallel::chunks_mut(&mut costs, step * m, |tile, costs| {
                let first = tile * step;
                problem.cost().fill(first..first + costs.len() / m, 0..m, costs);
            });
            return Cow::Owned(costs);
        }
        let mut costs = Vec::with_capacity(rows.len() * columns.len());
        let mut tile = vec![0.0; step * m];
        let rows: Vec<usize> = rows.iter().collect();
        for rows in rows.chunks(step) {
            let (first, last) = (rows[0], rows[rows.len() - 1]);
            if all_columns && last - first + 1 == rows.len() {
                let tile = &mut tile[..rows.len() * m];
                problem.cost().fill(first..last + 1, 0..m, tile);
                costs.extend_from_slice(tile);
                continue;
            }
            for &i in rows {
                problem.cost().fill(i..i + 1, 0..m, &mut tile[..m]);
                costs.extend(columns.iter().map(|j| tile[j]));
            }
        }
        Cow::Owned(costs)
    }

    /// What a former plan and its potentials, over all points, say of what takes part.
    pub(super) fn former(&self, plan: &Plan, potentials: &Potentials) -> Former {
        const ABSENT: u32 = u32::MAX;
        let numbers = |len: usize, holding: &Chosen, solved: &dyn Fn(u32) -> Option<u32>| {
            let mut number = vec![ABSENT; len];
            (0..).zip(holding.iter()).for_each(|(at, i)| number[i] = solved(at).unwrap_or(ABSENT));
            number
        };
        let places = self.places.as_ref();
        let (n, m) = self.shape;
        let row = numbers(n, &self.rows, &|at| places.map_or(Some(at), |places| places.source_solved(at)));
        let column = numbers(m, &self.columns, &|at| places.map_or(Some(at), |places| places.target_solved(at)));
        let mut flows: Vec<(f64, u32, u32)> = plan
            .flows()
            .iter()
            .map(|flow| (flow.mass, row[flow.source], column[flow.target]))
            .filter(|&(_, i, j)| i != ABSENT && j != ABSENT)
            .collect();
        flows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        Former {
            support: flows.into_iter().map(|(_, i, j)| (i, j)).collect(),
            f: self.rows().iter().map(|i| potentials.f[i]).collect(),
            g: self.columns().iter().map(|j| potentials.g[j]).collect(),
        }
    }

    /// The plan of the tree arcs, over all points. A flow far below the last digit of what both its ends hold is what
    /// rounding left between two sums, and is left out: its cost may be as large as all that is paid.
    pub(super) fn plan(&self, problem: &Problem, arcs: &[TreeArc<A>]) -> Plan {
        const ROUNDING: f64 = 16.0 * f64::EPSILON;
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let scale = problem.target_scale();
        let arcs = self.places.as_ref().map_or(Cow::Borrowed(arcs), |places| Cow::Owned(places.spread(arcs)));
        let flows = arcs.iter().filter_map(|arc| {
            let (source, target) = (self.rows.get(arc.source as usize), self.columns.get(arc.target as usize));
            let mass = self.masses.mass(arc.flow);
            let seen = mass > ROUNDING * a[source].min(b[target] * scale);
            seen.then_some(Flow { source, target, mass })
        });
        Plan::from_flows(self.shape, flows.collect())
    }

    /// Potentials on all points: from the tree where there is mass, and for a source without mass the most that
    /// feasibility allows, and for the targets after them.
    pub(super) fn potentials(&self, problem: &Problem, tree: &[f64]) -> Potentials {
        let (n, m) = self.shape;
        let (pi_source, pi_target) = tree.split_at(self.rows().len());
        let own_f: Vec<f64> = pi_source.iter().map(|pi| -pi).collect();
        let of_places = self.places.as_ref().zip(problem.points());
        let (own_f, own_g) = match of_places {
            Some((places, points)) => places.potentials(points, &own_f, pi_target),
            None => (own_f, pi_target.to_vec()),
        };
        let mut g = vec![f64::NAN; m];
        for (j, value) in self.columns.iter().zip(own_g) {
            g[j] = value;
        }
        let mut f = vec![f64::NAN; n];
        for (i, value) in self.rows.iter().zip(own_f) {
            f[i] = value;
        }
        crate::transport::extended(problem, f, g)
    }
}

/// The coordinates of the chosen points.
fn coordinates<'p>(points: &'p Points, chosen: &Chosen) -> Cow<'p, [f64]> {
    if chosen.len() == points.len() {
        return Cow::Borrowed(points.as_slice());
    }
    Cow::Owned(chosen.iter().flat_map(|i| points.point(i).iter().copied()).collect())
}
