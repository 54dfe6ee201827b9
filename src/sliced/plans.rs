//! Transport plans from slices, and what slices prove about W_p.

use crate::error::Result;
use crate::estimate::{Estimate, Evidence, Kind};
use crate::exact::line::sort::Scratch;
use crate::measure::Samples;
use crate::numeric::Sum;
use crate::numeric::parallel;
use crate::sliced::distance::Sliced;
use crate::sliced::method::{Directions, Method};
use crate::sliced::pair::Pair;
use crate::transport::{Flow, Plan};

/// What rounding may have added to a computed bound, relative: some hundred roundings, where there are about ten.
const ROUNDING: f64 = 1e-13;

/// A transport plan made from slices.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SlicedPlan {
    /// The plan. It has the marginals of the samples, so its cost is an upper bound on that of the optimal plan.
    pub plan: Plan,
    /// ⟨C, P⟩ under C = |x − y|^p in R^d: the true cost, not that of the projections. Infinite, or 0, where it is more or less than a
    /// 64-bit number holds; [`estimate`](Self::estimate) has its root all the same.
    pub transport_cost: f64,
    /// The direction that it was sorted along; `None` for a mean over many.
    pub direction: Option<Vec<f64>>,
    /// The distance, and what makes it of a cost.
    distance: f64,
    /// What rounding of the coordinates may come to in W_p.
    rounding: f64,
    method: &'static str,
}

impl SlicedPlan {
    /// The root of the transport cost: an upper bound on W_p.
    pub fn estimate(&self) -> Estimate {
        let value = self.distance;
        let evidence = Evidence::Bounds { lower: 0.0, upper: value * (1.0 + ROUNDING) + self.rounding };
        Estimate::new(value, evidence, self.method, self.plan.shape()).of_kind(Kind::UpperBound)
    }
}

