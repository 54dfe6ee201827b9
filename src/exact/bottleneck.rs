//! Bottleneck transport: the least length such that no mass has to go farther, which is the Wasserstein distance of order ∞.
//!
//! A threshold t is enough if a flow over the pairs of cost at most t carries all the mass; if not, the sources that a maximum flow still
//! reaches hold more than all targets within t of them, and t has to rise to the least cost that leads out of this cut. So each flow is
//! either a smaller upper bound or a larger lower bound, and both are costs of pairs: the search ends when they are equal. Flows are kept
//! from one threshold to the next, and grow by blocking flows (Dinic 1970; Hopcroft & Karp 1973 for assignments) over rows of bits.

use super::amount::{Amount, Wide};
use super::line::Line;
use super::network_simplex::masses::{Masses, fit_128_bits};
use super::solve;
use crate::cost::rows_per_tile;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::{parallel, sum::sum};
use crate::transport::{
    Bounds, Flow, Interrupt, Observer, Plan, Problem, Progress, Report, Silent, Status, Summary, Watch,
};

/// Bits of a word.
const BITS: usize = u64::BITS as usize;
/// The search begins this part of the way from the lower to the upper bound, and doubles the part until a flow carries all.
const FIRST_STEP: f64 = 1.0 / 1024.0;

/// How it is found.
const METHOD: &str = "bottleneck transport";
/// The most pairs for which bits are kept: 4 GiB.
const MOST_PAIRS: usize = 1 << 35;

/// A plan whose costliest pair costs as little as possible, with its proof.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bottleneck {
    /// The largest cost that the plan pays for some mass.
    pub value: f64,
    /// A proven lower bound on it; the same number unless the search ended early.
    pub lower: f64,
    /// The plan.
    pub plan: Plan,
    /// The proof of `lower`: sources that hold more mass than all the targets that they reach at a cost below it.
    pub cut: Vec<usize>,
    /// `Optimal`, or why the search ended early.
    pub status: Status,
    /// What it took; iterations are the thresholds that were tried.
    pub report: Report,
}

impl Bottleneck {
    /// Everything but the plan and the cut, with the largest cost in the place of the total.
    pub fn summary(&self) -> Summary {
        Summary {
            shape: self.plan.shape(),
            flows: self.plan.flows().len(),
            mass: sum(self.plan.flows().iter().map(|flow| flow.mass)),
            transport_cost: self.value,
            bounds: Some(Bounds { lower: self.lower, upper: self.value, magnitude: self.value.abs() }),
            status: self.status,
            report: self.report.clone(),
        }
    }
}

/// Finds the plan whose costliest pair is cheapest: min over plans of the largest c_ij that carries mass. With a distance for a cost this is
/// the Wasserstein distance of order ∞; between equally many points of equal mass it is the bottleneck assignment.
///
/// Masses are whole numbers inside, as in [`NetworkSimplex`](super::NetworkSimplex), so that the value is exactly the cost of a pair.
///
/// # Errors
/// When infinite costs leave masses that cannot be served.
///
/// # Complexity
/// Time O(n m) for each of some 20 thresholds and, at worst, for each of O(√(n + m)) phases of their flows, 64 pairs a step; memory of
/// n m bits.
///
/// ```
/// use earthwork::prelude::*;
/// use earthwork::exact::bottleneck;
///
/// let (x, y) = (Samples::new([[0.0], [1.0], [2.0]])?, Samples::new([[0.5], [1.5], [2.75]])?);
/// let found = bottleneck(&Problem::between(&x, &y, Euclidean)?)?;
/// // The last point has to go from 2 to 2.75; no other goes farther.
/// assert_eq!((found.value, found.cut), (0.75, vec![0, 1, 2]));
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn bottleneck(problem: &Problem) -> Result<Bottleneck> {
    bottleneck_observed(problem, Interrupt::default(), &mut Silent)
}

