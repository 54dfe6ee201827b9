//! From a problem to tiles, and from coarse cells to points.

use std::sync::Arc;

use super::geometry::{Cloud, Geometry, Order, is_boxed, typical_of};
use super::kernel::{Also, Depth, Field, Masses, State};
use super::layout::{LANES, ROWS};
use super::share::BITS;
use super::stage::{Goal, Staged, continuation, stage};
use super::work::Work;
use crate::cost::{Form, GroundCost};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Points;
use crate::transport::{Potentials, Problem};

/// Points of a cell.
const CELL: usize = 4;
/// Pairs below which a problem is solved as it is.
const FEW: usize = 2048 * 2048;
/// A level takes over at ε = this many times the variance within its cells: where ε is smaller, the cells' potentials are
/// too coarse for the points in them.
const VARIANCES: f64 = 24.0;
/// Where variances differ so little from cell to cell (their mean square over the square of their mean; 14 to 23 for Gaussians, 150 for
/// exponential tails), half of it is enough, which saves two fifths of the memory.
const EVEN: f64 = 50.0;
/// A typical cost in bits, up to which a solve in many dimensions does without an order ...
const WIDE: f64 = 200.0;
/// ... taken from this many rows and columns.
const FEW_SAMPLED: usize = 16;
/// ε, relative to a typical cost, from which a solve may begin with no potentials at all.
const LARGE: f64 = 0.1;

/// A problem in the order of the solver.
pub(super) struct Prepared<'a> {
    pub(super) field: Field<'a>,
    clouds: Option<[Cloud; 2]>,
    /// Bytes of kept costs.
    kept: usize,
}

impl<'a> Prepared<'a> {
    /// The problem, for passes at up to `rate`.
    pub(super) fn new(problem: &'a Problem, memory: usize, rate: f64) -> Self {
        let scaled = |masses: &[f64], total: f64| masses.iter().map(|a| a / total).collect::<Vec<f64>>();
        let a = scaled(problem.source().as_slice(), problem.source().total());
        let b = scaled(problem.target().as_slice(), problem.target().total());
        let Some(points) = problem.points() else {
            let masses = Masses::new(a.into_iter(), b.into_iter());
            let geometry = Geometry::of_matrix(problem.cost());
            return Self { field: Field { geometry, masses, ground: None, memory }, clouds: None, kept: 0 };
        };
        let ground = points.shared_ground();
        let bits = rate * typical_of(problem.cost(), FEW_SAMPLED);
        let order = if is_boxed(ground.form(), points.source().dim(), bits) {
            Order::Boxed
        } else if bits > WIDE {
            Order::Sorted
        } else {
            // Where shares reach over all pairs, tiles without any are not to be had.
            Order::None
        };
        let clouds = [points.source(), points.target()].map(|points| Cloud::new(points, order));
        let pick =
            |masses: &[f64], cloud: &Cloud| cloud.order.iter().map(|&i| masses[i as usize]).collect::<Vec<f64>>();
        let masses = Masses::new(pick(&a, &clouds[0]).into_iter(), pick(&b, &clouds[1]).into_iter());
        let geometry = Geometry::of_points(&ground, &clouds[0].points, &clouds[1].points, order);
        Self { field: Field { geometry, masses, ground: Some(ground), memory }, clouds: Some(clouds), kept: 0 }
    }

    /// The caller's index of row `i`.
    pub(super) fn row(&self, i: usize) -> usize {
        self.clouds.as_ref().map_or(i, |clouds| clouds[0].order[i] as usize)
    }

    /// The caller's index of column `j`.
    pub(super) fn column(&self, j: usize) -> usize {
        self.clouds.as_ref().map_or(j, |clouds| clouds[1].order[j] as usize)
    }

    /// Keeps the costs themselves where passes at up to `rate` would spend most of their time on them: in the memory for shares, half
    /// of it at most.
    pub(super) fn keep_costs(&mut self, rate: f64) {
        self.kept = self.field.geometry.keep_costs(rate, self.field.memory / 2);
        self.field.memory -= self.kept;
    }

    /// The bytes of everything but stored shares.
    pub(super) fn bytes(&self) -> usize {
        let (n, m) = (self.field.masses.a.len(), self.field.masses.b.len());
        let dim = self.clouds.as_ref().map_or(0, |clouds| clouds[0].points.dim());
        // Points and their copies in tiles; potentials of three stages; column sums of each part of the rows.
        self.kept + size_of::<f64>() * ((n + m) * (2 * dim + 8) + 16 * m)
    }

