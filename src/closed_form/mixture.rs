//! Transport between mixtures of Gaussians that keeps components whole.

use ndarray::Array2;

use crate::closed_form::gaussian::bures_squared;
use crate::closed_form::moments::Moments;
use crate::error::{Result, require_dimension};
use crate::estimate::{Estimate, Kind};
use crate::exact::solve;
use crate::measure::Mixture;
use crate::transport::{Problem, Root, Solution};

/// What [`mixture_distance`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MixtureDistance {
    /// MW₂, an upper bound on W₂ between the mixtures, proven as every exact solve.
    pub estimate: Estimate,
    /// Who sends how much to whom: the exact solution between the components, with its plan. Its costs are `costs`, but for components so
    /// far apart or so close together that their squared distances do not fit 64-bit numbers, and which are measured in another unit.
    pub solution: Solution,
    /// W₂² between the components, of shape (components of x, components of y); infinite where that is more than a 64-bit number holds.
    pub costs: Array2<f64>,
}

/// MW₂ between two mixtures of Gaussians: transport between their components under W₂² of Gaussians, which is transport
/// between the mixtures with plans that are mixtures of Gaussians themselves.
///
/// W₂ ≤ MW₂, with equality for single components.
///
/// # Errors
/// When the dimensions differ.
///
/// # References
/// Delon & Desolneux, "A Wasserstein-type distance in the space of Gaussian mixture models", SIAM J. Imaging Sci. 13 (2020),
/// proposition 4.
///
/// ```
/// use earthwork::closed_form::mixture_distance;
/// use earthwork::prelude::*;
/// use ndarray::array;
///
/// let bump = |at: f64| Gaussian::new([at, 0.0], array![[0.1, 0.0], [0.0, 0.1]].view());
/// let x = Mixture::new(vec![bump(0.0)?, bump(4.0)?], [0.5, 0.5])?;
/// let y = Mixture::new(vec![bump(5.0)?, bump(1.0)?], [0.5, 0.5])?;
/// let distance = mixture_distance(&x, &y)?;
/// assert!((distance.estimate.value - 1.0).abs() < 1e-12);
/// assert_eq!(distance.solution.plan.as_permutation(), Some(vec![1, 0]));
/// # Ok::<(), Error>(())
/// ```
pub fn mixture_distance(x: &Mixture, y: &Mixture) -> Result<MixtureDistance> {
    require_dimension("y", y.dim(), x.dim())?;
    let moments = |mixture: &Mixture| -> Vec<Moments> { mixture.components().iter().map(Moments::from).collect() };
    let (from, to) = (moments(x), moments(y));
    let reach = from.iter().flat_map(|p| to.iter().map(|q| p.reach(q))).fold(0.0, f64::max);
    let root = Root::for_lengths(2.0, reach);
    let [from, to] = [from, to].map(|side| side.iter().map(|p| p.in_unit(root.unit())).collect::<Vec<_>>());
    let mut costs = Array2::zeros((from.len(), to.len()));
    for ((i, j), cost) in costs.indexed_iter_mut() {
        *cost = bures_squared(&from[i], &to[j])?;
    }
    let problem = Problem::with_matrix(x.weights().clone(), y.weights().clone(), &costs)?;
    let solution = solve(&problem)?;
    drop(problem);
    costs.mapv_inplace(|cost| cost * root.unit() * root.unit());
    let mut estimate = root.estimate(&solution.summary()).of_kind(Kind::UpperBound);
    estimate.method = "MW2";
    Ok(MixtureDistance { estimate, solution, costs })
}