impl Sliced {
    /// The plan of the direction whose optimal pairing costs least in R^d, of all the directions that this solver would use:
    /// min-SWGG (Mahey et al., "Fast optimal transport through sliced Wasserstein generalized geodesics", NeurIPS 2023).
    ///
    /// An upper bound on W_p that improves with the number of directions, and is near W_p only in few dimensions or for
    /// points near a line. O((n + m) (d + log(n + m))) for each direction; the plan has at most n + m − 1 entries.
    ///
    /// # Errors
    /// As [`Sliced::solve`].
    ///
    /// ```
    /// use earthwork::prelude::*;
    /// use earthwork::sliced::Sliced;
    ///
    /// let x = Samples::new([[0.0, 0.0], [1.0, 0.1], [2.0, 0.0]])?;
    /// let y = Samples::new([[2.0, 1.0], [0.0, 1.0], [1.0, 1.1]])?;
    /// let best = Sliced::new(2.0).with_directions(50).best_plan(&x, &y)?;
    /// assert_eq!(best.plan.as_permutation(), Some(vec![1, 2, 0]));
    /// assert!((best.transport_cost - 1.0).abs() < 1e-12);
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn best_plan(&self, x: &Samples, y: &Samples) -> Result<SlicedPlan> {
        let (pair, directions) = self.posed(x, y)?;
        let costs = of_each(&directions, pair.dim, |scratch, direction| pair.true_cost(direction, scratch));
        let best = (0..costs.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap_or(0);
        let direction = directions[best * pair.dim..(best + 1) * pair.dim].to_vec();
        let plan = pair.mean_plan(&[(direction.clone(), 1.0)]);
        Ok(self.priced(&pair, plan, Some(direction), "min-SWGG"))
    }

    /// The mean of the optimal plans of all directions, each weighing exp(−`sharpness` · (cost / least cost − 1)): the expected
    /// sliced plan (Liu et al., "Expected sliced transport plans", ICLR 2025). 0 weighs all alike; the larger the sharpness, the
    /// nearer to [`best_plan`](Self::best_plan).
    ///
    /// Smoother in the points than the best plan, and costlier. Up to L (n + m) entries.
    ///
    /// # Errors
    /// As [`Sliced::solve`], and when the sharpness is negative or not finite.
    pub fn expected_plan(&self, x: &Samples, y: &Samples, sharpness: f64) -> Result<SlicedPlan> {
        let range = "a sharpness must be at least 0 and finite";
        crate::error::require("sharpness", sharpness, sharpness >= 0.0 && sharpness.is_finite(), range)?;
        let (pair, directions) = self.posed(x, y)?;
        let costs = of_each(&directions, pair.dim, |scratch, direction| pair.true_cost(direction, scratch));
        let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
        let weigh = |cost: f64| {
            if cost == least {
                1.0
            } else if least == 0.0 && sharpness > 0.0 {
                0.0
            } else {
                (-sharpness * (cost / least - 1.0)).exp()
            }
        };
        let weights: Vec<f64> = costs.iter().map(|&cost| if sharpness == 0.0 { 1.0 } else { weigh(cost) }).collect();
        let total: f64 = weights.iter().sum();
        let weighed: Vec<(Vec<f64>, f64)> = directions
            .chunks_exact(pair.dim)
            .zip(&weights)
            .filter(|(_, weight)| **weight > 0.0)
            .map(|(direction, weight)| (direction.to_vec(), weight / total))
            .collect();
        let plan = pair.mean_plan(&weighed);
        Ok(self.priced(&pair, plan, None, "expected sliced plan"))
    }

    /// Proven bounds on W_p(x, y) from slices alone, in O((n + m) (d + log(n + m))) for each direction.
    ///
    /// Above: the best plan. Below, the larger of two: the largest slice, since projecting shortens distances; and for each
    /// orthonormal basis e₁ … e_d among orthogonal directions
    ///
    /// ```text
    /// W_p^p ≥ c Σ_k W_p(e_k·x, e_k·y)^p,    c = 1 for p ≥ 2, d^(p/2 − 1) for p < 2
    /// ```
    ///
    /// since |v|^p ≥ c Σ |v_k|^p for every vector v; for p = 2 and translations this is tight. The value is the best plan's.
    /// The directions are orthogonal blocks, whatever the method chosen, and the axes.
    ///
    /// # Errors
    /// As [`Sliced::solve`].
    ///
    /// ```
    /// use earthwork::prelude::*;
    /// use earthwork::sliced::Sliced;
    ///
    /// let x = Gaussian::standard(2)?.sample(60, 1)?;
    /// let y = Samples::new(x.points().view().mapv(|v| 2.0 * v + 5.0))?;
    /// let bounds = Sliced::new(2.0).bounds(&x, &y)?;
    /// let exact = wasserstein(&x, &y, 2.0)?.value;
    /// assert!(bounds.lower() <= exact && exact <= bounds.upper());
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn bounds(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.check()?;
        let pair = Pair::new(x, y, self.p)?;
        let dim = pair.dim;
        // Whole blocks: the axes, and random bases.
        let count = if dim == 1 { 1 } else { self.directions.div_ceil(dim) * dim };
        let axes = (0..dim * dim).map(|at| f64::from(u8::from(at / dim == at % dim)));
        let mut directions: Vec<f64> = axes.collect();
        directions.extend(Directions::new(&Method::Orthogonal, dim, count, self.seed)?.all());
        let found = of_each(&directions, dim, |scratch, direction| pair.both_costs(direction, scratch));
        let factor = if self.p >= 2.0 { 1.0 } else { (dim as f64).powf(0.5 * self.p - 1.0) };
        let mut lower = 0.0_f64;
        for block in found.chunks_exact(dim) {
            let sum: f64 = block.iter().map(|(slice, _)| slice).sum();
            lower = block.iter().fold(lower.max(factor * sum), |most, (slice, _)| most.max(*slice));
        }
        let upper = found.iter().fold(f64::INFINITY, |least, (_, cost)| least.min(*cost));
        // Slices of points far apart that barely move are differences of large projections. A basis of d slices has the rounding of
        // each, d^(1/p) times at most, and c takes off what is above √d.
        let rounding = pair.rounding();
        let of_a_basis = rounding * (dim as f64).sqrt();
        let evidence = Evidence::Bounds {
            lower: (pair.rooted(lower) * (1.0 - ROUNDING) - of_a_basis).max(0.0),
            upper: pair.rooted(upper) * (1.0 + ROUNDING) + rounding,
        };
        Ok(Estimate::new(pair.rooted(upper), evidence, "sliced bounds", (x.len(), y.len())).with_seed(self.seed))
    }

    /// The pair and all directions, row by row.
    fn posed(&self, x: &Samples, y: &Samples) -> Result<(Pair, Vec<f64>)> {
        self.check()?;
        let pair = Pair::new(x, y, self.p)?;
        let count = if pair.dim == 1 { 1 } else { self.directions };
        let directions = Directions::new(&self.method.chosen(pair.dim), pair.dim, count, self.seed)?.all();
        Ok((pair, directions))
    }

    fn priced(&self, pair: &Pair, plan: Plan, direction: Option<Vec<f64>>, method: &'static str) -> SlicedPlan {
        let mut cost = Sum::default();
        for flow in plan.flows() {
            cost.add(flow.mass * pair.ground(flow.source, flow.target));
        }
        let half = pair.unit.powf(0.5 * self.p);
        let (transport_cost, distance) = (cost.value() * half * half, pair.root().of(cost.value()));
        SlicedPlan { plan, transport_cost, direction, distance, rounding: pair.rounding(), method }
    }
}

/// What `job` makes of each direction of a list, in parallel.
fn of_each<T: Send>(directions: &[f64], dim: usize, job: impl Fn(&mut Scratch, &[f64]) -> T + Sync) -> Vec<T> {
    let direction = |k: usize| &directions[k * dim..][..dim];
    parallel::map_with(directions.len() / dim, Scratch::default, |scratch, k| job(scratch, direction(k)))
}

impl Pair {
    /// |xᵢ − yⱼ|^p in R^d, in units.
    fn ground(&self, i: usize, j: usize) -> f64 {
        let (x, y) = (&self.x.rows[i * self.dim..][..self.dim], &self.y.rows[j * self.dim..][..self.dim]);
        let square: f64 = x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum();
        if self.p == 2.0 { square } else { square.sqrt().powf(self.p) }
    }

