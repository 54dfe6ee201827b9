"""Distances between distributions, each with its evidence.

>>> import earthwork as ew
>>> X, Y = [[0, 0], [1, 0], [0, 2]], [[3, 4], [4, 4], [3, 6]]
>>> float(ew.distance(X, Y))  # every point moves by (3, 4)
5.0
>>> plan = ew.exact.solve(X, Y)
>>> plan.lower <= plan.value <= plan.upper
True

========================  ==========================================================================================
``ew.distance``           one number by any method, with its evidence
``ew.compare``            every distance of two samples, as a table
``ew.exact``              exact transport: plans, potentials, proofs; partial transport, barycenters, pairwise matrices
``ew.pairwise``           all pairs of many samples, on all cores or a Dask cluster, from a store; the nearest of each
``ew.summary``            summaries of billions of rows that merge, and the distances that they still give
``ew.sinkhorn``           entropic transport with bounds on the exact cost; divergence, barycenters, unbalanced
``ew.sliced``             sliced and max-sliced distances with standard errors; plans from slices; streams
``ew.divergence``         KL, JS, total variation and their family: from samples, masses, Gaussians, mixtures
``ew.kernel``             energy distance and MMD
``ew.critic``             networks as proven lower bounds on W₁; the exact dual as a critic
``ew.flow``               couplings of minibatches for flow matching
``ew.gan``                adversarial training with exact transport as the referee
``ew.metrics``            metrics of generative models: FID, KID, precision and recall, modes, memorisation
``ew.validate``           those metrics held against exact transport under thirteen corruptions: verdicts, tables, a page
``ew.closed_form``        Gaussians and mixtures of them, quantile functions
``ew.mixture``            drawing from Gaussian mixtures, their density and classes
``ew.certify``            whether a plan of yours is optimal
``ew.two_sample_test``    whether two samples can come from one distribution; ``ew.interval``, ``ew.laws``
``ew.plot``               pictures (matplotlib); ``ew.sklearn``, ``ew.torch``, ``ew.jax``, ``ew.scipy`` and ``ew.pot`` for those who use them
========================  ==========================================================================================

Samples are arrays of shape (n, d), lists, or tables (pandas, polars, pyarrow, anndata), whose columns are matched by name. Truth values
count as 0 and 1; missing values, dates, durations, complex numbers and integers that a 64-bit float cannot hold are refused. Bad input
raises ValueError or TypeError that names the argument, the position and the value. A solver that ends early warns
(``ew.ConvergenceWarning``) and returns what it has, with a status. Ctrl-C ends any call. Results can be pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array

from earthwork import _earthwork as _native
from earthwork import _inputs, closed_form, critic, divergence, exact, flow, gan, kernel, metrics, mixture, plot, sinkhorn, sliced, summary, validate
from earthwork._costs import Cost, cost, of_points
from earthwork._earthwork import Certificate, Discrepancy, Samples, __version__
from earthwork._kinds import OnMissing
from earthwork.comparison import (
    Comparison,
    TwoSampleTest,
    compare,
    discrepancy,
    distance,
    interval,
    laws,
    standardised,
    std_error,
    two_sample_test,
)
from earthwork._number import ConvergenceWarning
from earthwork.scale.matrix import PairwiseResult, open_pairwise, pairwise
from earthwork.results import Distance, Estimate, Gradient, Potentials, SinkhornSolution, Solution

if TYPE_CHECKING:  # imported when they are asked for, but their types are known
    from earthwork import jax as jax
    from earthwork import pot as pot
    from earthwork import scipy as scipy
    from earthwork import sklearn as sklearn
    from earthwork import torch as torch

__all__ = [
    "Certificate",
    "Comparison",
    "ConvergenceWarning",
    "Discrepancy",
    "Distance",
    "Estimate",
    "Gradient",
    "PairwiseResult",
    "Potentials",
    "Samples",
    "SinkhornSolution",
    "Solution",
    "TwoSampleTest",
    "__version__",
    "certify",
    "closed_form",
    "compare",
    "cost",
    "critic",
    "discrepancy",
    "distance",
    "divergence",
    "exact",
    "flow",
    "gan",
    "interval",
    "kernel",
    "laws",
    "metrics",
    "mixture",
    "open_pairwise",
    "pairwise",
    "plot",
    "samples",
    "sinkhorn",
    "sliced",
    "standardised",
    "std_error",
    "summary",
    "two_sample_test",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Imported when they are asked for: what they are named after need not be installed."""
    if name in ("jax", "pot", "scipy", "sklearn", "torch"):
        import importlib

        return importlib.import_module(f"earthwork.{name}")
    raise AttributeError(f"module 'earthwork' has no attribute {name!r}")


