//! Sparse transport plans.

use ndarray::Array2;

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::Sum;
use crate::transport::Problem;

/// Mass that moves from one source to one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// Index of the source.
    pub source: usize,
    /// Index of the target.
    pub target: usize,
    /// How much moves, > 0.
    pub mass: f64,
}

/// A transport plan (coupling) as the list of its positive entries, ordered by source, then target.
///
/// A vertex of the transport polytope has at most n + m − 1 of them, and the exact solvers return such a vertex.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    shape: (usize, usize),
    flows: Vec<Flow>,
}

impl Plan {
    /// A plan of shape (n, m) from its entries, in any order; entries of mass 0 are left out, entries of one pair are added.
    ///
    /// # Errors
    /// When an index is out of range or a mass is negative, NaN or infinite.
    pub fn new(shape: (usize, usize), mut flows: Vec<Flow>) -> Result<Self> {
        for (index, &Flow { source: row, target: column, mass }) in flows.iter().enumerate() {
            let wrong = |reason| Err(Error::new("plan", ErrorKind::PlanEntry { index, row, column, mass, reason }));
            if row >= shape.0 {
                return wrong("names a row that does not exist");
            }
            if column >= shape.1 {
                return wrong("names a column that does not exist");
            }
            if !(mass.is_finite() && mass >= 0.0) {
                return wrong("has a mass that is not finite and at least 0");
            }
        }
        flows.retain(|flow| flow.mass > 0.0);
        flows.sort_unstable_by_key(|flow| (flow.source, flow.target));
        flows.dedup_by(|next, kept| {
            let same = (next.source, next.target) == (kept.source, kept.target);
            if same {
                kept.mass += next.mass;
            }
            same
        });
        Ok(Self { shape, flows })
    }

    /// A plan from entries that a solver made.
    pub(crate) fn from_flows(shape: (usize, usize), flows: Vec<Flow>) -> Self {
        Self::new(shape, flows).expect("a solver's flows are in range and not negative")
    }

    /// A plan from positive entries that a solver made in their order, each pair once: nothing is sorted again.
    pub(crate) fn from_ordered(shape: (usize, usize), flows: Vec<Flow>) -> Self {
        debug_assert!(flows.is_sorted_by_key(|flow| (flow.source, flow.target)) && flows.iter().all(|f| f.mass > 0.0));
        Self { shape, flows }
    }

    /// (n, m).
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The positive entries, ordered by source, then target.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// The mass that leaves each source: Σ_j P_ij.
    pub fn row_sums(&self) -> Vec<f64> {
        self.marginal(self.shape.0, |flow| flow.source)
    }

    /// The mass that reaches each target: Σ_i P_ij.
    pub fn column_sums(&self) -> Vec<f64> {
        self.marginal(self.shape.1, |flow| flow.target)
    }

    fn marginal(&self, len: usize, end: impl Fn(&Flow) -> usize) -> Vec<f64> {
        let mut sums = vec![Sum::default(); len];
        for flow in &self.flows {
            sums[end(flow)].add(flow.mass);
        }
        sums.into_iter().map(Sum::value).collect()
    }

    /// ⟨C, P⟩ = Σ P_ij c_ij, compensated; infinite if mass goes where there is no pair.
    pub fn transport_cost(&self, problem: &Problem) -> f64 {
        let mut total = Sum::default();
        for flow in &self.flows {
            let cost = problem.cost().entry(flow.source, flow.target);
            if cost == f64::INFINITY {
                return cost;
            }
            total.add_product(flow.mass, cost);
        }
        total.value()
    }

    /// The plan as a dense array of shape (n, m).
    pub fn to_dense(&self) -> Array2<f64> {
        let mut dense = Array2::zeros(self.shape);
        for flow in &self.flows {
            dense[[flow.source, flow.target]] = flow.mass;
        }
        dense
    }

    /// The permutation σ for which all mass of source i goes to target σ(i), if the plan is one.
    pub fn as_permutation(&self) -> Option<Vec<usize>> {
        let (n, m) = self.shape;
        if n != m || self.flows.len() != n {
            return None;
        }
        let mut reached = vec![false; m];
        let one_each = self
            .flows
            .iter()
            .enumerate()
            .all(|(i, flow)| flow.source == i && !std::mem::replace(&mut reached[flow.target], true));
        one_each.then(|| self.flows.iter().map(|flow| flow.target).collect())
    }

    /// The transposed plan, from targets to sources.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let turn = |flow: &Flow| Flow { source: flow.target, target: flow.source, mass: flow.mass };
        Self::from_flows((self.shape.1, self.shape.0), self.flows.iter().map(turn).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn flow(source: usize, target: usize, mass: f64) -> Flow {
        Flow { source, target, mass }
    }

    #[test]
    fn entries_are_ordered_merged_and_cleaned() {
        let plan =
            Plan::new((2, 3), vec![flow(1, 0, 1.0), flow(0, 2, 0.5), flow(1, 1, 0.0), flow(0, 2, 0.25)]).unwrap();
        assert_eq!(plan.flows(), [flow(0, 2, 0.75), flow(1, 0, 1.0)]);
        assert_eq!(plan.row_sums(), [0.75, 1.0]);
        assert_eq!(plan.column_sums(), [1.0, 0.0, 0.75]);
        assert_eq!(plan.to_dense(), array![[0.0, 0.0, 0.75], [1.0, 0.0, 0.0]]);
        assert_eq!(plan.transposed().transposed(), plan);
    }

    #[test]
    fn wrong_entries_are_named() {
        let message = |entry| Plan::new((2, 2), vec![entry]).unwrap_err().to_string();
        assert_eq!(message(flow(2, 0, 1.0)), "plan: entry 0 (row 2, column 0, mass 1) names a row that does not exist");
        assert!(message(flow(0, 5, 1.0)).contains("a column that does not exist"));
        assert!(message(flow(0, 0, -1.0)).contains("not finite and at least 0"));
        assert!(message(flow(0, 0, f64::NAN)).contains("NaN"));
    }

    #[test]
    fn permutations_are_recognised() {
        let plan = Plan::new((2, 2), vec![flow(0, 1, 0.5), flow(1, 0, 0.5)]).unwrap();
        assert_eq!(plan.as_permutation(), Some(vec![1, 0]));
        let split = Plan::new((2, 2), vec![flow(0, 1, 0.5), flow(1, 1, 0.5)]).unwrap();
        assert_eq!(split.as_permutation(), None);
    }
}
