"""Which of POT's functions are served here, by the module of POT that defines them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["METHODS", "SERVED", "TOOLS", "methods", "served"]

SERVED: dict[str, tuple[str, str]] = {
    "ot.lp._network_simplex": ("lp", "emd emd2 emd2_lazy"),
    "ot.lp.solver_1d": ("line", "wasserstein_1d emd_1d emd2_1d emd_1d_dual_backprop"),
    "ot.lp.solver_circle": (
        "circle",
        "binary_search_circle wasserstein_circle wasserstein1_circle semidiscrete_wasserstein2_unif_circle linear_circular_ot",
    ),
    "ot.lp._barycenter_solvers": (
        "barycenters",
        "barycenter free_support_barycenter generalized_free_support_barycenter free_support_barycenter_generic_costs "
        "ot_barycenter_energy NorthWestMMGluing",
    ),
    "ot.bregman._sinkhorn": (
        "bregman",
        "sinkhorn sinkhorn2 sinkhorn_knopp sinkhorn_log greenkhorn sinkhorn_stabilized sinkhorn_epsilon_scaling",
    ),
    "ot.bregman._barycenter": ("fixed", "barycenter barycenter_sinkhorn barycenter_stabilized barycenter_debiased"),
    "ot.bregman._convolutional": ("fixed", "convolutional_barycenter2d convolutional_barycenter2d_debiased"),
    "ot.bregman._empirical": ("bregman", "empirical_sinkhorn empirical_sinkhorn2 empirical_sinkhorn_divergence"),
    "ot.bregman._dictionary": ("bregman", "unmix"),
    "ot.bregman._screenkhorn": ("bregman", "screenkhorn"),
    "ot.sliced._sliced_distances": ("sliced", "sliced_wasserstein_distance max_sliced_wasserstein_distance"),
    "ot.sliced._sliced_plans": ("sliced", "min_sliced_transport_plan expected_sliced_plan sliced_plans"),
    "ot.sliced._spherical_sliced": (
        "sliced",
        "sliced_wasserstein_sphere sliced_wasserstein_sphere_unif linear_sliced_wasserstein_sphere",
    ),
    "ot.gaussian": (
        "gaussian",
        "bures_wasserstein_mapping_hd empirical_bures_wasserstein_mapping_hd bures_distance bures_wasserstein_distance "
        "bures_wasserstein_distance_hd empirical_bures_wasserstein_distance empirical_bures_wasserstein_distance_hd "
        "bures_barycenter_fixpoint bures_barycenter_gradient_descent bures_wasserstein_barycenter "
        "empirical_bures_wasserstein_barycenter gaussian_gromov_wasserstein_distance "
        "empirical_gaussian_gromov_wasserstein_distance gaussian_gromov_wasserstein_mapping "
        "empirical_gaussian_gromov_wasserstein_mapping",
    ),
    "ot.gmm": ("gmm", "gmm_ot_loss gmm_ot_plan gmm_ot_apply_map gmm_ot_plan_density dist_bures_squared"),
    "ot.solvers._linear": ("solvers", "solve solve_sample"),
    "ot.batch._linear": ("batch", "solve_batch solve_sample_batch"),
    "ot.da": ("da", "sinkhorn_lpl1_mm sinkhorn_l1l2_gl emd_laplace"),
    "ot.mapping": ("mapping", "joint_OT_mapping_linear joint_OT_mapping_kernel"),
    "ot.smooth": ("smooth", "smooth_ot_dual smooth_ot_semi_dual"),
    "ot.stochastic": ("stochastic", "solve_semi_dual_entropic solve_dual_entropic c_transform_entropic"),
    "ot.weak": ("weak", "weak_optimal_transport"),
    "ot.semidiscrete": ("semidiscrete", "solve_semidiscrete"),
    "ot.partial.partial_solvers": (
        "partial",
        "partial_wasserstein partial_wasserstein2 partial_wasserstein_lagrange entropic_partial_wasserstein "
        "entropic_partial_wasserstein_logscale",
    ),
    "ot.unbalanced._sinkhorn": (
        "unbalanced",
        "sinkhorn_unbalanced sinkhorn_unbalanced2 sinkhorn_knopp_unbalanced sinkhorn_stabilized_unbalanced "
        "sinkhorn_unbalanced_translation_invariant",
    ),
    "ot.unbalanced._mm": ("unbalanced", "mm_unbalanced mm_unbalanced2"),
    "ot.unbalanced._lbfgs": ("unbalanced", "lbfgsb_unbalanced lbfgsb_unbalanced2"),
}
"""Module of POT: our module and the names."""

METHODS = {("ot.da", "BaseTransport"): ("_carry", "transform inverse_transform")}
"""Module and class of POT: our module, which has a class of the same name, and the methods."""

TOOLS = frozenset(
    """unif dist tic toc toq list_to_array get_backend euclidean_distances dist0 clean_zeros kernel laplacian cost_normalization
    check_params check_random_state fun_to_numpy parmap dots is_all_finite proj_simplex projection_sparse_simplex
    proj_SDP exp_bures label_normalization labels_to_masks get_coordinate_circle reduce_lazytensor get_lowrank_lazytensor
    get_parameter_pair center_ot_dual estimate_dual_null_weights quantile_function check_number_threads apply_scaler
    split_sample_ratio get_random_projections get_projections_sphere projection_sphere_to_circle geometricBar geometricMean
    projR projC check_result compute_lr_sqeuclidean_matrix kernel_nystroem get_sinkhorn_lazytensor sparse_ot_dist dist_batch
    get_plan_from_dual get_plan_from_semi_dual semidiscrete_atom_weights semidiscrete_ot_map semidiscrete_c_transform
    plan_dual_entropic plan_dual_quadratic derivative_cost_on_circle ot_cost_on_circle linear_circular_embedding roll_cols merge_bijections""".split()
)
"""What solves nothing: not counted."""


def served() -> dict[tuple[str, str], Callable[..., Any]]:
    """Our function for each (module, name) of POT."""
    found = {}
    for theirs, (ours, names) in SERVED.items():
        module = importlib.import_module(f"earthwork.pot.{ours}")
        for name in names.split():
            found[theirs, name] = getattr(module, name)
    return found


def methods() -> dict[tuple[str, str, str], Callable[..., Any]]:
    """Our method for each (module, class, name) of POT."""
    found = {}
    for (module, holder), (ours, names) in METHODS.items():
        kind = getattr(importlib.import_module(f"earthwork.pot.{ours}"), holder)
        for name in names.split():
            found[module, holder, name] = getattr(kind, name)
    return found
