"""Losses of earthwork.torch: batches, types, derivatives and modules."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import earthwork as ew  # noqa: E402

LOSSES = {
    "wasserstein": lambda x, y, *w: ew.torch.wasserstein_loss(x, y, *w),
    "root": lambda x, y, *w: ew.torch.wasserstein_loss(x, y, *w, p=1.5, root=True),
    "sinkhorn": lambda x, y, *w: ew.torch.sinkhorn_loss(x, y, 0.5, *w, tolerance=1e-10),
    "sliced": lambda x, y, *w: ew.torch.sliced_wasserstein_loss(x, y, *w, directions=20),
    "unbalanced": lambda x, y, *w: ew.torch.unbalanced_loss(x, y, 0.5, 2.0, *w, tolerance=1e-10),
    "energy": lambda x, y, *w: ew.torch.energy_loss(x, y, *w),
    "mmd": lambda x, y, *w: ew.torch.mmd_loss(x, y, *w),
}
SOLVED = ("wasserstein", "root", "sinkhorn", "sliced", "unbalanced")


def batch(count=3, n=7, m=9, d=2, dtype=torch.float64):
    made = torch.Generator().manual_seed(4)
    x, y = (torch.randn(count, k, d, generator=made, dtype=torch.float64) for k in (n, m))
    return x.to(dtype), (y + 1.0).to(dtype)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_is_its_problems(name):
    loss, (x, y) = LOSSES[name], batch()
    a = torch.softmax(torch.arange(7.0, dtype=torch.float64) / 3, 0).expand(3, 7)
    for weights in ((), (a, None)):
        alone = torch.stack([loss(x[k], y[k], *(w if w is None else w[k] for w in weights)) for k in range(3)])
        assert torch.equal(loss(x, y, *weights), alone) or torch.allclose(loss(x, y, *weights), alone, rtol=1e-12)
    assert loss(x[None], y[None]).shape == (1, 3)
    assert loss(x, y[0]).shape == (3,)


@pytest.mark.parametrize("name", LOSSES)
def test_first_derivatives(name):
    loss, (x, y) = LOSSES[name], batch(2, 4, 5)
    x.requires_grad_(), y.requires_grad_()
    assert torch.autograd.gradcheck(loss, (x, y), eps=1e-6, atol=1e-5)
    if name != "sliced":
        z = torch.zeros(2, 4, dtype=torch.float64, requires_grad=True)
        by_weights = lambda z: loss(x.detach(), y.detach(), torch.softmax(z + torch.arange(4.0) / 7, -1))  # noqa: E731
        assert torch.autograd.gradcheck(by_weights, (z,), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", SOLVED)
def test_second_derivatives_raise(name):
    x, y = batch(1)
    x.requires_grad_()
    (first,) = torch.autograd.grad(LOSSES[name](x, y).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        first.sum().backward()


@pytest.mark.parametrize("name", LOSSES)
def test_transforms_of_torch_func(name):
    loss, (x, y) = LOSSES[name], batch()
    assert torch.allclose(torch.func.vmap(loss)(x, y), loss(x, y), rtol=1e-12)
    assert torch.allclose(torch.func.vmap(loss, in_dims=(0, None))(x, y[0]), loss(x, y[0]), rtol=1e-12)
    wanted = x.clone().requires_grad_()
    loss(wanted, y).sum().backward()
    single = torch.func.grad(loss)(x[0], y[0])
    assert torch.allclose(single, wanted.grad[0], rtol=1e-10)
    assert torch.allclose(torch.func.vmap(torch.func.grad(loss))(x, y), wanted.grad, rtol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", LOSSES)
def test_other_types(name, dtype):
    loss, (x, y) = LOSSES[name], batch(dtype=dtype)
    x.requires_grad_()
    a = torch.full((3, 7), 1 / 7, dtype=dtype)
    value = loss(x, y, a)
    assert value.dtype == dtype
    value.sum().backward()
    assert x.grad.dtype == dtype and torch.isfinite(x.grad).all()
    exact = loss(x.detach().double(), y.double())
    assert torch.allclose(value.double(), exact, rtol=0.02, atol=0.02)


def test_equal_samples_have_a_root_of_zero_with_no_gradient():
    x = torch.randn(2, 6, 3, dtype=torch.float64, requires_grad=True)
    value = ew.torch.wasserstein_loss(x, x.detach().clone(), root=True)
    value.sum().backward()
    assert (value == 0).all() and (x.grad == 0).all()


@pytest.mark.parametrize("price", [1.5, ("tv", 0.8), ("l2", 2.0)], ids=str)
@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean", "euclidean^1.5"])
def test_unbalanced_derivatives_by_points_and_masses(price, cost):
    x, y = (t.requires_grad_() for t in batch(1, 4, 5))
    a = torch.tensor([[0.3, 0.9, 0.2, 0.5]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([[0.4, 0.1, 0.8, 0.2, 0.3]], dtype=torch.float64, requires_grad=True)
    for debias in (True, False):
        loss = lambda *given: ew.torch.unbalanced_loss(*given[:2], 0.7, price, *given[2:], cost=cost, debias=debias, tolerance=1e-12)  # noqa: E731, B023
        assert torch.autograd.gradcheck(loss, (x, y, a, b), eps=1e-5, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("price", [1.0, ("tv", 0.8), ("l2", 2.0)], ids=str)
def test_unbalanced_derivatives_at_points_without_mass(price):
    x, y = batch(1)
    a = torch.tensor([0.3, 0.0, 0.2, 0.5, 0.1, 0.4, 0.2], dtype=torch.float64, requires_grad=True)
    loss = lambda w: ew.torch.unbalanced_loss(x[0], y[0], 0.4, price, w, debias=price == 1.0, tolerance=1e-12)  # noqa: E731
    loss(a).backward()
    step = torch.zeros(7, dtype=torch.float64)
    step[1] = 1e-6
    with torch.no_grad():
        assert a.grad[1].item() == pytest.approx((loss(a + step) - loss(a)).item() / 1e-6, rel=3e-3, abs=1e-4)


def test_the_unbalanced_divergence():
    x, y = batch(1)
    a = torch.rand(7, dtype=torch.float64)
    assert ew.torch.unbalanced_loss(x[0], x[0], 0.3, 1.0, a, a, tolerance=1e-11).item() == pytest.approx(0.0, abs=1e-9)
    assert ew.torch.unbalanced_loss(x[0], y[0], 0.3, 1.0, a).item() > 0
    # Where mass is dear this is the Sinkhorn divergence.
    near = ew.torch.unbalanced_loss(x[0], y[0], 0.5, 1e6, tolerance=1e-10)
    assert near.item() == pytest.approx(ew.torch.sinkhorn_loss(x[0], y[0], 0.5, tolerance=1e-10).item(), rel=1e-4)
    with pytest.raises(ValueError, match="cost: `cityblock`"):
        ew.torch.unbalanced_loss(x, y, 0.5, 1.0, cost="cityblock")
    with pytest.raises(ValueError, match="price: it is -1"):
        ew.torch.unbalanced_loss(x, y, 0.5, -1.0)
    with pytest.raises(ValueError, match="x: point 0, coordinate 0 is NaN"):
        ew.torch.unbalanced_loss(x * float("nan"), y, 0.5, 1.0)


def test_assignment_matches_points():
    x = torch.randn(2, 3, 8, 4)
    turned = torch.stack([torch.stack([torch.randperm(8) for _ in range(3)]) for _ in range(2)])
    y = torch.gather(x, 2, turned[..., None].expand(-1, -1, -1, 4)) + 1e-3
    found = ew.torch.assignment(x, y)
    assert torch.equal(torch.gather(turned, 2, found), torch.arange(8).expand(2, 3, 8))
    with pytest.raises(ValueError, match="matching needs as many"):
        ew.torch.assignment(x, y[..., :5, :])


def test_modules():
    x, y = batch()
    for module, loss in [
        (ew.torch.WassersteinLoss, LOSSES["wasserstein"](x, y)),
        (lambda **o: ew.torch.SinkhornLoss(0.5, tolerance=1e-10, **o), LOSSES["sinkhorn"](x, y)),
        (lambda **o: ew.torch.SlicedWassersteinLoss(directions=20, **o), LOSSES["sliced"](x, y)),
        (lambda **o: ew.torch.UnbalancedLoss(0.5, 2.0, tolerance=1e-10, **o), LOSSES["unbalanced"](x, y)),
        (ew.torch.EnergyLoss, LOSSES["energy"](x, y)),
        (ew.torch.MMDLoss, LOSSES["mmd"](x, y)),
    ]:
        assert torch.allclose(module()(x, y), loss.mean()) and torch.allclose(module(reduction="sum")(x, y), loss.sum())
        assert torch.allclose(module(reduction="none")(x, y), loss)
    with pytest.raises(ValueError, match="reduction"):
        ew.torch.EnergyLoss("median")


def test_what_does_not_fit_is_named():
    x, y = batch()
    for call, message in [
        (lambda: ew.torch.wasserstein_loss(x, y[:2]), "leading dimensions"),
        (lambda: ew.torch.wasserstein_loss(x, y[..., :1]), "y: it has dimension 1"),
        (lambda: ew.torch.wasserstein_loss(x, y, torch.ones(5)), "a: its shape"),
        (lambda: ew.torch.mmd_loss(x, y, bandwidth=0.0), "bandwidth"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="y: a tensor"):
        ew.torch.wasserstein_loss(x, np.zeros((3, 2)))
    a = torch.full((3, 7), 1 / 7, dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="a: this loss has no derivative"):
        ew.torch.sliced_wasserstein_loss(x, y, a).sum().backward()
