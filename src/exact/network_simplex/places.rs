//! Equal points as one place, and mass that stays where it is.
//!
//! Costs see coordinates only, so equal points have equal costs: they are solved as one place that holds the mass of all,
//! and the plan between places is spread over their points by north-west corners, at most n + m − 1 entries in all.
//!
//! Where the cost is a metric, mass that both sides hold at one place stays there (by the triangle inequality a plan that
//! moves mass through a place is no cheaper than one that leaves it), and only the rest is solved. Its potentials are those
//! of one 1-Lipschitz function φ with f = φ and g = −φ, given on the places of the rest; φ(z) = min_y (c(z, y) − g(y)) over
//! the targets of the rest extends it to all places (McShane 1934), and so does this cut off at the least and largest value
//! given. With it f(x) + g(y) = φ(x) − φ(y) ≤ c(x, y) everywhere, and f(z) + g(z) = 0 where mass stays.

use super::masses::Masses;
use super::tree::TreeArc;
use crate::cost::{CostMatrix, Form, PointCost};
use crate::exact::amount::Amount;
use crate::measure::Points;
use crate::neighbors::{self, Until};
use crate::numeric::parallel;

/// "No place."
const NONE: u32 = u32::MAX;

/// The places of both sides.
pub(super) struct Places<A> {
    source: Side<A>,
    target: Side<A>,
    /// Mass that stays, as arcs between the places of the two sides.
    stays: Vec<TreeArc<A>>,
}

/// The places of one side.
struct Side<A> {
    /// The place of each point that holds mass, numbered in the order of their first points.
    place: Vec<u32>,
    /// The mass of each point, not perturbed.
    masses: Vec<A>,
    /// The first point of each place.
    first: Vec<u32>,
    /// Which of the places to be solved each place is; [`NONE`] where all of its mass stays.
    solved: Vec<u32>,
    /// One point of each place to be solved.
    chosen: Chosen,
}

/// Some points of a side, in rising order. (Most often all of them, and those need no list.)
pub(super) enum Chosen {
    All(usize),
    Some(Vec<usize>),
}

