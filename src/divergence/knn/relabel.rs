//! What an estimate by neighbours errs by on average: the same points, with labels that are drawn anew by a smooth guess of p / q.

use super::log_ratio::Guess;
use crate::divergence::kind::{Base, softplus};
use crate::divergence::sides::picked;
use crate::neighbors::nearest::{Nearest, Norm, Tree};
use crate::numeric::parallel;
use crate::numeric::special::{digamma, ln_gamma};
use crate::numeric::sum::mean_and_variance;

/// Points of each side from which the log ratio is guessed.
const FITTED: usize = 256;
/// Points of each side whose neighbours are labelled anew: so many, and a part of all.
const QUERIES: usize = 128;
const PART: usize = 64;
/// Neighbours from each side that are looked at first, for k = 0 and for each of k; how many times as many where they do not suffice,
/// and from how many on they do.
const FEW: (usize, usize) = (6, 2);
const LONGER: usize = 3;
const MANY: usize = 144;
/// Points of either side from which samples are large.
const LARGE: f64 = 10_000.0;
/// The chance that a list is too short from which it is made longer, and that which ends a walk along it.
const SHORT: f64 = 0.05;
const DONE: f64 = 1e-3;
/// The part of the bias that is held for uncertain: what the smooth guess of the log ratio does not know, and so many times the
/// number of its coefficients for each point that it is fitted to.
const UNSURE: (f64, f64) = (0.2, 6.0);

/// What is estimated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) base: Base,
    pub(super) k: usize,
    /// Counts in the larger of two balls, instead of radii.
    pub(super) ball: bool,
}

/// What labels drawn anew tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correction {
    /// The estimate less the truth, on average.
    pub(super) bias: f64,
    /// What is not known of it, as a standard deviation.
    pub(super) error: f64,
    /// The variance of the best that any estimate can do, were the guess true.
    pub(super) best: f64,
}

/// The bias of an estimate from these points, row by row, and their trees.
///
/// Given the points of both samples together, whose each one is, is independent with odds n p : m q. With a smooth guess of ln p / q
/// ([`Guess`]) the expectation of what a point adds to the estimate follows from its ordered neighbours of both samples: the chances of
/// where its k-th neighbour of either label is, one neighbour after the other. What it differs by from the guess at the point is the bias
/// there, and the bias of the estimate is the mean over points: all, or a part of a large sample, whose neighbours are those among all
/// points. All that the two densities have in common (borders, tails, clusters) is in the points themselves; where the guess is that
/// P = Q, there is no bias to take off.
pub(super) fn correction(points: [&[f64]; 2], trees: [&Tree; 2], dim: usize, question: Question) -> Correction {
    let guess = Guess::new(&picked(points[0], dim, FITTED), &picked(points[1], dim, FITTED), dim);
    let sizes = trees.map(|tree| tree.len() as f64);
    let log_ratios = [0, 1].map(|side| {
        let at = guess.at(points[side]);
        trees[side].order().iter().map(|&i| at[i as usize]).collect::<Vec<f64>>()
    });
    let odds = sizes[0] / sizes[1];
    let chance = |&t: &f64| 1.0 / (1.0 + (-t).exp() / odds);
    let chances = [0, 1].map(|side| log_ratios[side].iter().map(chance).collect::<Vec<f64>>());
    let cloud = Cloud { dim, points, trees, log_ratios, chances, question };
    let (mut bias, mut variance) = (0.0, 0.0);
    let sides = if question.base == Base::JensenShannon { 2 } else { 1 };
    for side in 0..sides {
        let errs = cloud.errs(side);
        let (mean, spread) = mean_and_variance(&errs);
        let count = errs.len() as f64;
        bias += mean;
        variance += spread / count * (1.0 - count / sizes[side]).max(0.0);
    }
    // Of large samples: a bias that is lost among the accidents of the points asked is left where it is.
    if sizes[0].min(sizes[1]) >= LARGE && bias * bias <= 4.0 * variance {
        bias = 0.0;
    }
    let unsure = (UNSURE.0 + UNSURE.1 * guess.coefficients_per_point).min(1.0) * bias;
    let of_side = |side: usize, f: &dyn Fn(f64) -> f64| {
        mean_and_variance(&cloud.log_ratios[side].iter().map(|&t| f(t)).collect::<Vec<_>>()).1 / sizes[side]
    };
    let best = of_side(0, &|t| question.base.slope(t)) + of_side(1, &|t| question.base.conjugate(t));
    Correction { bias, error: (variance + unsure * unsure).sqrt(), best }
}

