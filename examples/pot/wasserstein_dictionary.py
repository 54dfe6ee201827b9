"""A Wasserstein dictionary: clouds are written as barycenters of a few atoms, which are learned with them.

Weights of clouds and places of atoms descend in turn on the exact transport cost, whose gradients are plans.
"""

import numpy as np
import ot

CLOUDS, POINTS, ATOMS = 12, 200, 3


def cloud(rng, mix):
    """Points of a shape between a ring, a line and two blobs."""
    t = rng.uniform(0, 2 * np.pi, POINTS)
    ring = np.column_stack([np.cos(t), np.sin(t)])
    line = np.column_stack([np.cos(t), 0.1 * np.sin(t)])
    blobs = np.where(np.cos(t)[:, None] > 0, [[1.0, 1.0]], [[-1.0, -1.0]])
    return mix[0] * ring + mix[1] * line + mix[2] * blobs + 0.05 * rng.normal(size=(POINTS, 2))


def matched(atom, points, mass):
    """Where an exact plan sends each point of an atom."""
    plan = ot.emd(mass, mass, ot.dist(atom, points))
    return plan @ points / mass[:, None]


def barycenter(atoms, weights, mass):
    """The barycenter on the points of the heaviest atom."""
    base = atoms[int(np.argmax(weights))]
    return sum(w * (base if atom is base else matched(base, atom, mass)) for w, atom in zip(weights, atoms))


def main():
    rng = np.random.default_rng(5)
    clouds = [cloud(rng, rng.dirichlet([0.4, 0.4, 0.4])) for _ in range(CLOUDS)]
    mass = ot.unif(POINTS)
    atoms = [clouds[k].copy() for k in range(ATOMS)]
    codes = np.full((CLOUDS, ATOMS), 1.0 / ATOMS)
    for step in range(8):
        loss = 0.0
        for k, points in enumerate(clouds):
            model = barycenter(atoms, codes[k], mass)
            target = matched(model, points, mass)
            loss += np.mean(np.sum((model - target) ** 2, axis=1)) / CLOUDS
            # Codes go towards the atoms that would bring the model nearer.
            gains = np.array([-ot.emd2(mass, mass, ot.dist(atom, points)) for atom in atoms])
            codes[k] *= np.exp(gains - gains.max())
            codes[k] /= codes[k].sum()
            for j, atom in enumerate(atoms):
                atom += 0.3 * codes[k, j] * (matched(atom, points, mass) - atom)
        print(f"step {step}: loss {loss:.5f}")
    print(np.round(codes, 3))


if __name__ == "__main__":
    main()