/// [`bottleneck`] with limits and progress. When a limit ends the search, the plan carries all the mass and the bounds are proven.
///
/// # Errors
/// As [`bottleneck`].
pub fn bottleneck_observed(problem: &Problem, interrupt: Interrupt, observer: &mut dyn Observer) -> Result<Bottleneck> {
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    if problem.is_line() {
        return on_line(problem);
    }
    let (n, m) = problem.shape();
    if n.saturating_mul(m) > MOST_PAIRS {
        let why = format!("bottleneck transport keeps a bit for each of the {n} x {m} pairs; take fewer points");
        return Err(Error::new("problem", ErrorKind::Unsupported(why.into())));
    }
    let mut watch = Watch::new(interrupt, observer);
    if fit_128_bits(a, b) {
        Search::<i128>::new(problem).run(&mut watch)
    } else {
        Search::<Wide>::new(problem).run(&mut watch)
    }
}

/// On a line the plan that keeps the order is best for every order of the distance.
fn on_line(problem: &Problem) -> Result<Bottleneck> {
    let solution = Line::default().solve(problem)?;
    let points = problem.points().expect("a line has points");
    let (x, y) = (points.source().as_slice(), points.target().as_slice());
    let flows = solution.plan.flows();
    let cost = |flow: &&Flow| problem.cost().entry(flow.source, flow.target);
    let longest = flows.iter().max_by(|s, t| cost(s).total_cmp(&cost(t))).expect("a plan moves mass");
    let value = cost(&longest);
    // All that lies behind the source holds more than all that lies on this side of the target.
    let (from, to) = (x[longest.source], y[longest.target]);
    let is_behind = |i: &usize| if from <= to { x[*i] <= from } else { x[*i] >= from };
    let holds = |i: &usize| problem.source().as_slice()[*i] > 0.0;
    let cut = (0..x.len()).filter(holds).filter(is_behind).collect();
    let report = Report { method: "sorting", ..solution.report };
    Ok(Bottleneck { value, lower: value, plan: solution.plan, cut, status: Status::Optimal, report })
}

/// The masses of one side, with 0 where there is none.
fn spread<A: Amount>(masses: &[f64], whole: Vec<A>) -> Vec<A> {
    let mut whole = whole.into_iter();
    let mut next = |mass: &f64| if *mass > 0.0 { whole.next().expect("one for each mass") } else { A::ZERO };
    masses.iter().map(&mut next).collect()
}

/// The bits that are set, in order.
fn ones(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(k, word)| {
        let mut left = *word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| k * BITS + left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            bit
        })
    })
}

/// A lower bound and the sources that prove it.
struct Cut {
    value: f64,
    sources: Vec<usize>,
}

struct Search<'p, A> {
    problem: &'p Problem<'p>,
    masses: Masses<A>,
    /// What each source has still to send, and what each target has still room for.
    excess: Vec<A>,
    room: Vec<A>,
    /// What flows into each target: the source and how much.
    inflow: Vec<Vec<(u32, A)>>,
    /// Words of a row, and the pairs that may be used, row by row.
    words: usize,
    open: Vec<u64>,
    /// Where the last breadth-first search found each source, and the targets of each layer.
    layer: Vec<u32>,
    layers: Vec<Vec<u64>>,
}

const NEVER: u32 = u32::MAX;

impl<'p, A: Amount> Search<'p, A> {
    fn new(problem: &'p Problem) -> Self {
        let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
        let positive = |masses: &[f64]| -> Vec<f64> { masses.iter().copied().filter(|mass| *mass > 0.0).collect() };
        let mut masses = Masses::<A>::unperturbed(&positive(a), &positive(b));
        let excess = spread(a, std::mem::take(&mut masses.source));
        let room = spread(b, std::mem::take(&mut masses.target));
        let (n, m) = problem.shape();
        let words = m.div_ceil(BITS);
        let open = vec![0; n * words];
        let (layer, layers, inflow) = (vec![NEVER; n], Vec::new(), vec![Vec::new(); m]);
        Self { problem, masses, excess, room, inflow, words, open, layer, layers }
    }

