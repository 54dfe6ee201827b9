"""A gradient flow: points move down the gradient of a transport cost to a target, by torch."""

import numpy as np
import ot
import torch

POINTS, STEPS = 400, 25


def spiral(rng, n):
    t = 3 * np.pi * np.sqrt(rng.random(n))
    return np.column_stack([t * np.cos(t), t * np.sin(t)]) / 10 + 0.02 * rng.normal(size=(n, 2))


def flow(loss, start, target, rate):
    """Gradient steps; the mass of a point is 1 / n, so that its gradient is multiplied by n."""
    x = torch.tensor(start, requires_grad=True)
    y = torch.tensor(target)
    values = []
    for _ in range(STEPS):
        value = loss(x, y)
        (grad,) = torch.autograd.grad(value, [x])
        values.append(float(value.detach()))
        with torch.no_grad():
            x -= rate * len(start) * grad
    return x.detach().numpy(), values


def exact(x, y):
    mass = torch.full((len(x),), 1.0 / len(x), dtype=x.dtype)
    return ot.emd2(mass, mass, ot.dist(x, y))


def entropic(x, y):
    mass = torch.full((len(x),), 1.0 / len(x), dtype=x.dtype)
    return ot.sinkhorn2(mass, mass, ot.dist(x, y), 0.05)


def sliced(x, y):
    return ot.sliced_wasserstein_distance(x, y, n_projections=50, seed=0) ** 2


def main():
    rng = np.random.default_rng(3)
    start, target = 0.3 * rng.normal(size=(POINTS, 2)), spiral(rng, POINTS)
    for name, loss, rate in (("exact", exact, 0.1), ("entropic", entropic, 0.1), ("sliced", sliced, 0.2)):
        end, values = flow(loss, start, target, rate)
        print(f"{name:9} from {values[0]:.5f} to {values[-1]:.5f}, at the end W2^2 = {ot.emd2([], [], ot.dist(end, target)):.5f}")


if __name__ == "__main__":
    main()