/// The points of both samples with the guess at each, by position in their trees.
struct Cloud<'p> {
    dim: usize,
    points: [&'p [f64]; 2],
    trees: [&'p Tree; 2],
    log_ratios: [Vec<f64>; 2],
    /// That a point there is one of P.
    chances: [Vec<f64>; 2],
    question: Question,
}

impl Cloud<'_> {
    /// By how much what each point of a side, or of a part of it, adds to the estimate is expected to be above what it is to add.
    fn errs(&self, side: usize) -> Vec<f64> {
        let count = QUERIES.max(self.trees[side].len() / PART);
        let few = FEW.0 + FEW.1 * self.question.k;
        if self.trees[side].len() <= count {
            return self.of_queries(side, self.trees[side], few);
        }
        let queries = Tree::new(&picked(self.points[side], self.dim, count), self.dim);
        self.of_queries(side, &queries, few)
    }

    fn of_queries(&self, side: usize, queries: &Tree, length: usize) -> Vec<f64> {
        let (own_tree, other_tree) = (self.trees[side], self.trees[1 - side]);
        // A query of a tree of its own is its first neighbour.
        let itself = usize::from(!std::ptr::eq(queries, own_tree));
        let own = own_tree.nearest(queries, length + itself, Norm::Euclidean);
        let other = other_tree.nearest(queries, length, Norm::Euclidean);
        let position = |i: usize| if itself == 1 { own.positions(i)[0] as usize } else { i };
        let is_last = length >= MANY.min(own_tree.len().max(other_tree.len()));
        let found: Vec<Result<f64, usize>> = parallel::map_with(queries.len(), Walk::default, |walk, i| {
            walk.merge(self, side, (&own, itself), &other, i);
            let expected = walk.expected(self, self.level(side), is_last).ok_or(i)?;
            Ok(expected - self.truth(side, position(i)))
        });
        let mut errs: Vec<f64> = found.iter().filter_map(|found| found.ok()).collect();
        let missing = found.iter().filter_map(|found| found.err());
        let rows: Vec<f64> = missing
            .flat_map(|i| {
                let row = own_tree.order()[position(i)] as usize;
                self.points[side][row * self.dim..][..self.dim].iter().copied()
            })
            .collect();
        if !rows.is_empty() {
            errs.extend(self.of_queries(side, &Tree::new(&rows, self.dim), LONGER * length));
        }
        errs
    }

    /// What makes the mean over a side an estimate of the log ratio of densities.
    fn level(&self, side: usize) -> f64 {
        let (own, other) = (self.trees[side].len() as f64, self.trees[1 - side].len() as f64);
        let all = if self.question.base == Base::JensenShannon { own + other - 1.0 } else { other };
        (all / (own - 1.0)).ln()
    }

    /// What the point is to add, were the guess true.
    fn truth(&self, side: usize, position: usize) -> f64 {
        let t = self.log_ratios[side][position];
        match self.question.base {
            Base::JensenShannon => 0.5 * (std::f64::consts::LN_2 - softplus(if side == 0 { -t } else { t })),
            Base::Power(a) if a != 1.0 => ((a - 1.0) * t).exp_m1() / (a - 1.0),
            _ => t,
        }
    }
}