    fn run(mut self, watch: &mut Watch) -> Result<Bottleneck> {
        let (mut lower, costliest) = self.first_bounds();
        let mut progress = Progress { stage: "threshold", ..Progress::default() };
        let mut tried = 0;
        // All finite pairs together carry all the mass, or nothing does.
        let Some((mut upper, mut flows)) = self.carried(costliest) else {
            return Err(solve(self.problem).expect_err("masses that cannot be served are refused"));
        };
        let (mut step, mut status) = (FIRST_STEP, Status::Optimal);
        while lower.value < upper {
            progress.iterations = tried;
            progress.gap = Some((upper - lower.value) / upper);
            if let Some(ended) = watch.check(&progress) {
                status = ended;
                break;
            }
            tried += 1;
            let part = if step < 0.5 {
                step
            } else if tried % 2 == 0 {
                0.5
            } else {
                0.0
            };
            let middle = lower.value + part * (upper - lower.value);
            let threshold = if middle < upper { middle } else { lower.value };
            if let Some(found) = self.carried(threshold) {
                (upper, flows) = found;
                step = 0.5;
            } else {
                step *= 2.0;
                lower = self.cut(threshold);
            }
        }
        let plan = Plan::new(self.problem.shape(), flows)?;
        let (value, lower, cut) = (upper, lower.value.min(upper), lower.sources);
        let flows: usize = self.inflow.iter().map(Vec::capacity).sum();
        let memory = size_of_val(&self.open[..]) + flows * size_of::<(u32, A)>();
        let report = Report { method: METHOD, iterations: tried, time: watch.elapsed(), memory };
        Ok(Bottleneck { value, lower, plan, cut, status, report })
    }

    /// No source, and no target, has a pair that costs less than its least; and the largest finite cost.
    fn first_bounds(&self) -> (Cut, f64) {
        let (n, m) = self.problem.shape();
        let step = rows_per_tile(m);
        let (excess, room) = (&self.excess, &self.room);
        let blocks = parallel::map(n.div_ceil(step), |block| {
            let rows = block * step..((block + 1) * step).min(n);
            let mut tile = vec![0.0; rows.len() * m];
            self.problem.cost().fill(rows.clone(), 0..m, &mut tile);
            let (mut of_rows, mut of_columns) = ((f64::NEG_INFINITY, 0), vec![f64::INFINITY; m]);
            let mut costliest = f64::NEG_INFINITY;
            for (i, row) in rows.zip(tile.chunks_exact(m)).filter(|(i, _)| excess[*i] > A::ZERO) {
                let mut least = f64::INFINITY;
                for ((c, of_column), room) in row.iter().zip(&mut of_columns).zip(room) {
                    *of_column = of_column.min(*c);
                    if *room > A::ZERO {
                        least = least.min(*c);
                        costliest = if *c < f64::INFINITY { costliest.max(*c) } else { costliest };
                    }
                }
                if least > of_rows.0 {
                    of_rows = (least, i);
                }
            }
            (of_rows, of_columns, costliest)
        });
        let (mut of_rows, mut of_columns, mut costliest) = ((f64::NEG_INFINITY, 0), vec![f64::INFINITY; m], f64::MIN);
        for (rows, columns, most) in blocks {
            of_rows = if rows.0 > of_rows.0 { rows } else { of_rows };
            of_columns.iter_mut().zip(columns).for_each(|(least, other)| *least = least.min(other));
            costliest = costliest.max(most);
        }
        let held = of_columns.iter().zip(room).filter(|(_, room)| **room > A::ZERO);
        let of_column = held.fold(f64::NEG_INFINITY, |most, (least, _)| most.max(*least));
        let (value, sources) = if of_rows.0 >= of_column {
            (of_rows.0, vec![of_rows.1])
        } else {
            (of_column, (0..n).filter(|&i| excess[i] > A::ZERO).collect())
        };
        (Cut { value, sources }, costliest)
    }

