//! A transport plan in a few sentences: entries that go from like points to like points, summed up.

use crate::compare::columns::check_shapes;
use crate::error::Result;
use crate::measure::Samples;
use crate::numeric::Sum;
use crate::transport::{Flow, Plan, Root};

/// Rounds of Lloyd's algorithm after the last split; a summary needs no more.
const ROUNDS: usize = 12;

/// Entries on which the centres are found; a summary of more would be the same.
const MOST_ENTRIES: usize = 20_000;

/// Entries of a plan that start near each other and end near each other.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowGroup {
    /// The part of all mass that moves this way.
    pub share: f64,
    /// The part of the squared Euclidean cost of the whole plan that this movement makes up (0 where that cost is 0).
    pub cost_share: f64,
    /// The mean of the points it starts from, of length d.
    pub from: Vec<f64>,
    /// The mean of the points it ends at, of length d.
    pub to: Vec<f64>,
    /// How many entries of the plan it sums up.
    pub entries: usize,
}

impl FlowGroup {
    /// Whether this mass stays where it is: every entry starts and ends at the same point.
    pub fn stays(&self) -> bool {
        self.from == self.to && self.cost_share == 0.0
    }
}

/// Sums up `plan` in at most `groups` movements, the largest first, and one more for mass that stays where it is.
///
/// Entries (i, j) are clustered as points `(x_i, y_j)` of R^2d with mass `P_ij`: the group with the largest spread is split
/// at its mean across its widest coordinate until there are enough, and Lloyd's algorithm then moves each entry to its
/// nearest centre. No randomness; the shares add up to 1. O(d · groups) for each entry of the plan. (Of plans with more than
/// 20,000 entries, an even choice of that many finds the centres, and all are then summed up around them.)
///
/// # Errors
/// When the plan does not have the shape of the two samples, or their dimensions differ.
///
/// ```
/// use earthwork::prelude::*;
/// use earthwork::compare::group_flows;
///
/// let x = Samples::new([[0.0], [0.1], [10.0], [10.1]])?;
/// let y = Samples::new([[1.0], [1.1], [10.0], [13.0]])?;
/// let solution = solve(&Problem::between(&x, &y, SquaredEuclidean)?)?;
/// let flows = group_flows(&x, &y, &solution.plan, 2)?;
/// assert_eq!(flows.iter().map(|flow| flow.share).collect::<Vec<_>>(), [0.5, 0.25, 0.25]);
/// assert_eq!((flows[0].from[0], flows[0].to[0]), (0.05, 1.05));
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn group_flows(x: &Samples, y: &Samples, plan: &Plan, groups: usize) -> Result<Vec<FlowGroup>> {
    check_shapes(x, y, plan)?;
    // Centres and shares have no unit, whatever the squares of the points as given would come to.
    let longest = [x, y].iter().flat_map(|side| side.points().as_slice()).fold(0.0_f64, |most, v| most.max(v.abs()));
    let root = Root::for_lengths(2.0, longest);
    let (x, y) = (&root.scaled(x)?, &root.scaled(y)?);
    let ends = |flow: &Flow| (x.point(flow.source), y.point(flow.target));
    let (still, moving): (Vec<Flow>, Vec<Flow>) = plan.flows().iter().partition(|flow| {
        let (from, to) = ends(flow);
        from == to
    });
    let some: Vec<Flow> = moving.iter().step_by(moving.len().div_ceil(MOST_ENTRIES).max(1)).copied().collect();
    let centres = Clusters { ends, dim: x.dim(), flows: &some }.centres(groups);
    let clusters = Clusters { ends, dim: x.dim(), flows: &moving };
    let mass: f64 = plan.flows().iter().map(|flow| flow.mass).sum();
    let squared: f64 = moving.iter().map(|flow| flow.mass * clusters.length_squared(flow)).sum();

    let mut found: Vec<FlowGroup> =
        clusters.around(&centres).iter().map(|group| clusters.summary(group, mass, squared)).collect();
    if !still.is_empty() {
        let clusters = Clusters { ends, dim: x.dim(), flows: &still };
        found.push(clusters.summary(&Group::of(&clusters, (0..still.len()).collect()), mass, squared));
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    for at in found.iter_mut().flat_map(|flow| flow.from.iter_mut().chain(&mut flow.to)) {
        *at *= root.unit();
    }
    Ok(found)
}

/// Entries of a plan as points `(x_i, y_j)` of R^2d.
struct Clusters<'a, E> {
    ends: E,
    dim: usize,
    flows: &'a [Flow],
}