    /// The caller's potentials as a state.
    pub(super) fn state(&self, problem: &Problem, start: &Potentials, rate: f64) -> Result<State> {
        let (n, m) = problem.shape();
        for (argument, expected, values) in [("source potentials", n, &start.f), ("target potentials", m, &start.g)] {
            if values.len() != expected {
                let reason = "the shape of the problem";
                let kind = ErrorKind::Length { what: "values", expected, found: values.len(), reason };
                return Err(Error::new(argument, kind));
            }
            if let Some(&value) = values.iter().find(|v| !v.is_finite()) {
                let kind = ErrorKind::Parameter { value, requirement: "potentials must be finite" };
                return Err(Error::new(argument, kind));
            }
        }
        let mut state = self.field.zeros();
        (0..n).for_each(|i| state.f[i] = rate * start.f[self.row(i)]);
        (0..m).for_each(|j| state.g[j] = rate * start.g[self.column(j)]);
        Ok(state)
    }

    /// A state as potentials in units of the cost, in the caller's order, with Σ a f = Σ b g; points without mass get the
    /// soft minimum over those that have some.
    pub(super) fn potentials(&self, state: &State, rate: f64) -> Potentials {
        let Field { geometry, masses, .. } = &self.field;
        let mut state = state.clone();
        let empty: Vec<usize> = (0..geometry.m).filter(|&j| masses.b[j] == 0.0).collect();
        if !empty.is_empty() {
            self.field.complete(&mut state, &empty, rate);
        }
        let sum = |masses: &[f64], bits: &[f64]| masses.iter().zip(bits).map(|(a, f)| a * f).sum::<f64>();
        let shift = 0.5 * (sum(&masses.b, &state.g) - sum(&masses.a, &state.f));
        let (mut f, mut g) = (vec![0.0; geometry.n], vec![0.0; geometry.m]);
        (0..geometry.n).for_each(|i| f[self.row(i)] = (state.f[i] + shift) / rate);
        (0..geometry.m).for_each(|j| g[self.column(j)] = (state.g[j] - shift) / rate);
        Potentials { f, g }
    }
}

/// Solves at the goal's ε, from a start if there is one.
pub(super) fn solve(prepared: &Prepared, start: Option<State>, goal: Goal, work: &mut Work) -> (State, Staged) {
    let field = &prepared.field;
    if let Some(mut state) = start {
        let staged = stage(field, &mut state, goal, work);
        return (state, staged);
    }
    let levels = match (&prepared.clouds, &field.ground) {
        (Some(clouds), Some(ground)) if coarsens(ground, clouds[0].points.dim()) => {
            Level::finest(clouds, field).hierarchy(ground, field.memory)
        }
        _ => Vec::new(),
    };
    work.progress.levels = if levels.is_empty() { 0 } else { levels.len() + 1 };
    let from = first_rate(field);
    let mut state: Option<(State, f64)> = None;
    for (k, coarse) in levels.iter().enumerate().rev() {
        work.progress.level = levels.len() - k;
        // What the next finer level can take over.
        let rate = goal.rate.min(BITS / coarse.fine);
        let rough = Goal { rate, tolerance: goal.tolerance.max(1e-3), rough: true, gap: f64::INFINITY, bounds: false };
        let (mut here, begun) = match state.take() {
            Some((parent, rate)) => (coarse.extended(&levels[k + 1], &parent, rate), rate),
            None => (coarse.field.zeros(), from),
        };
        continuation(&coarse.field, &mut here, begun, rough, work);
        state = Some((here, rate));
        if work.ended.is_some() {
            break;
        }
    }
    work.progress.level = work.progress.levels;
    let (mut state, from) = match (state, levels.first()) {
        (Some((parent, rate)), Some(coarse)) if work.ended.is_none() => (
            Level::finest(prepared.clouds.as_ref().expect("levels come from clouds"), field)
                .extended_to(field, coarse, &parent, rate),
            rate,
        ),
        _ => (field.zeros(), from),
    };
    let staged = continuation(field, &mut state, from, goal, work);
    (state, staged)
}

/// Where ε is this large, a solve may begin from zero.
fn first_rate(field: &Field) -> f64 {
    BITS / (LARGE * field.geometry.typical).max(f64::MIN_POSITIVE)
}

/// Whether cells stand for their points: where the cost is smooth and boxes are small.
fn coarsens(ground: &Arc<dyn GroundCost>, dim: usize) -> bool {
    ground.form() == (Form::Norm { p: 2.0, power: 2.0 }) && dim <= 3
}

/// Points in the order of the solver with their masses, or cells of them.
struct Level {
    sides: [(Points, Vec<f64>); 2],
}

/// A level with its tiles.
struct Coarse {
    level: Level,
    field: Field<'static>,
    /// ε from which the next finer level takes over, the larger of both sides'.
    fine: f64,
}

impl Level {
    fn finest(clouds: &[Cloud; 2], field: &Field) -> Self {
        let masses = [&field.masses.a, &field.masses.b];
        let side = |k: usize| {
            let points = clouds[k].points.clone();
            let masses = masses[k][..points.len()].to_vec();
            (points, masses)
        };
        Self { sides: [side(0), side(1)] }
    }

