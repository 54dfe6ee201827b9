"""POT's names over earthwork's solvers, and an accelerator for an installed POT.

Two ways in. ``import earthwork.pot as ot`` is POT's interface (of version 0.9.7) served by earthwork alone. The accelerator runs
scripts as they are: ``python -m earthwork.pot script.py``, :func:`accelerate`, or ``with accelerated():`` replace POT's solvers in
place, and POT answers what is not served here.

>>> import earthwork.pot as ot
>>> M = ot.dist([[0.0, 0.0], [1.0, 0.0]], [[3.0, 4.0], [4.0, 4.0]])
>>> float(ot.emd2([], [], M))
25.0
"""

from __future__ import annotations

from typing import Any

from earthwork.pot import (
    backend,
    batch,
    bregman,
    da,
    datasets,
    gaussian,
    gmm,
    lp,
    mapping,
    optim,
    partial,
    semidiscrete,
    sliced,
    smooth,
    solvers,
    stochastic,
    unbalanced,
    utils,
    weak,
)
from earthwork.pot._accelerate import accelerate, accelerated, report, report_rows, restore
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot.batch import dist_batch, solve_batch, solve_sample_batch
from earthwork.pot.bregman import barycenter, sinkhorn, sinkhorn2
from earthwork.pot.lp import (
    binary_search_circle,
    emd,
    emd2,
    emd2_1d,
    emd2_lazy,
    emd_1d,
    emd_1d_dual_backprop,
    linear_circular_ot,
    semidiscrete_wasserstein2_unif_circle,
    wasserstein_1d,
    wasserstein_circle,
)
from earthwork.pot.sliced import (
    expected_sliced_plan,
    linear_sliced_wasserstein_sphere,
    max_sliced_wasserstein_distance,
    min_sliced_transport_plan,
    sliced_wasserstein_distance,
    sliced_wasserstein_sphere,
    sliced_wasserstein_sphere_unif,
)
from earthwork.pot.solvers import solve, solve_bary_sample, solve_sample
from earthwork.pot.unbalanced import sinkhorn_unbalanced, sinkhorn_unbalanced2
from earthwork.pot.utils import dist, tic, toc, toq, unif
from earthwork.pot.weak import weak_optimal_transport

__all__ = [
    "weak_optimal_transport",
    "weak",
    "stochastic",
    "smooth",
    "semidiscrete",
    "optim",
    "mapping",
    "da",
    "InputError",
    "NotServed",
    "accelerate",
    "accelerated",
    "backend",
    "barycenter",
    "batch",
    "binary_search_circle",
    "bregman",
    "datasets",
    "dist",
    "dist_batch",
    "emd",
    "emd2",
    "emd2_1d",
    "emd2_lazy",
    "emd_1d",
    "emd_1d_dual_backprop",
    "expected_sliced_plan",
    "gaussian",
    "gmm",
    "linear_circular_ot",
    "linear_sliced_wasserstein_sphere",
    "lp",
    "max_sliced_wasserstein_distance",
    "min_sliced_transport_plan",
    "partial",
    "report",
    "report_rows",
    "restore",
    "semidiscrete_wasserstein2_unif_circle",
    "sinkhorn",
    "sinkhorn2",
    "sinkhorn_unbalanced",
    "sinkhorn_unbalanced2",
    "sliced",
    "sliced_wasserstein_distance",
    "sliced_wasserstein_sphere",
    "sliced_wasserstein_sphere_unif",
    "solve",
    "solve_bary_sample",
    "solve_batch",
    "solve_sample",
    "solve_sample_batch",
    "solvers",
    "tic",
    "toc",
    "toq",
    "unbalanced",
    "unif",
    "utils",
    "wasserstein_1d",
    "wasserstein_circle",
]


def __getattr__(name: str) -> Any:
    raise AttributeError(f"earthwork.pot has no {name!r}: it is not served without POT; docs/pot.md lists what is")