    /// The flow over the pairs of cost at most `threshold`, and the largest cost that it pays; `None` if it does not carry all the mass.
    fn carried(&mut self, threshold: f64) -> Option<(f64, Vec<Flow>)> {
        self.admit(threshold);
        while self.search() {
            for source in 0..self.excess.len() {
                while self.excess[source] > A::ZERO && self.augment(source) {}
            }
            self.inflow.iter_mut().for_each(|flows| flows.retain(|(_, mass)| *mass > A::ZERO));
        }
        if self.excess.iter().any(|left| *left > A::ZERO) {
            return None;
        }
        let mut flows = Vec::new();
        let mut most = f64::NEG_INFINITY;
        for (target, inflow) in self.inflow.iter().enumerate() {
            for &(source, mass) in inflow {
                most = most.max(self.problem.cost().entry(source as usize, target));
                flows.push(Flow { source: source as usize, target, mass: self.masses.mass(mass) });
            }
        }
        flows.retain(|flow| flow.mass > 0.0);
        Some((most, flows))
    }

    /// Opens the pairs of cost at most `threshold`, and takes back what flows over others.
    fn admit(&mut self, threshold: f64) {
        let (n, m) = self.problem.shape();
        let (words, step) = (self.words, rows_per_tile(m));
        let cost = self.problem.cost();
        parallel::chunks_mut(&mut self.open, words * step, |block, bits| {
            let rows = block * step..((block + 1) * step).min(n);
            let mut tile = vec![0.0; rows.len() * m];
            cost.fill(rows, 0..m, &mut tile);
            for (bits, row) in bits.chunks_exact_mut(words).zip(tile.chunks_exact(m)) {
                for (word, costs) in bits.iter_mut().zip(row.chunks(BITS)) {
                    *word = costs.iter().enumerate().fold(0, |word, (k, c)| word | u64::from(*c <= threshold) << k);
                }
            }
        });
        for (target, inflow) in self.inflow.iter_mut().enumerate() {
            inflow.retain(|&(source, mass)| {
                let source = source as usize;
                let stays = self.open[source * words + target / BITS] >> (target % BITS) & 1 == 1;
                if !stays {
                    self.excess[source] += mass;
                    self.room[target] += mass;
                }
                stays
            });
        }
    }

    /// Breadth first from the sources that have mass left, until a layer of targets has room; whether there is one.
    fn search(&mut self) -> bool {
        let m = self.room.len();
        self.layer.fill(NEVER);
        self.layers.clear();
        let mut unseen = vec![u64::MAX; self.words];
        if !m.is_multiple_of(BITS) {
            unseen[self.words - 1] = (1 << (m % BITS)) - 1;
        }
        let mut sources: Vec<usize> = (0..self.excess.len()).filter(|&i| self.excess[i] > A::ZERO).collect();
        sources.iter().for_each(|&i| self.layer[i] = 0);
        while !sources.is_empty() {
            let mut reached = vec![0; self.words];
            for &i in &sources {
                for ((reached, unseen), open) in
                    reached.iter_mut().zip(&mut unseen).zip(&self.open[i * self.words..][..self.words])
                {
                    let new = open & *unseen;
                    *reached |= new;
                    *unseen &= !new;
                }
            }
            let depth = self.layers.len() as u32 + 1;
            let mut has_room = false;
            sources.clear();
            for j in ones(&reached) {
                has_room |= self.room[j] > A::ZERO;
                for &(i, _) in &self.inflow[j] {
                    if self.layer[i as usize] == NEVER {
                        self.layer[i as usize] = depth;
                        sources.push(i as usize);
                    }
                }
            }
            self.layers.push(reached);
            if has_room {
                return true;
            }
        }
        false
    }