impl Chosen {
    /// The points of `len` for which `holds`.
    pub(super) fn among(len: usize, holds: impl Fn(usize) -> bool) -> Self {
        if (0..len).all(&holds) { Self::All(len) } else { Self::Some((0..len).filter(|&i| holds(i)).collect()) }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::All(len) => *len,
            Self::Some(points) => points.len(),
        }
    }

    /// The point at position `at`.
    pub(super) fn get(&self, at: usize) -> usize {
        match self {
            Self::All(_) => at,
            Self::Some(points) => points[at],
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Bytes held.
    fn memory(&self) -> usize {
        match self {
            Self::All(_) => 0,
            Self::Some(points) => size_of_val(&points[..]),
        }
    }
}

impl<A: Amount> Places<A> {
    /// The places of the points `rows` and `columns`, which hold `masses`, and the masses of those to be solved; `None`
    /// where every point is a place of its own and no mass stays. O((n + m) d).
    pub(super) fn find(
        points: &PointCost,
        (rows, columns): (&Chosen, &Chosen),
        masses: &Masses<A>,
    ) -> Option<(Self, Masses<A>)> {
        let metric = matches!(points.ground().form(), Form::Norm { power, .. } if power <= 1.0);
        let mut sources = Table::new(points.source(), rows.len());
        let source_place: Vec<u32> = rows.iter().map(|i| sources.place(i)).collect();
        let mut targets = Table::new(points.target(), columns.len());
        let target_place: Vec<u32> = columns.iter().map(|j| targets.place(j)).collect();
        let common: Vec<(u32, u32)> = if metric {
            let at_source = |first: u32| sources.look(points.target().point(first as usize)).1;
            (0..).zip(&targets.first).filter_map(|(t, &first)| at_source(first).map(|s| (s, t))).collect()
        } else {
            Vec::new()
        };
        if sources.first.len() == rows.len() && targets.first.len() == columns.len() && common.is_empty() {
            return None;
        }
        let mut held = sums(&source_place, sources.first.len(), &masses.source);
        let mut wanted = sums(&target_place, targets.first.len(), &masses.target);
        let mut stays = Vec::new();
        for (source, target) in common {
            let flow = held[source as usize].min(wanted[target as usize]);
            if flow > A::ZERO {
                held[source as usize] -= flow;
                wanted[target as usize] -= flow;
                stays.push(TreeArc { source, target, flow });
            }
        }
        let (mut no_source, mut no_target) = (vec![false; held.len()], vec![false; wanted.len()]);
        for arc in &stays {
            no_source[arc.source as usize] = held[arc.source as usize] == A::ZERO;
            no_target[arc.target as usize] = wanted[arc.target as usize] == A::ZERO;
        }
        let (source, held) = Side::new(source_place, &masses.source, sources.first, &no_source, held);
        let (target, wanted) = Side::new(target_place, &masses.target, targets.first, &no_target, wanted);
        Some((Self { source, target, stays }, masses.of(held, wanted)))
    }

    /// One source of each place to be solved, in rising order.
    pub(super) fn rows(&self) -> &Chosen {
        &self.source.chosen
    }

    /// One target of each place to be solved, in rising order.
    pub(super) fn columns(&self) -> &Chosen {
        &self.target.chosen
    }

    /// Which of the places to be solved a source is at, if its place is one of them.
    pub(super) fn source_solved(&self, at: u32) -> Option<u32> {
        self.source.solved_at(at)
    }

    /// Which of the places to be solved a target is at, if its place is one of them.
    pub(super) fn target_solved(&self, at: u32) -> Option<u32> {
        self.target.solved_at(at)
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.source.memory() + self.target.memory() + size_of_val(&self.stays[..])
    }

    /// The flows between points of the flows `solved` between places, and of what stays.
    ///
    /// Each place deals its arcs out over its points in order, which cuts an arc into pieces at both of its ends; the pieces
    /// of the two ends then meet in order. n − N pieces more than arcs on one side, m − M on the other, and N + M − 1 arcs
    /// between places make n + m − 1 flows.
    pub(super) fn spread(&self, solved: &[TreeArc<A>]) -> Vec<TreeArc<A>> {
        let (rows, columns) = (self.source.places_solved(), self.target.places_solved());
        let between = solved.iter().map(|arc| TreeArc {
            source: rows[arc.source as usize],
            target: columns[arc.target as usize],
            flow: arc.flow.without_units(),
        });
        let arcs: Vec<TreeArc<A>> =
            self.stays.iter().copied().chain(between).filter(|arc| arc.flow > A::ZERO).collect();
        let mut from_source = self.source.dealt(&arcs, |arc| arc.source);
        let mut from_target = self.target.dealt(&arcs, |arc| arc.target);
        let mut flows = Vec::with_capacity(self.source.place.len() + self.target.place.len());
        for at in 0..arcs.len() {
            let (sources, targets) = (from_source.of(at), from_target.of(at));
            let (mut s, mut t) = (0, 0);
            while s < sources.len() && t < targets.len() {
                let ((source, held), (target, wanted)) = (&mut sources[s], &mut targets[t]);
                let flow = (*held).min(*wanted);
                flows.push(TreeArc { source: *source, target: *target, flow });
                *held -= flow;
                *wanted -= flow;
                s += usize::from(*held == A::ZERO);
                t += usize::from(*wanted == A::ZERO);
            }
        }
        flows
    }

    /// The potentials of all points that hold mass, from those of the places solved.
    pub(super) fn potentials(&self, points: &PointCost, f: &[f64], g: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let known = |solved: &[u32], values: &[f64]| -> Vec<Option<f64>> {
            solved.iter().map(|&place| values.get(place as usize).copied()).collect()
        };
        let (mut f_of, mut g_of) = (known(&self.source.solved, f), known(&self.target.solved, g));
        let mut open = Vec::new();
        for arc in &self.stays {
            let (f, g) = (&mut f_of[arc.source as usize], &mut g_of[arc.target as usize]);
            match (*f, *g) {
                (Some(f), None) => *g = Some(-f),
                (None, Some(g)) => *f = Some(-g),
                (None, None) => open.push(arc),
                (Some(_), Some(_)) => {}
            }
        }
        let among: Vec<usize> = open.iter().map(|arc| self.source.first[arc.source as usize] as usize).collect();
        let extended = self.extended(points, f, g, among);
        for (arc, phi) in open.iter().zip(extended) {
            f_of[arc.source as usize] = Some(phi);
            g_of[arc.target as usize] = Some(-phi);
        }
        let of_points = |side: &Side<A>, values: &[Option<f64>]| {
            let value = |&place: &u32| values[place as usize].expect("a place is solved, or its mass stays");
            side.place.iter().map(value).collect()
        };
        (of_points(&self.source, &f_of), of_points(&self.target, &g_of))
    }

    /// φ at some sources, from the potentials of the places solved.
    fn extended(&self, points: &PointCost, f: &[f64], g: &[f64], among: Vec<usize>) -> Vec<f64> {
        if among.is_empty() || g.is_empty() {
            return vec![0.0; among.len()];
        }
        let values = f.iter().copied().chain(g.iter().map(|g| -g));
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), v| (l.min(v), m.max(v)));
        let dim = points.source().dim();
        let chosen = |points: &Points, chosen: &Chosen| {
            let coordinates: Vec<f64> = chosen.iter().flat_map(|i| points.point(i).iter().copied()).collect();
            Points::from_rows(coordinates, dim).expect("points of a problem are finite")
        };
        let (solved, open) = (chosen(points.target(), self.columns()), chosen(points.source(), &Chosen::Some(among)));
        let mut phi = least_differences(points, &solved, &open, g);
        phi.iter_mut().for_each(|phi| *phi = phi.clamp(least, most));
        phi
    }
}

