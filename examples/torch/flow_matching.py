"""Flow matching on the two moons, with independent pairs and with pairs coupled by exact transport.

    python examples/torch/flow_matching.py [STEPS]

Coupled pairs give straighter paths: the exact W2 to new data that independent pairs need many Euler steps for takes few.
"""

from __future__ import annotations

import sys

import numpy as np
import torch

import earthwork as ew

BATCH = 256


def moons(rng: np.random.Generator, n: int) -> torch.Tensor:
    angle, upper = np.pi * rng.random(n), rng.random(n) < 0.5
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) - 0.5
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) - 0.25
    points = 2 * np.stack([x, y], axis=1) + 0.08 * rng.normal(size=(n, 2))
    return torch.tensor(points, dtype=torch.float32)


def train(coupled: bool, steps: int) -> torch.nn.Module:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    layers = [torch.nn.Linear(3, 64), torch.nn.SiLU(), torch.nn.Linear(64, 64), torch.nn.SiLU(), torch.nn.Linear(64, 2)]
    velocity = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(velocity.parameters(), 2e-3)
    for _ in range(steps):
        x0, x1 = torch.randn(BATCH, 2), moons(rng, BATCH)
        if coupled:
            x1 = x1[ew.flow.coupling(x0, x1)]
        t = torch.rand(BATCH, 1)
        at = (1 - t) * x0 + t * x1
        loss = ((velocity(torch.cat([at, t], 1)) - (x1 - x0)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return velocity


@torch.no_grad()
def generate(velocity: torch.nn.Module, x: torch.Tensor, steps: int) -> tuple[torch.Tensor, float]:
    """The end of the flow by Euler steps, and the length of the paths over the distance between their ends."""
    start, length = x, torch.zeros(len(x))
    for k in range(steps):
        move = velocity(torch.cat([x, torch.full((len(x), 1), k / steps)], 1)) / steps
        length, x = length + move.norm(dim=1), x + move
    return x, float(length.sum() / (x - start).norm(dim=1).sum())


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    data = moons(np.random.default_rng(1), 2_000)
    noise = torch.randn(2_000, 2, generator=torch.Generator().manual_seed(1))
    print(f"{'pairs':12} {'path length':>12} " + " ".join(f"W2, {k:>3} steps" for k in (1, 2, 4, 8, 100)))
    for name, coupled in (("independent", False), ("coupled", True)):
        velocity = train(coupled, steps)
        ends = [generate(velocity, noise, k) for k in (1, 2, 4, 8, 100)]
        distances = [ew.exact.solve(x, data).value ** 0.5 for x, _ in ends]
        print(f"{name:12} {ends[-1][1]:12.3f} " + " ".join(f"{one:13.3f}" for one in distances))


if __name__ == "__main__":
    main()
