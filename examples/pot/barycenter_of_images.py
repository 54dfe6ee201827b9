"""Barycenters of pictures of shapes: convolutional, debiased, and exact with a free support."""

import numpy as np
import ot

SIDE = 64


def shapes():
    """A ring, a cross and two disks, each of mass 1."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1) - 0.5
    r = np.hypot(x, y)
    ring = (np.abs(r - 0.3) < 0.06).astype(float)
    cross = ((np.abs(x) < 0.07) | (np.abs(y) < 0.07)) * (r < 0.4)
    disks = (np.hypot(x - 0.2, y - 0.2) < 0.13) | (np.hypot(x + 0.2, y + 0.2) < 0.13)
    images = [ring, cross.astype(float), disks.astype(float)]
    return np.stack([image / image.sum() for image in images])


def points_of(image):
    """The pixels that are not black, with their masses."""
    at = np.argwhere(image > 0)
    return at / (SIDE - 1.0), image[image > 0]


def entropy(image):
    held = image[image > 0]
    return -np.sum(held * np.log(held))


def main():
    images = shapes()
    for first in np.linspace(0, 1, 5):
        for second in np.linspace(0, 1 - first, 4):
            weights = np.array([first, second, 1 - first - second])
            blurred = ot.bregman.convolutional_barycenter2d(images, 2e-3, weights=weights)
            sharp = ot.bregman.convolutional_barycenter2d_debiased(images, 1e-2, weights=weights, numItermax=300)
            print(np.round(weights, 2), f"entropy {entropy(blurred):.3f}, debiased {entropy(sharp):.3f}")

    supports, masses = zip(*(points_of(image) for image in images))
    start = np.random.default_rng(0).uniform(0.2, 0.8, (300, 2))
    free = ot.lp.free_support_barycenter(list(supports), list(masses), start, numItermax=30)
    cost = sum(ot.emd2(ot.unif(300), m, ot.dist(free, s)) for s, m in zip(supports, masses)) / 3
    print(f"free      cost {cost:.6f} spread {free.std():.4f}")


if __name__ == "__main__":
    main()