    /// What the optimal plan of a slice costs in R^d.
    fn true_cost(&self, direction: &[f64], scratch: &mut Scratch) -> f64 {
        self.both_costs(direction, scratch).1
    }

    /// What the optimal plan of a slice costs there, and in R^d.
    fn both_costs(&self, direction: &[f64], scratch: &mut Scratch) -> (f64, f64) {
        let (x, y) = (self.x.projected(direction), self.y.projected(direction));
        let (mut slice, mut cost) = (Sum::default(), Sum::default());
        self.flows(&x, &y, scratch, |i, j, share| {
            slice.add(share * (x[i] - y[j]).abs().powf(self.p));
            cost.add(share * self.ground(i, j));
        });
        (slice.value(), cost.value())
    }

    /// The weighted mean of the optimal plans of some directions; the weights sum to 1.
    fn mean_plan(&self, weighed: &[(Vec<f64>, f64)]) -> Plan {
        let mut scratch = Scratch::default();
        let mut flows = Vec::new();
        for (direction, weight) in weighed {
            let (x, y) = (self.x.projected(direction), self.y.projected(direction));
            self.flows(&x, &y, &mut scratch, |source, target, share| {
                flows.push(Flow { source, target, mass: share * weight * self.mass });
            });
        }
        Plan::from_flows((self.x.len, self.y.len), flows)
    }
}
