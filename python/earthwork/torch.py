"""Losses for torch whose gradients are exact: solved in earthwork, differentiated by the envelope theorem.

Tensors of any device and type are accepted; the solve itself runs in double precision on the processor. The value has the float type
that torch promotes the tensors to (the default one, where all hold integers), and lies on the device of ``x``. There are first
derivatives only: to differentiate a gradient raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from earthwork import exact, sinkhorn

__all__ = ["sinkhorn_loss", "wasserstein_loss"]


class _Loss(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, a: Any, b: Any, solve: Callable[..., Any], order: float | None) -> Any:
        found = solve(x, y, a, b)
        value, ctx.slope = found.value, 1.0
        if order is not None:
            # Where the cost is 0 its root has a kink, of which 0 is a subgradient.
            cost, value = max(value, 0.0), max(value, 0.0) ** (1.0 / order)
            ctx.slope = value / (order * cost) if cost > 0 else 0.0
        ctx.found = found
        ctx.save_for_backward(*(t for t in (x, y, a, b) if t is not None))
        ctx.kinds = [None if t is None else (t.shape, t.dtype, t.device) for t in (x, y, a, b)]
        return torch.as_tensor(value, dtype=_promoted(x, y, a, b), device=x.device)

    @staticmethod
    def backward(ctx: Any, scale: Any) -> Any:
        gradients = ctx.found.gradient()
        # Masses must keep their total: only differences of their gradient mean something, so its mean is taken off.
        centred = [g - g.mean() for g in (gradients.a, gradients.b)]
        back: list[Any] = []
        for numbers, kind, wanted in zip((gradients.X, gradients.Y, *centred), ctx.kinds, ctx.needs_input_grad, strict=False):
            if kind is None or not wanted:
                back.append(None)
                continue
            shape, dtype, device = kind
            slope = float(scale) * ctx.slope
            found = torch.as_tensor(numbers * slope if slope else numbers * 0.0, dtype=dtype, device=device).reshape(shape)
            # Where a graph of the gradient is made, it says that the gradient depends on all of them.
            back.append(_First.apply(found, scale, *ctx.saved_tensors) if torch.is_grad_enabled() else found)
        return *back, None, None


class _First(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    """A first derivative, of which there is no second."""

    @staticmethod
    def forward(ctx: Any, gradient: Any, *depends_on: Any) -> Any:
        return gradient.clone()

    @staticmethod
    def backward(ctx: Any, scale: Any) -> Any:
        raise RuntimeError(
            "losses of earthwork.torch have first derivatives only: the plan changes in jumps, so that a gradient cannot be differentiated "
            "again (call the first `backward` without create_graph, or detach the gradient)"
        )


def _promoted(*tensors: Any) -> Any:
    """The float type of a result."""
    found = None
    for tensor in tensors:
        if tensor is not None:
            found = tensor.dtype if found is None else torch.promote_types(found, tensor.dtype)
    return found if found is not None and found.is_floating_point else torch.get_default_dtype()


def _tensors(**given: Any) -> list[Any]:
    for name, tensor in given.items():
        if tensor is not None and not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name}: a tensor is needed, not {type(tensor).__name__}")
    return list(given.values())


def wasserstein_loss(x: Any, y: Any, a: Any = None, b: Any = None, p: float = 2, *, root: bool = False, normalize: bool = False) -> Any:
    """W_p^p between tensors x (n, d) and y (m, d), exact, with exact gradients by points and weights.

    Args:
        x: points, of shape (n, d) or (n,).
        y: points, of shape (m, d) or (m,).
        a: weights of x; 1/n each by default.
        b: weights of y, of the same total, to the precision of their type.
        p: the order.
        root: W_p itself, whose gradient is 0 where the samples are equal.
        normalize: divide the weights of either side by their sum first (the gradient is then that by the divided weights).
    """
    cost = "sqeuclidean" if p == 2 else f"euclidean^{float(p):g}"

    def solve(X: Any, Y: Any, w: Any, v: Any) -> Any:
        return exact.solve(X, Y, w, v, cost=cost, normalize=normalize)

    return _Loss.apply(*_tensors(x=x, y=y, a=a, b=b), solve, float(p) if root else None)


def sinkhorn_loss(
    x: Any, y: Any, epsilon: float, a: Any = None, b: Any = None, cost: str = "sqeuclidean", *, normalize: bool = False
) -> Any:
    """The Sinkhorn divergence S_ε between tensors x (n, d) and y (m, d), with its gradients.

    ``normalize`` divides the weights of either side by their sum first.
    """

    def solve(X: Any, Y: Any, w: Any, v: Any) -> Any:
        return sinkhorn.divergence(X, Y, w, v, epsilon=epsilon, cost=cost, normalize=normalize)

    return _Loss.apply(*_tensors(x=x, y=y, a=a, b=b), solve, None)
