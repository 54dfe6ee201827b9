"""Exact transport under the names of POT's ``lp``: between points, on the line and the circle, and barycenters."""

from __future__ import annotations

from earthwork.pot._emd import emd, emd2, emd2_lazy
from earthwork.pot._potentials import center_ot_dual, estimate_dual_null_weights
from earthwork.pot.barycenters import (
    NorthWestMMGluing,
    barycenter,
    free_support_barycenter,
    free_support_barycenter_generic_costs,
    generalized_free_support_barycenter,
    ot_barycenter_energy,
)
from earthwork.pot.circle import (
    binary_search_circle,
    linear_circular_ot,
    semidiscrete_wasserstein2_unif_circle,
    wasserstein_circle,
)
from earthwork.pot.line import emd2_1d, emd_1d, emd_1d_dual_backprop, quantile_function, wasserstein_1d

__all__ = [
    "NorthWestMMGluing",
    "barycenter",
    "binary_search_circle",
    "center_ot_dual",
    "emd",
    "emd2",
    "emd2_1d",
    "emd2_lazy",
    "emd_1d",
    "emd_1d_dual_backprop",
    "estimate_dual_null_weights",
    "free_support_barycenter",
    "free_support_barycenter_generic_costs",
    "generalized_free_support_barycenter",
    "linear_circular_ot",
    "ot_barycenter_energy",
    "quantile_function",
    "semidiscrete_wasserstein2_unif_circle",
    "wasserstein_1d",
    "wasserstein_circle",
]
