"""Entropic transport and all that rests on it, under the names of POT's ``bregman``."""

from __future__ import annotations

from earthwork.pot._bregman_more import free_support_sinkhorn_barycenter, screenkhorn, unmix
from earthwork.pot._jcpot import jcpot_barycenter
from earthwork.pot._sinkhorn import (
    empirical_sinkhorn,
    empirical_sinkhorn2,
    empirical_sinkhorn_divergence,
    greenkhorn,
    sinkhorn,
    sinkhorn2,
    sinkhorn_epsilon_scaling,
    sinkhorn_knopp,
    sinkhorn_log,
    sinkhorn_stabilized,
)
from earthwork.pot.fixed import (
    barycenter,
    barycenter_debiased,
    barycenter_sinkhorn,
    barycenter_stabilized,
    convolutional_barycenter2d,
    convolutional_barycenter2d_debiased,
)

__all__ = [
    "barycenter",
    "barycenter_debiased",
    "barycenter_sinkhorn",
    "barycenter_stabilized",
    "convolutional_barycenter2d",
    "convolutional_barycenter2d_debiased",
    "empirical_sinkhorn",
    "empirical_sinkhorn2",
    "empirical_sinkhorn_divergence",
    "free_support_sinkhorn_barycenter",
    "greenkhorn",
    "jcpot_barycenter",
    "screenkhorn",
    "sinkhorn",
    "sinkhorn2",
    "sinkhorn_epsilon_scaling",
    "sinkhorn_knopp",
    "sinkhorn_log",
    "sinkhorn_stabilized",
    "unmix",
]

geomloss = False
"""GeomLoss is not needed here; scripts ask for it by this name."""