/// min_y (c(y, z) − g(y)) at each of the points z.
fn least_differences(cost: &PointCost, y: &Points, z: &Points, g: &[f64]) -> Vec<f64> {
    // Points closer together than the problem's own may have costs that underflow: those are computed one by one.
    if let Ok(between) = PointCost::shared(y, z, cost.shared_ground()) {
        let all: Vec<u32> = (0..g.len() as u32).collect();
        if let Some((phi, _)) = neighbors::c_transform(&between, g, &all, &Until::default()) {
            return phi;
        }
        let column = || vec![0.0; g.len()];
        return parallel::map_with(z.len(), column, |column, k| {
            between.fill(0..g.len(), k..k + 1, column);
            column.iter().zip(g).map(|(c, g)| c - g).fold(f64::INFINITY, f64::min)
        });
    }
    let least = |z: &[f64]| y.iter().zip(g).map(|(y, g)| cost.ground().between(y, z) - g).fold(f64::INFINITY, f64::min);
    z.iter().map(least).collect()
}

impl<A: Amount> Side<A> {
    /// The side whose places hold `left` after mass that stays was taken out, and the masses of the places to be solved.
    fn new(place: Vec<u32>, masses: &[A], first: Vec<u32>, gone: &[bool], left: Vec<A>) -> (Self, Vec<A>) {
        let mut solved = vec![NONE; gone.len()];
        let (mut chosen, mut masses_solved) = (Vec::new(), Vec::new());
        for (k, mass) in left.into_iter().enumerate().filter(|(k, _)| !gone[*k]) {
            solved[k] = chosen.len() as u32;
            chosen.push(first[k] as usize);
            masses_solved.push(mass);
        }
        (Self { place, masses: masses.to_vec(), first, solved, chosen: Chosen::Some(chosen) }, masses_solved)
    }

    fn solved_at(&self, point: u32) -> Option<u32> {
        Some(self.solved[self.place[point as usize] as usize]).filter(|&place| place != NONE)
    }

    /// The place of each place solved.
    fn places_solved(&self) -> Vec<u32> {
        (0..self.solved.len() as u32).filter(|&k| self.solved[k as usize] != NONE).collect()
    }

    /// Deals arcs out over the points of the places at one of their ends.
    fn dealt(&self, arcs: &[TreeArc<A>], end: impl Fn(&TreeArc<A>) -> u32) -> Dealt<A> {
        let (arc_start, arc_order) = by_place(self.first.len(), arcs.iter().map(&end));
        let (point_start, point_order) = by_place(self.first.len(), self.place.iter().copied());
        let mut pieces = Vec::with_capacity(self.place.len() + arcs.len());
        let mut range = vec![(0, 0); arcs.len()];
        for place in 0..self.first.len() {
            let points = &point_order[point_start[place] as usize..point_start[place + 1] as usize];
            let mut points = points.iter().map(|&k| (k, self.masses[k as usize])).filter(|(_, mass)| *mass > A::ZERO);
            let mut point = points.next();
            for &at in &arc_order[arc_start[place] as usize..arc_start[place + 1] as usize] {
                let begin = pieces.len();
                let mut due = arcs[at as usize].flow;
                while due > A::ZERO
                    && let Some((k, left)) = &mut point
                {
                    let flow = due.min(*left);
                    pieces.push((*k, flow));
                    due -= flow;
                    *left -= flow;
                    if *left == A::ZERO {
                        point = points.next();
                    }
                }
                range[at as usize] = (begin, pieces.len());
            }
        }
        Dealt { pieces, range }
    }