/// The neighbours of one point among both samples, nearest first, and what is expected of them.
#[derive(Default)]
struct Walk {
    /// d times the logarithm of each distance.
    volumes: Vec<f64>,
    /// The chance that a neighbour has the label of the point.
    chances: Vec<f64>,
    /// The chance of each count of a label.
    counts: Vec<f64>,
    /// Of where the k-th of a label is: expectations of a function of it, by rank and by the count up to there.
    after: [Vec<f64>; 2],
}

impl Walk {
    /// Both lists as one, as far as both reach.
    fn merge(&mut self, cloud: &Cloud, side: usize, (own, skipped): (&Nearest, usize), other: &Nearest, i: usize) {
        self.volumes.clear();
        self.chances.clear();
        let lists =
            [(&own.distances(i)[skipped..], &own.positions(i)[skipped..]), (other.distances(i), other.positions(i))];
        let (mut a, mut b) = (0, 0);
        while a < lists[0].0.len() && b < lists[1].0.len() {
            let (near, far) = (lists[0].0[a], lists[1].0[b]);
            let is_own = near <= far;
            let square = near.min(far);
            if square == f64::INFINITY {
                break;
            }
            let position = if is_own { lists[0].1[a] } else { lists[1].1[b] } as usize;
            let of_p = cloud.chances[if is_own { side } else { 1 - side }][position];
            self.chances.push(if side == 0 { of_p } else { 1.0 - of_p });
            self.volumes.push(0.5 * cloud.dim as f64 * square.max(f64::MIN_POSITIVE).ln());
            (a, b) = if is_own { (a + 1, b) } else { (a, b + 1) };
        }
    }

    /// The expectation of what the point adds to the estimate; None where the list is too short and not the last one.
    fn expected(&mut self, cloud: &Cloud, level: f64, is_last: bool) -> Option<f64> {
        let Question { base, k, ball } = cloud.question;
        match base {
            Base::JensenShannon => {
                let rank = self.kth(k, true, is_last, |_, rank| digamma(rank))?;
                Some(0.5 * (digamma(k as f64) - rank.0 + level))
            }
            Base::Power(1.0) if !ball => {
                let (own, _) = self.kth(k, true, is_last, Self::volume)?;
                let (other, _) = self.kth(k, false, is_last, Self::volume)?;
                Some(other - own + level)
            }
            _ => self.both(cloud.question, level, is_last),
        }
    }

    /// At this rank: beyond the list as if points went on as densely.
    fn volume(&self, rank: f64) -> f64 {
        let length = self.volumes.len();
        let at = rank as usize;
        if at <= length { self.volumes[at - 1] } else { self.volumes[length - 1] + (rank / length as f64).ln() }
    }

    /// The expectation of a function of the rank of the k-th of a label, and the rank by which it is there but for a small chance.
    fn kth(&mut self, k: usize, of_own: bool, is_last: bool, f: impl Fn(&Self, f64) -> f64) -> Option<(f64, usize)> {
        let mut counts = std::mem::take(&mut self.counts);
        counts.clear();
        counts.resize(k, 0.0);
        counts[0] = 1.0;
        let (mut expected, mut left, mut rank) = (0.0, 1.0, 0);
        while rank < self.chances.len() && left > DONE {
            let chance = self.chance(of_own, rank);
            rank += 1;
            let here = counts[k - 1] * chance;
            if rank >= k {
                expected += here * f(self, rank as f64);
            }
            left -= here;
            for count in (1..k).rev() {
                counts[count] += chance * (counts[count - 1] - counts[count]);
            }
            counts[0] *= 1.0 - chance;
        }
        if left > SHORT && !is_last {
            self.counts = counts;
            return None;
        }
        let last = self.chance(of_own, rank - 1);
        for (count, chance) in counts.iter().enumerate() {
            expected += chance * f(self, rank as f64 + (k - count) as f64 / last);
        }
        self.counts = counts;
        Some((expected, rank))
    }

