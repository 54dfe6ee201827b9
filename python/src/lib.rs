//! The compiled half of the Python package `earthwork`: arrays become samples, the library computes, results become arrays.
//!
//! Nothing numerical happens here, and nothing is shown: the Python half (`python/earthwork`) has the signatures, the
//! documentation, the tables and the pictures. What a function here returns is described beside it and in
//! `_earthwork.pyi`.

#![expect(clippy::needless_pass_by_value, reason = "arguments from Python arrive by value")]
#![expect(clippy::type_complexity, reason = "functions return the arrays that the Python half unpacks")]

mod certificate;
mod closed_form;
mod compare;
mod critic;
mod data;
mod discrepancy;
mod divergence;
mod estimate;
mod exact;
mod failure;
mod gan;
mod interned;
mod kept;
mod measure;
mod metrics;
mod panics;
mod pool;
mod running;
mod sinkhorn;
mod sliced;
mod testing;
mod validate;

use pyo3::prelude::*;

#[pymodule]
mod _earthwork {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::certificate::{Certificate, certify, certify_matrix};
    #[pymodule_export]
    use crate::closed_form::{
        bures_wasserstein, entropic_gaussian, gaussian_barycenter, gaussian_map, gelbrich, mixture_distance,
        quantile_distance,
    };
    #[pymodule_export]
    use crate::compare::compare;
    #[pymodule_export]
    use crate::critic::{Critic, Funnels, critic_fit, critic_fit_streams, critic_methods};
    #[pymodule_export]
    use crate::data::Samples;
    #[pymodule_export]
    use crate::discrepancy::{Discrepancy, discrepancy_names};
    #[pymodule_export]
    use crate::divergence::{divergence_discrete, divergence_gaussians, divergence_mixtures, mutual_information};
    #[pymodule_export]
    use crate::estimate::Estimate;
    #[pymodule_export]
    use crate::exact::{
        Partial, Solution, circle, exact_barycenter, exact_batch, exact_bottleneck, exact_pairwise, exact_partial,
        exact_solve, exact_solve_grid, exact_solve_matrix, population, wasserstein,
    };
    #[pymodule_export]
    use crate::gan::{Training, gan_fit, gan_toy, gan_toys, mode_report};
    #[pymodule_export]
    use crate::measure::{mixture_at, mixture_grid, mixture_ring, mixture_sample, sample_moments, standardised};
    #[pymodule_export]
    use crate::metrics::{inception_score, memorisation, metric, metric_keys, mode_score, one_nearest, prdc};
    #[pymodule_export]
    use crate::sinkhorn::{
        Sinkhorn, SinkhornDivergence, Unbalanced, fixed_barycenter, grid_barycenter, sinkhorn_barycenter,
        sinkhorn_divergence, sinkhorn_solve, sinkhorn_solve_matrix, sinkhorn_unbalanced,
    };
    #[pymodule_export]
    use crate::sliced::{
        Sliced, SlicedStream, sliced_bounds, sliced_distance, sliced_generalised, sliced_gradient, sliced_max,
        sliced_partial, sliced_plan, sliced_subspace,
    };
    #[pymodule_export]
    use crate::testing::panic_on_purpose;

    #[pymodule_export]
    use crate::validate::{Population, ValidationReport, corruptions, validation};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::pool::settle();
        crate::panics::silence();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
