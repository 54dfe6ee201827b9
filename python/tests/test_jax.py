"""Losses of earthwork.jax: values, derivatives, transforms."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

import earthwork as ew  # noqa: E402

LOSSES = {
    "wasserstein": lambda x, y, *w: ew.jax.wasserstein_loss(x, y, *w),
    "root": lambda x, y, *w: ew.jax.wasserstein_loss(x, y, *w, p=1.5, root=True),
    "sinkhorn": lambda x, y, *w: ew.jax.sinkhorn_loss(x, y, 0.5, *w, tolerance=1e-10),
    "unbalanced": lambda x, y, *w: ew.jax.unbalanced_loss(x, y, 0.5, 2.0, *w, tolerance=1e-10),
    "sliced": lambda x, y, *w: ew.jax.sliced_wasserstein_loss(x, y, *w, directions=20),
    "energy": lambda x, y, *w: ew.jax.energy_loss(x, y, *w),
    "mmd": lambda x, y, *w: ew.jax.mmd_loss(x, y, *w),
}
RNG = np.random.default_rng(6)
X, Y = RNG.normal(size=(3, 6, 2)), RNG.normal(size=(3, 7, 2)) + 1
A = np.full((3, 6), 1 / 6) + 0.05 * np.linspace(-1, 1, 6)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        yield


def along(loss, x, way, step=1e-6):
    """The derivative of a loss along a way."""
    return (float(loss(x + step * way)) - float(loss(x - step * way))) / (2 * step)


@pytest.mark.parametrize("name", LOSSES)
def test_values_and_derivatives(name):
    loss = jax.jit(LOSSES[name])
    value = loss(X, Y, A)
    assert value.shape == (3,) and value.dtype == jnp.float64
    np.testing.assert_allclose(value[1], loss(X[1], Y[1], A[1]), rtol=1e-9)
    x, y, a = jnp.asarray(X[0]), jnp.asarray(Y[0]), jnp.asarray(A[0])
    both = jax.jit(jax.grad(loss, argnums=(0, 1)))(x, y, a)
    for k, given in enumerate((x, y)):
        way = RNG.normal(size=given.shape)
        turned = lambda t, k=k: loss(*((t, y) if k == 0 else (x, t)), a)  # noqa: E731
        assert float((both[k] * way).sum()) == pytest.approx(along(turned, given, way), rel=1e-5, abs=1e-7)
    if name != "sliced":
        by_weights = lambda z: loss(x, y, jax.nn.softmax(z))  # noqa: E731
        z, way = jnp.linspace(-0.3, 0.4, 6), RNG.normal(size=6)
        assert float(jax.grad(by_weights)(z) @ way) == pytest.approx(along(by_weights, z, way), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_transforms(name):
    loss = LOSSES[name]
    value = np.array(loss(X, Y))
    np.testing.assert_allclose(jax.jit(jax.vmap(loss))(X, Y), value, rtol=1e-12)
    np.testing.assert_allclose(jax.vmap(loss, in_axes=(0, None))(X, Y[0])[0], value[0], rtol=1e-12)
    slopes = jax.jit(jax.grad(lambda x: loss(x, Y).sum()))(jnp.asarray(X))
    np.testing.assert_allclose(jax.jit(jax.vmap(jax.grad(loss)))(X, Y), slopes, rtol=1e-9)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_other_types(dtype):
    x, y = jnp.asarray(X, dtype), jnp.asarray(Y, dtype)
    for name in ("wasserstein", "energy"):
        value, slope = jax.value_and_grad(lambda x, name=name: LOSSES[name](x, y).sum())(x)
        assert value.dtype == dtype and slope.dtype == dtype and jnp.isfinite(slope).all()
    assert ew.jax.wasserstein_loss(np.array([0, 1]), np.array([2, 3])).item() == 4.0


def test_second_derivatives_raise_and_roots_are_safe():
    with pytest.raises(Exception, match="JVP|differentiat"):
        jax.grad(lambda x: jax.grad(lambda z: ew.jax.wasserstein_loss(z, Y[0]))(x).sum())(X[0])
    value, slope = jax.value_and_grad(lambda x: ew.jax.wasserstein_loss(x, X[0], root=True))(X[0])
    assert value == 0 and (slope == 0).all()
    by_weights = jax.grad(lambda a: ew.jax.sliced_wasserstein_loss(X[0], Y[0], a, directions=5))(A[0])
    assert jnp.isnan(by_weights).all()


def test_assignment():
    turned = np.stack([RNG.permutation(6) for _ in range(3)])
    y = np.take_along_axis(X, turned[..., None], 1)
    found = jax.jit(ew.jax.assignment)(X, y)
    assert (np.take_along_axis(turned, np.asarray(found), 1) == np.arange(6)).all()
    assert (jax.vmap(ew.jax.assignment)(X, y) == found).all()


def test_what_does_not_fit_is_named():
    for call, message in [
        (lambda: ew.jax.wasserstein_loss(X, Y[..., :1]), "y: it has dimension 1"),
        (lambda: ew.jax.wasserstein_loss(X, Y, A[:, :3]), "a: its shape is"),
        (lambda: ew.jax.wasserstein_loss(X, Y[:2]), "leading dimensions"),
        (lambda: ew.jax.assignment(X, Y), "matching needs as many"),
        (lambda: ew.jax.mmd_loss(X, Y, bandwidth=0.0), "bandwidth"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(Exception, match="x: point 0, coordinate 0 is NaN"):
        ew.jax.wasserstein_loss(np.full((2, 2), np.nan), np.zeros((2, 2))).item()


def test_large_arrays_pass_the_callback():
    x, y = jnp.asarray(RNG.normal(size=(1500, 64))), jnp.asarray(RNG.normal(size=(1500, 64)))
    value, slope = jax.jit(jax.value_and_grad(lambda x: ew.jax.wasserstein_loss(x, y, tolerance=0.01)))(x)
    assert value > 0 and slope.shape == x.shape