    fn chance(&self, of_own: bool, at: usize) -> f64 {
        if of_own { self.chances[at] } else { 1.0 - self.chances[at] }
    }

    /// Where the k-th of both labels matter together.
    fn both(&mut self, question: Question, level: f64, is_last: bool) -> Option<f64> {
        let Question { base, k, ball } = question;
        let power = if let Base::Power(a) = base { a - 1.0 } else { 0.0 };
        let length = [true, false].into_iter().try_fold(2 * k - 1, |length, of_own| {
            self.kth(k, of_own, is_last, |_, _| 0.0).map(|(_, rank)| length.max(rank.min(self.chances.len())))
        })?;
        let length = length.min(self.chances.len());
        let centre = self.volumes[k - 1];
        let psi = digamma(k as f64);
        // What the k-th of a label at this rank does to the term, where the other label has had its k-th before.
        let late = |walk: &Self, of_own: bool, rank: f64| {
            let sign = if of_own { -1.0 } else { 1.0 };
            if ball {
                sign * (digamma((rank - k as f64).max(k as f64)) - psi)
            } else {
                (power * sign * (walk.volume(rank) - centre)).exp()
            }
        };
        for of_own in [true, false] {
            let mut after = std::mem::take(&mut self.after[usize::from(!of_own)]);
            after.clear();
            after.resize((length + 1) * k, 0.0);
            let last = self.chance(of_own, length - 1);
            for count in 0..k {
                after[length * k + count] = late(self, of_own, length as f64 + (k - count) as f64 / last);
            }
            for rank in (1..=length).rev() {
                let chance = self.chance(of_own, rank - 1);
                let now = if rank >= k { late(self, of_own, rank as f64) } else { 0.0 };
                for count in 0..k {
                    let then = &after[rank * k..][..k];
                    let hit = if count + 1 == k { now } else { then[count + 1] };
                    let value = chance * hit + (1.0 - chance) * then[count];
                    after[(rank - 1) * k + count] = value;
                }
            }
            self.after[usize::from(!of_own)] = after;
        }
        // Chances of counts of both labels, until one has its k-th.
        let mut counts = std::mem::take(&mut self.counts);
        counts.clear();
        counts.resize(k, 0.0);
        counts[0] = 1.0;
        let mut expected = 0.0;
        for rank in 1..=(2 * k - 1).min(length) {
            let chance = self.chances[rank - 1];
            // By the count of the own label: the others are of the other.
            for own in (0..k).rev() {
                let Some(other) = (rank - 1).checked_sub(own).filter(|other| *other < k) else {
                    counts[own] = 0.0;
                    continue;
                };
                let here = std::mem::take(&mut counts[own]);
                let mut end = |chance: f64, of_own: bool, count: usize| {
                    let after = self.after[usize::from(of_own)][rank * k + count];
                    let term = if ball {
                        level + after
                    } else {
                        after * (-power * if of_own { 1.0 } else { -1.0 } * (self.volumes[rank - 1] - centre)).exp()
                    };
                    expected += here * chance * term;
                };
                if own + 1 == k {
                    end(chance, true, other);
                } else {
                    counts[own + 1] += here * chance;
                }
                if other + 1 == k {
                    end(1.0 - chance, false, own);
                } else {
                    counts[own] += here * (1.0 - chance);
                }
            }
        }
        self.counts = counts;
        Some(if ball { expected } else { (expected * (power * level + factor(k, power + 1.0)).exp() - 1.0) / power })
    }
}

/// The logarithm of Γ(k)² / (Γ(k − a + 1) Γ(k + a − 1)).
pub(super) fn factor(k: usize, a: f64) -> f64 {
    let k = k as f64;
    2.0 * ln_gamma(k) - ln_gamma(k - a + 1.0) - ln_gamma(k + a - 1.0)
}