    fn memory(&self) -> usize {
        let per_place = size_of_val(&self.first[..]) + size_of_val(&self.solved[..]) + self.chosen.memory();
        size_of_val(&self.place[..]) + size_of_val(&self.masses[..]) + per_place
    }
}

/// The pieces of arcs at one of their ends: which point holds how much of each.
struct Dealt<A> {
    pieces: Vec<(u32, A)>,
    range: Vec<(usize, usize)>,
}

impl<A> Dealt<A> {
    fn of(&mut self, arc: usize) -> &mut [(u32, A)] {
        let (begin, end) = self.range[arc];
        &mut self.pieces[begin..end]
    }
}

/// Items sorted by the place of each: where each place begins, and the items.
fn by_place(places: usize, of: impl Iterator<Item = u32> + Clone) -> (Vec<u32>, Vec<u32>) {
    let mut start = vec![0u32; places + 1];
    of.clone().for_each(|place| start[place as usize + 1] += 1);
    for place in 0..places {
        start[place + 1] += start[place];
    }
    let mut next = start.clone();
    let mut order = vec![0; start[places] as usize];
    for (item, place) in of.enumerate() {
        order[next[place as usize] as usize] = item as u32;
        next[place as usize] += 1;
    }
    (start, order)
}

/// The masses of places.
fn sums<A: Amount>(place: &[u32], places: usize, masses: &[A]) -> Vec<A> {
    let mut sums = vec![A::ZERO; places];
    place.iter().zip(masses).for_each(|(&place, mass)| sums[place as usize] += *mass);
    sums
}

/// Numbers points by their coordinates: a hash table with open addressing.
struct Table<'p> {
    points: &'p Points,
    /// The places, where their hashes put them.
    slots: Vec<u32>,
    /// The first point of each place.
    first: Vec<u32>,
}

impl<'p> Table<'p> {
    fn new(points: &'p Points, most: usize) -> Self {
        Self { points, slots: vec![NONE; (2 * most).next_power_of_two()], first: Vec::with_capacity(most) }
    }

    /// Where a point is or belongs, and its place if it has one.
    fn look(&self, point: &[f64]) -> (usize, Option<u32>) {
        let mask = self.slots.len() - 1;
        let mut at = hash(point) as usize & mask;
        loop {
            match self.slots[at] {
                NONE => return (at, None),
                place if self.points.point(self.first[place as usize] as usize) == point => return (at, Some(place)),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// The place of point `index`, a new one if no point before it was equal.
    fn place(&mut self, index: usize) -> u32 {
        let (at, found) = self.look(self.points.point(index));
        found.unwrap_or_else(|| {
            self.slots[at] = self.first.len() as u32;
            self.first.push(index as u32);
            self.slots[at]
        })
    }
}

/// Equal points have equal hashes; 0 and −0 are equal.
fn hash(point: &[f64]) -> u64 {
    const FACTOR: u64 = 0xd6e8_feb8_6659_fd93;
    let fold = |bits: u64| bits ^ (bits >> 32);
    // Whole numbers differ in their highest bits alone: these are brought down before each product carries bits up.
    point.iter().fold(0, |hash: u64, v| {
        let bits = fold(hash.wrapping_add((v + 0.0).to_bits())).wrapping_mul(FACTOR);
        fold(fold(bits).wrapping_mul(FACTOR))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_points_share_a_place() {
        let points = Points::from_rows(vec![0.0, 1.0, 2.0, 1.0, -0.0, 1.0, 1.0, 0.0, 2.0, 1.0], 2).unwrap();
        let mut table = Table::new(&points, points.len());
        let places: Vec<u32> = (0..points.len()).map(|i| table.place(i)).collect();
        assert_eq!(places, [0, 1, 0, 2, 1]);
        assert_eq!(table.first, [0, 1, 3]);
        assert_eq!(table.look(&[5.0, 5.0]).1, None);
    }

    #[test]
    fn hashes_of_a_lattice_rarely_meet() {
        let mut seen: Vec<u64> = (0..32_768)
            .map(|k| hash(&[f64::from(k % 32), f64::from(k / 32 % 32), f64::from(k / 1024)]) & 0xffff)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        // 2¹⁵ balls in 2¹⁶ urns fill 39 % of them.
        assert!(seen.len() > 24_000, "{} slots", seen.len());
    }
}
