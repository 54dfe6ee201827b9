"""Losses for torch whose gradients are exact: solved in earthwork, differentiated by the envelope theorem.

Points are tensors (n, d), or (..., n, d) for many problems at once, with weights (..., n); there is one value for each problem.
Tensors of any device and type are accepted; the solve itself runs in double precision on the processor. The value has the float type
that torch promotes the tensors to (the default one, where all hold integers), and lies on the device of ``x``. ``torch.func.grad`` and
``vmap`` work. The losses that are solved have first derivatives only: to differentiate a gradient raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from earthwork import _losses, flow
from earthwork._kinds import Price
from earthwork._losses import Solver

__all__ = [
    "EnergyLoss",
    "MMDLoss",
    "SinkhornLoss",
    "SlicedWassersteinLoss",
    "UnbalancedLoss",
    "WassersteinLoss",
    "assignment",
    "energy_loss",
    "mmd_loss",
    "sinkhorn_loss",
    "sliced_wasserstein_loss",
    "unbalanced_loss",
    "wasserstein_loss",
]

class _Loss(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    """Values, and the gradients beside them, so that torch knows how both are batched."""

    @staticmethod
    def forward(x: Any, y: Any, a: Any, b: Any, solve: Solver, order: float | None, wanted: bool) -> Any:
        lead = x.shape[:-2]
        flat = [None if t is None else t.reshape(-1, *t.shape[len(lead) :]).detach() for t in (x, y, a, b)]
        found = solve(flat[0], flat[1], flat[2], flat[3], wanted)
        values, slopes = _losses.settled(found, order)
        gradients = []
        for k, t in enumerate((x, y, a, b)):
            made = None if t is None or not wanted else _losses.derivative(found, slopes, k)
            if t is None or made is None:
                gradients.append(x.new_zeros((*lead, 0)))
                continue
            gradients.append(torch.as_tensor(made, dtype=t.dtype, device=t.device).reshape(t.shape))
        value = torch.as_tensor(values.reshape(lead), dtype=_promoted(x, y, a, b), device=x.device)
        return value, *gradients

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        ctx.mark_non_differentiable(*output[1:])
        ctx.held = [t is not None for t in inputs[:4]]
        ctx.save_for_backward(*output[1:], *(t for t in inputs[:4] if t is not None))

    @staticmethod
    def backward(ctx: Any, scale: Any, *_: Any) -> Any:
        gradients, inputs = ctx.saved_tensors[:4], ctx.saved_tensors[4:]
        given = iter(inputs)
        back: list[Any] = []
        for k, gradient in enumerate(gradients):
            t = next(given) if ctx.held[k] else None
            if t is None or not ctx.needs_input_grad[k]:
                back.append(None)
                continue
            if gradient.shape != t.shape:
                raise RuntimeError(f"{'xyab'[k]}: this loss has no derivative by it; detach it")
            factor = scale.to(torch.float64)[(..., *(None,) * (t.dim() - scale.dim()))]
            # What is 0 stays so under an infinite factor, such as that of a root of the loss at 0.
            product = torch.where(gradient == 0, 0.0, gradient.to(torch.float64) * factor).to(t.dtype)
            # Where a graph of the gradient is made, it says that the gradient depends on all of them.
            back.append(_First.apply(product, scale, *inputs) if torch.is_grad_enabled() else product)
        return *back, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *given: Any) -> Any:
        moved = [
            t if t is None else t.movedim(dim, 0) if dim is not None else t.expand(info.batch_size, *t.shape)
            for t, dim in zip(given[:4], in_dims[:4], strict=True)
        ]
        return _Loss.apply(*moved, *given[4:]), (0,) * 5


class _First(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    """A first derivative, of which there is no second."""

    generate_vmap_rule = True

    @staticmethod
    def forward(gradient: Any, *depends_on: Any) -> Any:
        return gradient.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        pass

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


def _posed(x: Any, y: Any, a: Any, b: Any) -> list[Any]:
    """Points as (..., n, d) and weights as (..., n), all with the same leading dimensions."""
    for name, tensor in (("x", x), ("y", y), ("a", a), ("b", b)):
        if tensor is not None and not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name}: a tensor is needed, not {type(tensor).__name__}")
    x, y = (t[:, None] if t.dim() == 1 else t for t in (x, y))
    for name, t in (("x", x), ("y", y)):
        if t.dim() < 2:
            raise ValueError(f"{name}: points (n, d) or (..., n, d) are needed, not a tensor of shape {tuple(t.shape)}")
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(f"y: it has dimension {y.shape[-1]}, but x has dimension {x.shape[-1]}")
    for name, w, points in (("a", a, x), ("b", b, y)):
        if w is not None and (w.dim() < 1 or w.shape[-1] != points.shape[-2]):
            raise ValueError(f"{name}: its shape is {tuple(w.shape)}, but there are {points.shape[-2]} points")
    leads = [x.shape[:-2], y.shape[:-2], *(w.shape[:-1] for w in (a, b) if w is not None)]
    try:
        lead = torch.broadcast_shapes(*leads)
    except RuntimeError:
        shown = ", ".join(str(tuple(one)) for one in leads)
        raise ValueError(f"x: the leading dimensions of points and weights do not agree: {shown}") from None
    sides = [t.expand(*lead, *t.shape[-2:]) for t in (x, y)]
    return sides + [None if w is None else w.expand(*lead, w.shape[-1]) for w in (a, b)]


def _solved(x: Any, y: Any, a: Any, b: Any, solve: Solver, order: float | None) -> Any:
    posed = _posed(x, y, a, b)
    wanted = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in posed)
    return _Loss.apply(*posed, solve, order, wanted)[0]


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
    """W_p^p between tensors x (..., n, d) and y (..., m, d), exact, with exact gradients by points and weights.

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
    """The Sinkhorn divergence S_ε between tensors x (..., n, d) and y (..., m, d), with its gradients.

    ``normalize`` divides the weights of either side by their sum first; ``tolerance`` is that of :func:`earthwork.sinkhorn.divergence`.
    """

    solve = _losses.sinkhorn(epsilon, cost, normalize=normalize, tolerance=tolerance)
    return _solved(x, y, a, b, solve, None)


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
    """Unbalanced entropic transport between tensors x (..., n, d) and y (..., m, d), with gradients by points and masses.

    With ``debias`` it is the divergence OT(a, b) - (OT(a, a) + OT(b, b)) / 2 + ε (Σa - Σb)² / 2 of Séjourné, Feydy, Vialard, Trouvé and Peyré
    ("Sinkhorn divergences for unbalanced optimal transport", 2019), which is 0 for equal sides; GeomLoss's with its ``reach`` (under half of the
    squared distance as the cost). OT(a, b) is the objective of :func:`earthwork.sinkhorn.unbalanced` with ``reference="product"``.

    Args:
        x: points, of shape (n,), (n, d) or (..., n, d).
        y: points, of shape (m,), (m, d) or (..., m, d).
        epsilon: the regularization in units of the cost.
        price: what mass costs that is made or lost, on both sides: ρ or ``("kl", ρ)``, ``("tv", ρ)``, ``("l2", ρ)``.
        a: masses of x, of any total; 1/n each by default.
        b: masses of y.
        cost: ``sqeuclidean``, ``euclidean``, or ``euclidean^P``.
        debias: whether to take off what each side has with itself.
        tolerance: as in :func:`earthwork.sinkhorn.unbalanced`.
        max_iterations: the most passes of each solve; a warning says when that ended it.
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

    ``directions`` is their number, drawn by ``seed``, or an array of them. There are no derivatives by weights.
    """

    solve = _losses.sliced(p, directions, seed=seed, normalize=normalize)
    return _solved(x, y, a, b, solve, float(p) if root else None)


