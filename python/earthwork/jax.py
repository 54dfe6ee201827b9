"""Losses for JAX whose gradients are exact: solved in earthwork, differentiated by the envelope theorem.

Points are arrays (n, d), or (..., n, d) for many problems at once, with weights (..., n); there is one value for each problem.
``jax.jit``, ``jax.vmap``, ``jax.grad`` and ``jax.value_and_grad`` work; the solve itself runs on the host, in double precision, by
``jax.pure_callback``. The value has the float type that JAX promotes the arrays to. The losses that are solved have first derivatives only, by
reverse mode: to differentiate a gradient raises.

>>> import jax
>>> import jax.numpy as jnp
>>> from earthwork.jax import wasserstein_loss
>>> x, y = jnp.zeros((2, 1)), jnp.array([[3.0], [3.0]])
>>> float(wasserstein_loss(x, y)), jax.grad(wasserstein_loss)(x, y).tolist()
(9.0, [[-3.0], [-3.0]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from earthwork import _losses, flow
from earthwork._kinds import Price
from earthwork._losses import Solver

__all__ = [
    "assignment",
    "energy_loss",
    "mmd_loss",
    "sinkhorn_loss",
    "sliced_wasserstein_loss",
    "unbalanced_loss",
    "wasserstein_loss",
]


def _posed(x: Any, y: Any, a: Any, b: Any) -> list[Any]:
    """Points as (..., n, d) and weights as (..., n), of float types and with the same leading dimensions."""
    x, y, a, b = (None if t is None else jnp.asarray(t) for t in (x, y, a, b))
    x, y = (t[:, None] if t.ndim == 1 else t for t in (x, y))
    for name, t in (("x", x), ("y", y)):
        if t.ndim < 2:
            raise ValueError(f"{name}: points (n, d) or (..., n, d) are needed, not an array of shape {t.shape}")
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(f"y: it has dimension {y.shape[-1]}, but x has dimension {x.shape[-1]}")
    for name, w, points in (("a", a, x), ("b", b, y)):
        if w is not None and (w.ndim < 1 or w.shape[-1] != points.shape[-2]):
            raise ValueError(f"{name}: its shape is {w.shape}, but there are {points.shape[-2]} points")
    leads = [x.shape[:-2], y.shape[:-2], *(w.shape[:-1] for w in (a, b) if w is not None)]
    try:
        lead = jnp.broadcast_shapes(*leads)
    except ValueError:
        shown = ", ".join(map(str, leads))
        raise ValueError(f"x: the leading dimensions of points and weights do not agree: {shown}") from None
    sides = [jnp.broadcast_to(t, (*lead, *t.shape[-2:])) for t in (x, y)]
    sides += [None if w is None else jnp.broadcast_to(w, (*lead, w.shape[-1])) for w in (a, b)]
    return [t if t is None or jnp.issubdtype(t.dtype, jnp.floating) else t.astype(jnp.result_type(float)) for t in sides]


def _promoted(*arrays: Any) -> Any:
    """The float type of a result."""
    return jnp.result_type(*(t.dtype for t in arrays if t is not None))


def _solved(x: Any, y: Any, a: Any, b: Any, solve: Solver, order: float | None) -> Any:
    posed = _posed(x, y, a, b)
    held = [t is not None for t in posed]
    kind = _promoted(*posed)

    def host(wanted: bool, *given: Any) -> Any:
        """Values, and the derivatives by what was given beside them, of arrays with any leading dimensions."""
        arrays = iter(np.asarray(t) for t in given)
        full = [next(arrays) if here else None for here in held]
        lead = full[0].shape[:-2]  # type: ignore[union-attr]
        flat = [None if t is None else t.reshape(-1, *t.shape[len(lead) :]) for t in full]
        found = solve(flat[0], flat[1], flat[2], flat[3], wanted)
        values, slopes = _losses.settled(found, order)
        value = values.reshape(lead).astype(kind)
        if not wanted:
            return value
        gradients = []
        for k, t in enumerate(full):
            if t is not None:
                made = _losses.derivative(found, slopes, k)
                gradients.append(np.full(t.shape, np.nan, t.dtype) if made is None else made.reshape(t.shape).astype(t.dtype))
        return value, *gradients

    def told(wanted: bool, *given: Any) -> Any:
        value = jax.ShapeDtypeStruct(given[0].shape[:-2], kind)
        shapes = (value, *(jax.ShapeDtypeStruct(t.shape, t.dtype) for t in given)) if wanted else value
        return jax.pure_callback(lambda *arrays: host(wanted, *arrays), shapes, *given, vmap_method="broadcast_all")

    @jax.custom_vjp  # type: ignore[untyped-decorator, unused-ignore]
    def loss(*given: Any) -> Any:
        return told(False, *given)

    def forward(*given: Any) -> Any:
        value, *gradients = told(True, *given)
        return value, gradients

    def backward(gradients: Any, scale: Any) -> Any:
        factors = [scale.reshape(scale.shape + (1,) * (g.ndim - scale.ndim)) for g in gradients]
        # What is 0 stays so under an infinite factor, such as that of a root of the loss at 0.
        return tuple(jnp.where(g == 0, jnp.zeros_like(g), (g * f).astype(g.dtype)) for g, f in zip(gradients, factors, strict=True))

    loss.defvjp(forward, backward)
    return loss(*(t for t in posed if t is not None))


def wasserstein_loss(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    p: float = 2,
    *,
    root: bool = False,
    normalize: bool = False,
    tolerance: float = 0.0,
    time_limit: float | None = None,
) -> Any:
    """W_p^p between arrays x (..., n, d) and y (..., m, d), exact, with exact gradients by points and weights.

    Args:
        x: points, of shape (n,), (n, d) or (..., n, d).
        y: points, of shape (m,), (m, d) or (..., m, d).
        a: weights of x; 1/n each by default.
        b: weights of y, of the same total, to the precision of their type.
        p: the order.
        root: W_p itself, whose gradient is 0 where the samples are equal.
        normalize: divide the weights of either side by their sum first (the gradient is then that by the divided weights).
        tolerance: the relative gap between proven bounds at which a solve may end; 0 asks for the optimum.
        time_limit: seconds for all problems together; a warning says when it ended one of them.
    """
    solve = _losses.wasserstein(p, normalize=normalize, tolerance=tolerance, time_limit=time_limit)
    return _solved(x, y, a, b, solve, float(p) if root else None)


def sinkhorn_loss(
    x: Any,
    y: Any,
    epsilon: float,
    a: Any = None,
    b: Any = None,
    cost: str = "sqeuclidean",
    *,
    normalize: bool = False,
    tolerance: float = 1e-6,
) -> Any:
    """The Sinkhorn divergence S_ε between arrays x (..., n, d) and y (..., m, d), with its gradients.

    ``normalize`` divides the weights of either side by their sum first; ``tolerance`` is that of :func:`earthwork.sinkhorn.divergence`.
    """
    return _solved(x, y, a, b, _losses.sinkhorn(epsilon, cost, normalize=normalize, tolerance=tolerance), None)


def unbalanced_loss(
    x: Any,
    y: Any,
    epsilon: float,
    price: Price,
    a: Any = None,
    b: Any = None,
    cost: str = "sqeuclidean",
    *,
    debias: bool = True,
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
) -> Any:
    """Unbalanced entropic transport between arrays, with gradients by points and masses.

    The number and the arguments are those of :func:`earthwork.torch.unbalanced_loss`.
    """
    solve = _losses.unbalanced(epsilon, price, cost, debias=debias, tolerance=tolerance, max_iterations=max_iterations)
    return _solved(x, y, a, b, solve, None)


def sliced_wasserstein_loss(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    p: float = 2,
    *,
    root: bool = False,
    directions: Any = 500,
    seed: int = 0,
    normalize: bool = False,
) -> Any:
    """The mean of W_p^p over directions, with its gradients by the points; with ``root`` its root of order p.

    ``directions`` is their number, drawn by ``seed``, or an array of them. There are no derivatives by weights: they are NaN.
    """
    return _solved(x, y, a, b, _losses.sliced(p, directions, seed=seed, normalize=normalize), float(p) if root else None)


def _means(between: Callable[[Any, Any], Any], x: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """The means of a function of pairs: across, within x, within y."""
    x, y, a, b = _posed(x, y, a, b)
    kind = jnp.promote_types(jnp.float32, _promoted(x, y))
    x, y = x.astype(kind), y.astype(kind)
    a, b = (
        jnp.full(points.shape[:-1], 1.0 / points.shape[-2], kind) if w is None else w.astype(kind) / w.astype(kind).sum(-1, keepdims=True)
        for w, points in ((a, x), (b, y))
    )

    def mean(first: Any, second: Any, w: Any, v: Any) -> Any:
        squares = ((first[..., :, None, :] - second[..., None, :, :]) ** 2).sum(-1)
        return (w[..., :, None] * between(squares, kind) * v[..., None, :]).sum((-2, -1))

    return mean(x, y, a, b), mean(x, x, a, a), mean(y, y, b, b)


def _lengths(squares: Any, kind: Any) -> Any:
    """Roots with the derivative 0 at 0."""
    away = squares > 0
    return jnp.where(away, jnp.sqrt(jnp.where(away, squares, 1.0)), 0.0)


def energy_loss(x: Any, y: Any, a: Any = None, b: Any = None) -> Any:
    """The energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, which is 0 where the distributions agree. SciPy's is its root.

    Weights count by their parts of the total. Computed by JAX, in O(nmd) memory.
    """
    across, within_x, within_y = _means(_lengths, x, y, a, b)
    return (2.0 * across - within_x - within_y).astype(_promoted(*_posed(x, y, None, None)[:2]))


def mmd_loss(x: Any, y: Any, a: Any = None, b: Any = None, bandwidth: float = 1.0) -> Any:
    """The squared maximum mean discrepancy with the Gaussian kernel exp(-|x - y|² / (2 bandwidth²)).

    Weights count by their parts of the total. Computed by JAX, in O(nmd) memory.
    """
    if not bandwidth > 0:
        raise ValueError(f"bandwidth: it is {bandwidth}, but a positive number is needed")
    across, within_x, within_y = _means(lambda squares, kind: jnp.exp(squares / (-2.0 * bandwidth**2)), x, y, a, b)
    return (within_x + within_y - 2.0 * across).astype(_promoted(*_posed(x, y, None, None)[:2]))


def assignment(x: Any, y: Any, cost: str = "sqeuclidean") -> Any:
    """The optimal matching of equally many points: to point i of x belongs point ``assignment(x, y)[..., i]`` of y.

    Points of shape (B, n, d) are matched problem by problem. There is no derivative.
    """
    first, second, _, _ = _posed(x, y, None, None)
    if first.shape[-2] != second.shape[-2]:
        raise ValueError(f"y: it has {second.shape[-2]} points, but x has {first.shape[-2]}; a matching needs as many")
    first, second = jax.lax.stop_gradient((first, second))
    kind = jnp.result_type(int)

    def host(P: Any, Q: Any) -> Any:
        flat = [np.asarray(t).reshape(-1, *t.shape[-2:]) for t in (P, Q)]
        return flow.coupling(*flat, cost=cost, batched=True).reshape(P.shape[:-1]).astype(kind)

    shape = jax.ShapeDtypeStruct(first.shape[:-1], kind)
    return jax.pure_callback(host, shape, first, second, vmap_method="broadcast_all")
