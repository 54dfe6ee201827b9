"""Couplings for flow matching: which noise goes with which data, by exact transport of a minibatch.

Training pairs drawn from the optimal plan between minibatches give straighter paths than independent pairs (Tong et al., "Improving and
generalizing flow-based generative models with minibatch optimal transport", TMLR 2024). In a training loop:

    j = ew.flow.coupling(x0, x1)
    x1 = x1[j]

The coupling is exact, deterministic, the same at any number of threads, and uses each point once.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._costs import Cost, of_points
from earthwork._inputs import Floats
from earthwork._number import ended
from earthwork._text import brief

__all__ = ["Pairs", "coupling"]

PRODUCTS = 1_000_000
"""Up to so many pairs in many dimensions a matrix of squared distances, made by one product, is the faster way in."""

SMALL = 2_000
"""Up to so many points that a time limit left without a partner are matched exactly."""


@brief
class Pairs(NamedTuple):
    """A coupling with weights: row i of ``x0`` goes with row j of ``x1`` to the extent of ``weights``."""

    rows: Any
    columns: Any
    weights: Any

    def draw(self, k: int, seed: int = 0) -> tuple[Any, Any]:
        """Rows and columns of ``k`` pairs in random order, each pair as often as its weight says up to less than one.

        The draw is systematic (one random offset for all), so that rows with equal weights come equally often: without replacement
        where ``k`` is the number of rows.

        >>> import earthwork as ew
        >>> pairs = ew.flow.coupling([[0.0], [1.0]], [[0.0], [1.0], [2.0], [3.0]])
        >>> rows, columns = pairs.draw(4)
        >>> sorted(rows.tolist()), sorted(columns.tolist())
        ([0, 0, 1, 1], [0, 1, 2, 3])
        """
        count = _inputs.count("k", k)
        rng = np.random.default_rng(_inputs.count("seed", seed))
        weights = np.asarray(_plain(self.weights), dtype=np.float64)
        ends = np.cumsum(weights / weights.sum())
        at = (np.arange(count) + rng.random()) / max(count, 1)
        chosen = rng.permutation(np.minimum(np.searchsorted(ends, at, side="right"), len(weights) - 1))
        return tuple(_like(one, _plain(one)[chosen]) for one in (self.rows, self.columns))


def coupling(
    x0: Any,
    x1: Any,
    a: Any = None,
    b: Any = None,
    *,
    cost: Cost = "sqeuclidean",
    batched: bool = False,
    normalize: bool = False,
    tolerance: float = 0.0,
    time_limit: float | None = None,
) -> Any:
    """The optimal coupling of two minibatches: a permutation, or pairs with weights.

    Args:
        x0: points of shape (n, ...), such as noise; axes after the first are coordinates. Any number type of numpy or torch.
        x1: points of shape (m, ...), such as data.
        a, b: weights of x0 and x1; 1/n and 1/m each by default.
        cost: the cost between two points, a name or a function, as in :func:`earthwork.exact.solve`.
        batched: the first axis counts problems: x0 is (B, n, ...), x1 is (B, m, ...). They are solved in parallel.
        normalize: divide the weights by their sums first.
        tolerance: the relative gap to the optimum at which a solve may end; 0 asks for the optimum.
        time_limit: seconds after which the best coupling so far is taken, with a ``ConvergenceWarning``.

    Returns:
        Where n = m and there are no weights, whole numbers j of shape (n,), or (B, n): row i of x0 goes with row ``j[i]`` of x1, and each
        row of x1 is used once. Otherwise :class:`Pairs`, or a list of them. Tensors of torch where x1 is one, on its device.

    >>> import earthwork as ew
    >>> ew.flow.coupling([[0.0], [5.0], [2.0]], [[2.1], [0.2], [4.0]])
    array([1, 2, 0])
    """
    first, second = _points("x0", x0, batched), _points("x1", x1, batched)
    if len(first) != len(second):
        raise ValueError(f"x0 and x1: there are {len(first)} and {len(second)} problems in the batch; they go in pairs")
    n, m = first.shape[1], second.shape[1]
    if first.shape[2] != second.shape[2]:
        raise ValueError(f"x0 and x1: their points have {first.shape[2]} and {second.shape[2]} coordinates; the same number is needed")
    of_a, of_b = _weights("a", a, batched, first.shape), _weights("b", b, batched, second.shape)
    given = [
        _inputs.pair(X, Y, w, v, normalize=normalize, names=(f"x0[{k}]", f"x1[{k}]") if batched else ("x0", "x1"))
        for k, (X, Y, w, v) in enumerate(zip(first, second, of_a, of_b, strict=True))
    ]
    within = _inputs.tolerance(tolerance)
    found: list[Any]
    name = "" if callable(cost) else _inputs.text("cost", cost)
    if callable(cost):
        found = [_native.exact_solve_matrix(of_points(x, y, cost), x.weights, y.weights, within, time_limit) for x, y in given]
    elif len(given) == 1 and name == "sqeuclidean" and n * m <= PRODUCTS and first.shape[2] > 12:
        x, y = given[0]
        found = [_native.exact_solve_matrix(_squares(first[0], second[0]), x.weights, y.weights, within, time_limit)]
    elif len(given) == 1:
        found = [_native.exact_solve(*given[0], name, None, within, time_limit)]
    else:
        ends: Any = _native.exact_batch(given, name, within, time_limit)
        if None in ends:
            raise TimeoutError(f"time_limit: {time_limit} s were too short to begin with problem {ends.index(None)}; give more")
        found = ends
    early = next((raw.status for raw in found if raw.status not in ("optimal", "within tolerance")), "optimal")
    ended("the coupling", early)
    if n == m and a is None and b is None:
        chosen = np.stack([_permutation(raw, X, Y) for raw, X, Y in zip(found, first, second, strict=True)])
        return _like(x1, chosen if batched else chosen[0])
    pairs = [Pairs(*(_like(x1, one) for one in raw.entries())) for raw in found]
    return pairs if batched else pairs[0]


def _plain(given: Any) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(given, torch.Tensor):
        return np.asarray(given)
    plain = given.detach().cpu()
    return (plain.double() if plain.is_floating_point() else plain).numpy()


def _like(given: Any, found: Any) -> Any:
    """An array as a tensor where ``given`` is one."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(given, torch.Tensor):
        return found
    made = torch.as_tensor(found, device=given.device)
    return made.to(given.dtype) if made.is_floating_point() and given.is_floating_point() else made