def _means(between: Callable[[Any, Any], Any], x: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """The means of a function of pairs: across, within x, within y."""
    x, y, a, b = _posed(x, y, a, b)
    kind = torch.float64 if x.dtype == torch.float64 or y.dtype == torch.float64 else torch.float32
    x, y = x.to(kind), y.to(kind)
    a, b = (
        points.new_full(points.shape[:-1], 1.0 / points.shape[-2]) if w is None else w.to(kind) / w.to(kind).sum(-1, keepdim=True)
        for w, points in ((a, x), (b, y))
    )

    def mean(first: Any, second: Any, w: Any, v: Any) -> Any:
        return (w[..., :, None] * between(first, second) * v[..., None, :]).sum((-2, -1))

    return mean(x, y, a, b), mean(x, x, a, a), mean(y, y, b, b)


def energy_loss(x: Any, y: Any, a: Any = None, b: Any = None) -> Any:
    """The energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, which is 0 where the distributions agree. SciPy's is its root.

    Weights count by their parts of the total. Computed by torch, in O(nm) memory.
    """
    across, within_x, within_y = _means(torch.cdist, x, y, a, b)
    return (2.0 * across - within_x - within_y).to(_promoted(x, y))


def mmd_loss(x: Any, y: Any, a: Any = None, b: Any = None, bandwidth: float = 1.0) -> Any:
    """The squared maximum mean discrepancy with the Gaussian kernel exp(-|x - y|² / (2 bandwidth²)).

    Weights count by their parts of the total. Computed by torch, in O(nm) memory.
    """
    if not bandwidth > 0:
        raise ValueError(f"bandwidth: it is {bandwidth}, but a positive number is needed")

    def kernel(first: Any, second: Any) -> Any:
        squares = ((first[..., :, None, :] - second[..., None, :, :]) ** 2).sum(-1)
        return torch.exp(squares / (-2.0 * bandwidth**2))

    across, within_x, within_y = _means(kernel, x, y, a, b)
    return (within_x + within_y - 2.0 * across).to(_promoted(x, y))


def assignment(x: Any, y: Any, cost: str = "sqeuclidean") -> Any:
    """The optimal matching of equally many points: to point i of x belongs point ``assignment(x, y)[..., i]`` of y.

    Points of shape (B, n, d) are matched problem by problem.
    """
    first, second, _, _ = _posed(x, y, None, None)
    if first.shape[-2] != second.shape[-2]:
        raise ValueError(f"y: it has {second.shape[-2]} points, but x has {first.shape[-2]}; a matching needs as many")
    lead = first.shape[:-2]
    flat = [t.detach().reshape(-1, *t.shape[-2:]) for t in (first, second)]
    found = flow.coupling(*flat, cost=cost, batched=True)
    return torch.as_tensor(found, device=x.device).reshape(*lead, first.shape[-2])


class _Module(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A loss as a module; ``reduction`` of the values of a batch is ``mean``, ``sum`` or ``none``."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"reduction: {reduction!r} is none of 'mean', 'sum', 'none'")
        self.reduction = reduction

    def _value(self, x: Any, y: Any, a: Any, b: Any) -> Any:
        raise NotImplementedError

    def forward(self, x: Any, y: Any, a: Any = None, b: Any = None) -> Any:
        """The loss between points x and y with weights a and b."""
        value = self._value(x, y, a, b)
        return value if self.reduction == "none" else value.mean() if self.reduction == "mean" else value.sum()


class WassersteinLoss(_Module):
    """:func:`wasserstein_loss` as a module."""

    def __init__(
        self,
        p: float = 2,
        *,
        root: bool = False,
        normalize: bool = False,
        tolerance: float = 0.0,
        time_limit: float | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.options: dict[str, Any] = {
            "p": p, "root": root, "normalize": normalize, "tolerance": tolerance, "time_limit": time_limit,
        }  # fmt: skip

    def _value(self, x: Any, y: Any, a: Any, b: Any) -> Any:
        return wasserstein_loss(x, y, a, b, **self.options)


class SinkhornLoss(_Module):
    """:func:`sinkhorn_loss` as a module."""

    def __init__(
        self, epsilon: float, cost: str = "sqeuclidean", *, normalize: bool = False, tolerance: float = 1e-6, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.options: dict[str, Any] = {"epsilon": epsilon, "cost": cost, "normalize": normalize, "tolerance": tolerance}

    def _value(self, x: Any, y: Any, a: Any, b: Any) -> Any:
        return sinkhorn_loss(x, y, a=a, b=b, **self.options)


class UnbalancedLoss(_Module):
    """:func:`unbalanced_loss` as a module."""

    def __init__(
        self,
        epsilon: float,
        price: Price,
        cost: str = "sqeuclidean",
        *,
        debias: bool = True,
        tolerance: float = 1e-6,
        max_iterations: int | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.options: dict[str, Any] = {
            "epsilon": epsilon, "price": price, "cost": cost, "debias": debias, "tolerance": tolerance, "max_iterations": max_iterations,
        }  # fmt: skip

    def _value(self, x: Any, y: Any, a: Any, b: Any) -> Any:
        return unbalanced_loss(x, y, a=a, b=b, **self.options)


class SlicedWassersteinLoss(_Module):
    """:func:`sliced_wasserstein_loss` as a module."""

    def __init__(
        self,
        p: float = 2,
        *,
        root: bool = False,
        directions: Any = 500,
        seed: int = 0,
        normalize: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.options: dict[str, Any] = {
            "p": p, "root": root, "directions": directions, "seed": seed, "normalize": normalize,
        }  # fmt: skip

    def _value(self, x: Any, y: Any, a: Any, b: Any) -> Any:
        return sliced_wasserstein_loss(x, y, a, b, **self.options)


class EnergyLoss(_Module):
    """:func:`energy_loss` as a module."""

    def _value(self, x: Any, y: Any, a: Any, b: Any) -> Any:
        return energy_loss(x, y, a, b)


class MMDLoss(_Module):
    """:func:`mmd_loss` as a module."""

    def __init__(self, bandwidth: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.bandwidth = bandwidth

    def _value(self, x: Any, y: Any, a: Any, b: Any) -> Any:
        return mmd_loss(x, y, a, b, self.bandwidth)
