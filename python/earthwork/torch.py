"""Losses for torch whose gradients are exact: solved in earthwork, differentiated by the envelope theorem.

Tensors of any device and float type are accepted; the solve itself runs in double precision on the processor.
"""

from __future__ import annotations

from typing import Any

import torch

from earthwork import exact, sinkhorn

__all__ = ["sinkhorn_loss", "wasserstein_loss"]


class _Loss(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, a: Any, b: Any, solve: Any) -> Any:
        weights = [None if w is None else w.detach().cpu().double().numpy() for w in (a, b)]
        found = solve(x.detach().cpu().double().numpy(), y.detach().cpu().double().numpy(), *weights)
        ctx.gradients = found.gradient()
        ctx.given = (x, y, a, b)
        return torch.as_tensor(found.value, dtype=x.dtype, device=x.device)

    @staticmethod
    def backward(ctx: Any, scale: Any) -> Any:
        # Masses must keep their total: only differences of their gradient mean something, so its mean is taken off.
        centred = [g - g.mean() for g in (ctx.gradients.a, ctx.gradients.b)]
        numbers = [ctx.gradients.X, ctx.gradients.Y, *centred]
        back = [
            scale * torch.as_tensor(g, dtype=t.dtype, device=t.device).reshape(t.shape) if t is not None else None
            for g, t in zip(numbers, ctx.given, strict=True)
        ]
        return *back, None


def wasserstein_loss(x: Any, y: Any, a: Any = None, b: Any = None, p: float = 2) -> Any:
    """W_p^p between tensors x (n, d) and y (m, d), exact, with exact gradients by points and weights.

    ``a`` and ``b`` are weights of equal totals; uniform by default. For W_p itself take the root: autograd does the rest.
    """
    cost = "sqeuclidean" if p == 2 else f"euclidean^{float(p):g}"
    return _Loss.apply(x, y, a, b, lambda X, Y, w, v: exact.solve(X, Y, w, v, cost=cost))


def sinkhorn_loss(x: Any, y: Any, epsilon: float, a: Any = None, b: Any = None, cost: str = "sqeuclidean") -> Any:
    """The Sinkhorn divergence S_ε between tensors x (n, d) and y (m, d), with its gradients."""
    return _Loss.apply(x, y, a, b, lambda X, Y, w, v: sinkhorn.divergence(X, Y, w, v, epsilon=epsilon, cost=cost))