def samples(points: Any, weights: Any = None, *, normalize: bool = False, missing: OnMissing = "error") -> Samples:
    """Points of shape (n, d) with weights (n,), checked once; accepted wherever a sample is.

    Args:
        points: an array, lists, or a table, whose columns keep their names: other tables are matched to them by name.
        weights: 1/n each by default.
        normalize: divide the weights by their sum.
        missing: what becomes of rows with a missing value (masked, None, NA, NaT, null, NaN): ``"error"`` names the first,
            ``"drop"`` leaves all of them out, and ``left_out`` of the sample counts them.

    A C-contiguous float64 array of 8 MB or more is read where it lies, here and wherever samples are arguments: leave it as it is
    for as long as the samples, or a result that came of them, are in use. Other arrays are copied.

    >>> import earthwork as ew
    >>> ew.samples([[0.0], [4.0]], weights=[3.0, 1.0])
    Samples(2 points, d = 1, weights, total 4)
    """
    return _inputs.sample("points", points, "weights", weights, missing=missing, normalize=normalize)


def certify(
    plan: Any,
    X: Any = None,
    Y: Any = None,
    a: Any = None,
    b: Any = None,
    cost: Cost = "sqeuclidean",
    *,
    C: Any = None,
    potentials: Any = None,
    normalize: bool = False,
) -> Certificate:
    """Checks a plan (and potentials) of anybody: bounds on the optimum, and what the plan fails to deliver.

    Args:
        plan: an array or sparse matrix of shape (n, m).
        X: points, of shape (n, d).
        Y: points, of shape (m, d).
        a: weights of the rows; 1/n each by default.
        b: weights of the columns.
        cost: the ground cost between points, a name or a function of two points.
        C: a cost matrix (n, m) in place of points.
        potentials: a pair (f, g), made feasible here; zeros prove little.
        normalize: divide the weights of either side by their sum first.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> ew.certify(np.eye(2) / 2, C=[[0.0, 1.0], [1.0, 0.0]]).upper
    0.0
    """
    if (C is None) == (X is None or Y is None):
        raise ValueError("C: give either X and Y, or C")
    entries = coo_array(plan)
    if C is not None:
        costs = _inputs.cost_matrix(C)
        n, m = costs.shape
    else:
        x, y = _inputs.pair(X, Y, a, b, normalize=normalize)
        if callable(cost):
            return certify(plan, a=x.weights, b=y.weights, C=of_points(x, y, cost), potentials=potentials)
        n, m = len(x), len(y)
    if entries.shape != (n, m):
        raise ValueError(f"plan: it has shape {entries.shape}, but {(n, m)} is needed")
    f, g = (np.zeros(n), np.zeros(m)) if potentials is None else potentials
    parts = (
        np.ascontiguousarray(entries.row, dtype=np.int64),
        np.ascontiguousarray(entries.col, dtype=np.int64),
        _inputs.floats("plan", entries.data),
        _inputs.floats("potentials", f, ndim=1).tolist(),
        _inputs.floats("potentials", g, ndim=1).tolist(),
    )
    if C is not None:
        rows, columns = _inputs.masses_of(("a", a), ("b", b), (n, m), normalize)
        return _native.certify_matrix(costs, rows, columns, *parts)
    return _native.certify(x, y, _inputs.text("cost", cost), *parts)


def _settle() -> None:
    """Has everything made that is made once, when arrays first go in and come out: a process that is forked while another thread makes
    it would wait forever."""
    pair = samples(np.zeros((1, 2)), np.ones(1)), samples(np.ones((1, 2)))
    solution = exact.solve(*pair)
    solution.plan, solution.potentials, pair[0].points, pair[0].weights


_settle()