/// Some of the entries: their indices, mean and spread Σ P |z − mean|² along each of the 2d coordinates.
struct Group {
    members: Vec<usize>,
    mean: Vec<f64>,
    spread: Vec<f64>,
}

impl Group {
    fn of<'p, E: Fn(&Flow) -> (&'p [f64], &'p [f64])>(clusters: &Clusters<E>, members: Vec<usize>) -> Self {
        let mut mass = Sum::default();
        let mut mean = vec![Sum::default(); 2 * clusters.dim];
        for flow in members.iter().map(|&at| &clusters.flows[at]) {
            mass.add(flow.mass);
            mean.iter_mut().zip(clusters.coordinates(flow)).for_each(|(sum, z)| sum.add_product(flow.mass, z));
        }
        let mass = mass.value();
        let mean: Vec<f64> = mean.into_iter().map(|sum| sum.value() / mass).collect();
        let mut spread = vec![0.0; 2 * clusters.dim];
        for flow in members.iter().map(|&at| &clusters.flows[at]) {
            for ((spread, z), mean) in spread.iter_mut().zip(clusters.coordinates(flow)).zip(&mean) {
                *spread += flow.mass * (z - mean).powi(2);
            }
        }
        Self { members, mean, spread }
    }

    fn total_spread(&self) -> f64 {
        self.spread.iter().sum()
    }
}