    /// Coarser and coarser levels, the finest of them first.
    fn hierarchy(self, ground: &Arc<dyn GroundCost>, memory: usize) -> Vec<Coarse> {
        let mut levels: Vec<Coarse> = Vec::new();
        let mut here = self;
        while here.sides[0].1.len() * here.sides[1].1.len() > FEW {
            let ((x, u), (y, v)) = (cells(&here.sides[0]), cells(&here.sides[1]));
            let masses = Masses::new(x.1.iter().copied(), y.1.iter().copied());
            let geometry = Geometry::of_points(ground, &x.0, &y.0, Order::Boxed);
            let field = Field { geometry, masses, ground: Some(Arc::clone(ground)), memory };
            here = Self { sides: [x.clone(), y.clone()] };
            levels.push(Coarse { level: Level { sides: [x, y] }, field, fine: u.max(v) });
        }
        levels
    }

    /// The potentials of the cells of `coarse` carried to the points of this level, whose tiles are `field`.
    fn extended_to(&self, field: &Field, coarse: &Coarse, parent: &State, rate: f64) -> State {
        let ground = field.ground.as_ref().expect("levels come from points");
        let [x, y] = &self.sides;
        let [cells_x, cells_y] = &coarse.level.sides;
        let mut state = field.zeros();
        let f = soft_transform(ground, &x.0, (&cells_y.0, &cells_y.1), (&parent.f, &parent.g), rate);
        let g = soft_transform(ground, &y.0, (&cells_x.0, &cells_x.1), (&parent.g, &parent.f), rate);
        state.f[..f.len()].copy_from_slice(&f);
        state.g[..g.len()].copy_from_slice(&g);
        state
    }
}

impl Coarse {
    fn extended(&self, coarser: &Coarse, parent: &State, rate: f64) -> State {
        self.level.extended_to(&self.field, coarser, parent, rate)
    }
}

/// −log₂ Σ_J b_J 2^(g_J − r c(x, y_J)) at the points x, where cell k of four points has about the potential `near[k]`.
fn soft_transform(
    ground: &Arc<dyn GroundCost>,
    x: &Points,
    (cells, masses): (&Points, &[f64]),
    (near, g): (&[f64], &[f64]),
    rate: f64,
) -> Vec<f64> {
    let geometry = Geometry::of_points(ground, x, cells, Order::Boxed);
    let masses = Masses::new(std::iter::repeat_n(1.0 / x.len() as f64, x.len()), masses.iter().copied());
    let field = Field { geometry, masses, ground: Some(Arc::clone(ground)), memory: 0 };
    let mut state = field.zeros();
    (0..x.len()).for_each(|i| state.f[i] = near[i / CELL]);
    (0..cells.len()).for_each(|j| state.g[j] = g[j]);
    // The parents' potentials are some ε off at the points: look deeper for what matters.
    let (mut exact, _) = field.exact(&state, rate, Depth(64.0), &|_, f| f, Also::Nothing);
    if exact.lost {
        field.tighten_rows(&mut state, rate);
        exact = field.exact(&state, rate, Depth(64.0), &|_, f| f, Also::Nothing).0;
    }
    exact.f.truncate(x.len());
    exact.f
}

/// Means and masses of every four points in order, and the ε down to which they stand for their points.
fn cells((points, masses): &(Points, Vec<f64>)) -> ((Points, Vec<f64>), f64) {
    let dim = points.dim();
    let (mut centres, mut sums, mut variance, mut square) = (Vec::new(), Vec::new(), 0.0, 0.0);
    for (chunk, masses) in points.as_slice().chunks(CELL * dim).zip(masses.chunks(CELL)) {
        let total: f64 = masses.iter().sum();
        let share = |i: usize| if total > 0.0 { masses[i] / total } else { 1.0 / masses.len() as f64 };
        let mut within = 0.0;
        for k in 0..dim {
            let origin = chunk[k];
            let mean = origin + (0..masses.len()).map(|i| share(i) * (chunk[i * dim + k] - origin)).sum::<f64>();
            within += (0..masses.len()).map(|i| share(i) * (chunk[i * dim + k] - mean).powi(2)).sum::<f64>();
            centres.push(mean);
        }
        variance += total * within;
        square += total * within * within;
        sums.push(total);
    }
    debug_assert!(ROWS.is_multiple_of(CELL) && LANES.is_multiple_of(CELL));
    let even = square <= EVEN * variance * variance;
    let fine = variance * if even { 0.5 * VARIANCES } else { VARIANCES };
    ((Points::from_rows(centres, dim).expect("means of finite points"), sums), fine)
}