    /// Sends mass of a source along one shortest path to a target that has room, if there is such a path.
    fn augment(&mut self, source: usize) -> bool {
        // The targets on the path, each with the place of the inflow that is taken back there.
        let mut path: Vec<(usize, usize)> = Vec::new();
        let mut at = source;
        loop {
            let depth = path.len();
            let row = &self.open[at * self.words..][..self.words];
            let next = self.layers.get(depth).and_then(|alive| {
                let both = row.iter().zip(alive).map(|(open, alive)| open & alive);
                let (k, word) = both.enumerate().find(|(_, word)| *word != 0)?;
                Some(k * BITS + word.trailing_zeros() as usize)
            });
            let Some(target) = next else {
                // Nothing leads on from here.
                self.layer[at] = NEVER;
                let Some((target, taken)) = path.pop() else { return false };
                at = path.last().map_or(source, |&(before, k)| self.inflow[before][k].0 as usize);
                self.step_back(target, taken + 1, &mut path, &mut at);
                continue;
            };
            if self.room[target] > A::ZERO {
                self.push(source, &path, target);
                return true;
            }
            self.step_back(target, 0, &mut path, &mut at);
        }
    }

    /// Goes on from a full target to a source that sends there, the first from place `from` on that lies one layer on; else the target
    /// leads nowhere.
    fn step_back(&mut self, target: usize, from: usize, path: &mut Vec<(usize, usize)>, at: &mut usize) {
        let depth = path.len();
        let on = |(i, mass): &(u32, A)| *mass > A::ZERO && self.layer[*i as usize] == depth as u32 + 1;
        if let Some(k) = self.inflow[target][from..].iter().position(on) {
            path.push((target, from + k));
            *at = self.inflow[target][from + k].0 as usize;
        } else {
            self.layers[depth][target / BITS] &= !(1 << (target % BITS));
        }
    }

    /// Sends as much as the path allows.
    fn push(&mut self, source: usize, path: &[(usize, usize)], last: usize) {
        let along = path.iter().map(|&(target, k)| self.inflow[target][k].1);
        let most = along.fold(self.excess[source].min(self.room[last]), Ord::min);
        self.excess[source] -= most;
        self.room[last] -= most;
        let mut from = source as u32;
        for &(target, k) in path {
            let before = self.inflow[target][k].0;
            self.inflow[target][k].1 -= most;
            self.add(from, target, most);
            from = before;
        }
        self.add(from, last, most);
    }

    fn add(&mut self, source: u32, target: usize, mass: A) {
        match self.inflow[target].iter_mut().find(|(i, _)| *i == source) {
            Some((_, held)) => *held += mass,
            None => self.inflow[target].push((source, mass)),
        }
    }

    /// What the last search proves: the sources that it reached hold more than the targets it reached, which are all that lie within
    /// `threshold`. The bound is the least cost that leads out.
    fn cut(&self, threshold: f64) -> Cut {
        let m = self.room.len();
        let mut reached = vec![0; self.words];
        for layer in &self.layers {
            reached.iter_mut().zip(layer).for_each(|(all, layer)| *all |= layer);
        }
        let b = self.problem.target().as_slice();
        let outside: Vec<usize> = (0..m).filter(|j| reached[j / BITS] >> (j % BITS) & 1 == 0 && b[*j] > 0.0).collect();
        let sources: Vec<usize> = (0..self.layer.len()).filter(|&i| self.layer[i] != NEVER).collect();
        let least = parallel::map_with(
            sources.len(),
            || vec![0.0; m],
            |row, k| {
                self.problem.cost().fill(sources[k]..sources[k] + 1, 0..m, row);
                outside.iter().map(|&j| row[j]).fold(f64::INFINITY, f64::min)
            },
        );
        let value = least.into_iter().fold(f64::INFINITY, f64::min);
        debug_assert!(value > threshold);
        Cut { value, sources }
    }
}