def _points(name: str, given: Any, batched: bool) -> Floats:
    """Points as (B, n, d)."""
    array = np.asarray(_plain(given), dtype=np.float64)
    least = 2 if batched else 1
    if array.ndim < least or 0 in array.shape:
        wanted = "(B, n, ...)" if batched else "(n, ...)"
        raise ValueError(f"{name}: its shape is {array.shape}, but points of shape {wanted} are needed")
    problems = array if batched else array[None]
    found: Floats = np.ascontiguousarray(problems.reshape(*problems.shape[:2], -1))
    return found


def _squares(X: Floats, Y: Floats) -> Floats:
    """Squared distances about a centre, so that an offset of all points costs no digits."""
    centre = X.mean(0)
    P, Q = X - centre, Y - centre
    found: Floats = P @ Q.T
    found *= -2.0
    found += np.einsum("ij,ij->i", P, P)[:, None]
    found += np.einsum("ij,ij->i", Q, Q)[None, :]
    return np.maximum(found, 0.0, out=found)


def _weights(name: str, given: Any, batched: bool, shape: tuple[int, ...]) -> Any:
    if given is None:
        return [None] * shape[0]
    wanted = shape[:2] if batched else shape[1:2]
    if np.shape(_plain(given)) != wanted:
        raise ValueError(f"{name}: its shape is {np.shape(_plain(given))}, but {wanted} is needed")
    return list(given) if batched else [given]


def _permutation(raw: Any, X: Floats, Y: Floats) -> NDArray[np.int64]:
    """The partner of each row. An optimal plan between equal masses is a permutation; one that was cut short is made one."""
    n = len(X)
    rows, columns, flows = raw.entries()
    whole = flows * n > 0.5 * flows.sum()
    chosen = np.full(n, -1, dtype=np.int64)
    chosen[rows[whole]] = columns[whole]
    lone = np.flatnonzero(chosen < 0)
    if len(lone):
        free = np.ones(n, dtype=bool)
        free[chosen[chosen >= 0]] = False
        left = np.flatnonzero(free)
        if len(lone) <= SMALL:
            inner = _native.exact_solve(_native.Samples(X[lone]), _native.Samples(Y[left]), "sqeuclidean")
            i, j, _ = inner.entries()
            chosen[lone[i]] = left[j]
        else:
            chosen[lone] = left
    return chosen