impl<'p, E: Fn(&Flow) -> (&'p [f64], &'p [f64])> Clusters<'_, E> {
    fn coordinates(&self, flow: &Flow) -> impl Iterator<Item = f64> + use<'p, E> {
        let (from, to) = (self.ends)(flow);
        from.iter().chain(to).copied()
    }

    fn length_squared(&self, flow: &Flow) -> f64 {
        let (from, to) = (self.ends)(flow);
        from.iter().zip(to).map(|(x, y)| (x - y).powi(2)).sum()
    }

    fn centres(&self, groups: usize) -> Vec<Group> {
        if self.flows.is_empty() || groups == 0 {
            return Vec::new();
        }
        let mut found = vec![Group::of(self, (0..self.flows.len()).collect())];
        while found.len() < groups {
            let (widest, _) = found
                .iter()
                .enumerate()
                .max_by(|(_, a), (_, b)| a.total_spread().total_cmp(&b.total_spread()))
                .expect("there is always a group");
            let Some(halves) = self.split(&found[widest]) else { break };
            found.splice(widest..=widest, halves);
        }
        for _ in 0..ROUNDS {
            found = self.around(&found);
        }
        found
    }

    /// The two halves of a group on either side of its mean across its widest coordinate; none if it is a single point.
    fn split(&self, group: &Group) -> Option<[Group; 2]> {
        let (widest, _) = group.spread.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let below = |&at: &usize| {
            let z = self.coordinates(&self.flows[at]).nth(widest).expect("the coordinate exists");
            z < group.mean[widest]
        };
        let (low, high): (Vec<usize>, Vec<usize>) = group.members.iter().copied().partition(below);
        if low.is_empty() || high.is_empty() {
            return None;
        }
        Some([Group::of(self, low), Group::of(self, high)])
    }

    /// Every entry with its nearest centre: one round of Lloyd's algorithm.
    fn around(&self, centres: &[Group]) -> Vec<Group> {
        let mut members = vec![Vec::new(); centres.len()];
        if !centres.is_empty() {
            for (at, flow) in self.flows.iter().enumerate() {
                members[self.nearest(flow, centres)].push(at);
            }
        }
        members.into_iter().filter(|m| !m.is_empty()).map(|m| Group::of(self, m)).collect()
    }

    fn nearest(&self, flow: &Flow, groups: &[Group]) -> usize {
        let distance = |group: &Group| -> f64 {
            self.coordinates(flow).zip(&group.mean).map(|(z, mean)| (z - mean).powi(2)).sum()
        };
        let distances = groups.iter().map(distance).enumerate();
        distances.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(at, _)| at)
    }

    fn summary(&self, group: &Group, mass: f64, squared: f64) -> FlowGroup {
        let flows = || group.members.iter().map(|&at| &self.flows[at]);
        let cost: f64 = flows().map(|flow| flow.mass * self.length_squared(flow)).sum();
        FlowGroup {
            share: flows().map(|flow| flow.mass).collect::<Sum>().value() / mass,
            cost_share: if squared > 0.0 { cost / squared } else { 0.0 },
            from: group.mean[..self.dim].to_vec(),
            to: group.mean[self.dim..].to_vec(),
            entries: group.members.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(x: &Samples, y: &Samples, pairs: &[(usize, usize, f64)]) -> Plan {
        let flows = pairs.iter().map(|&(source, target, mass)| Flow { source, target, mass }).collect();
        Plan::new((x.len(), y.len()), flows).unwrap()
    }

    #[test]
    fn flows_that_cross_stay_apart() {
        // Both ends matter: the four entries start at two places and end at two, in four combinations.
        let x = Samples::new([[0.0], [0.0], [10.0], [10.0]]).unwrap();
        let y = Samples::new([[1.0], [11.0], [1.0], [11.0]]).unwrap();
        let crossing = plan(&x, &y, &[(0, 0, 0.4), (1, 1, 0.3), (2, 2, 0.2), (3, 3, 0.1)]);
        let flows = group_flows(&x, &y, &crossing, 4).unwrap();
        let seen: Vec<_> = flows.iter().map(|f| (f.from[0], f.to[0], f.entries)).collect();
        assert_eq!(seen, [(0.0, 1.0, 1), (0.0, 11.0, 1), (10.0, 1.0, 1), (10.0, 11.0, 1)]);
    }

    #[test]
    fn mass_that_stays_is_told_apart() {
        let x = Samples::new([[0.0], [5.0]]).unwrap();
        let y = Samples::new([[0.0], [6.0]]).unwrap();
        let flows = group_flows(&x, &y, &plan(&x, &y, &[(0, 0, 0.75), (1, 1, 0.25)]), 5).unwrap();
        assert_eq!(flows.len(), 2);
        assert!(flows[0].stays() && !flows[1].stays());
        assert_eq!((flows[0].share, flows[1].share, flows[1].cost_share), (0.75, 0.25, 1.0));
    }

    #[test]
    fn equal_samples_have_one_group() {
        let x = Samples::new([[0.0], [5.0]]).unwrap();
        let flows = group_flows(&x, &x, &plan(&x, &x, &[(0, 0, 0.5), (1, 1, 0.5)]), 5).unwrap();
        assert_eq!(flows.len(), 1);
        assert!(flows[0].share == 1.0 && flows[0].cost_share == 0.0);
    }

    #[test]
    fn there_are_never_more_groups_than_places() {
        let x = Samples::new(vec![[1.0]; 6]).unwrap();
        let y = Samples::new(vec![[2.0]; 6]).unwrap();
        let pairs: Vec<_> = (0..6).map(|i| (i, i, 1.0 / 6.0)).collect();
        let flows = group_flows(&x, &y, &plan(&x, &y, &pairs), 5).unwrap();
        assert_eq!((flows.len(), flows[0].entries), (1, 6));
    }
}
