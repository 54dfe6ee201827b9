"""Kernel distances: the energy distance and the maximum mean discrepancy, with standard errors and O(n) memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Points
from earthwork._kinds import OnMissing
from earthwork.results import Estimate

__all__ = ["energy", "energy_distance", "mmd", "mmd_distance"]


def energy(*, unbiased: bool = False, rooted: bool = False) -> _native.Discrepancy:
    """The energy distance as a discrepancy, for intervals, tests and laws."""
    return _native.Discrepancy.energy(unbiased, rooted)


def energy_distance(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    *,
    unbiased: bool = False,
    rooted: bool = False,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """2 E‖X - Y‖ - E‖X - X'‖ - E‖Y - Y'‖. SciPy's is the root: ``rooted=True``.

    >>> import earthwork as ew
    >>> ew.kernel.energy_distance([[0.0, 0.0]], [[3.0, 4.0]]).value
    10.0
    """
    return energy(unbiased=unbiased, rooted=rooted).between(*_inputs.pair(X, Y, a, b, normalize=normalize, missing=missing))


def mmd(
    kernel: str = "gaussian",
    bandwidth: str | float | Sequence[float] = "median",
    *,
    unbiased: bool | None = None,
    rooted: bool = False,
    linear: bool = False,
    degree: int = 3,
    scale: float | None = None,
    offset: float = 1.0,
) -> _native.Discrepancy:
    """The maximum mean discrepancy as a discrepancy, for intervals, tests and laws.

    ``unbiased`` is as in :func:`mmd_distance`.
    """
    unbiased = not rooted if unbiased is None else unbiased
    return _native.Discrepancy.mmd(kernel, bandwidth, unbiased, rooted, linear, degree, scale, offset)


def mmd_distance(
    X: Points,
    Y: Points,
    kernel: str = "gaussian",
    bandwidth: str | float | Sequence[float] = "median",
    a: Any = None,
    b: Any = None,
    *,
    unbiased: bool | None = None,
    rooted: bool = False,
    linear: bool = False,
    degree: int = 3,
    scale: float | None = None,
    offset: float = 1.0,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """MMD², E k(X, X') + E k(Y, Y') - 2 E k(X, Y).

    Args:
        X: points, of shape (n, d) or (n,).
        Y: points, of shape (m, d).
        kernel: ``gaussian`` exp(-‖x - y‖² / 2σ²), ``laplace`` exp(-‖x - y‖ / σ), or ``polynomial`` (scale ⟨x, y⟩ + offset)^degree.
        bandwidth: σ: a length, several (at most 8) for the mean of their kernels, ``median``, or ``around-median``.
        a: weights of X.
        b: weights of Y.
        unbiased: whether pairs of a point with itself are left out (a U-statistic: right on average for the distributions, and now and
            then below 0). The default, but not with ``rooted``. False is the distance between the samples as they are.
        rooted: MMD instead of its square.
        linear: the estimate in linear time, with a much larger standard error.
        degree: of the polynomial.
        scale: of the polynomial; 1/d by default.
        offset: of the polynomial.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.

    >>> import earthwork as ew
    >>> round(ew.kernel.mmd_distance([[0.0]], [[1.0]], bandwidth=1.0, unbiased=False).value, 6)
    0.786939
    """
    options = mmd(
        kernel, bandwidth, unbiased=unbiased, rooted=rooted, linear=linear, degree=degree, scale=scale, offset=offset
    )
    return options.between(*_inputs.pair(X, Y, a, b, normalize=normalize, missing=missing))
