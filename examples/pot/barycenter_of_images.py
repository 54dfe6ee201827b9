"""Barycenters of pictures of shapes: convolutional, debiased, and exact with a free support."""

import numpy as np
import ot

SIDE = 40


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


def main():
    images = shapes()
    for weights in ([1 / 3, 1 / 3, 1 / 3], [0.6, 0.2, 0.2]):
        blurred = ot.bregman.convolutional_barycenter2d(images, 4e-3, weights=np.array(weights))
        sharp = ot.bregman.convolutional_barycenter2d_debiased(images, 1e-2, weights=np.array(weights), numItermax=300)
        for name, image in (("blurred", blurred), ("debiased", sharp)):
            mass = image.sum()
            entropy = -np.sum(image[image > 0] * np.log(image[image > 0]))
            print(f"{name:9} mass {mass:.4f} entropy {entropy:.3f}")

    supports, masses = zip(*(points_of(image) for image in images))
    start = np.random.default_rng(0).uniform(0.2, 0.8, (300, 2))
    free = ot.lp.free_support_barycenter(list(supports), list(masses), start, numItermax=30)
    cost = sum(ot.emd2(ot.unif(300), m, ot.dist(free, s)) for s, m in zip(supports, masses)) / 3
    print(f"free      cost {cost:.6f} spread {free.std():.4f}")


if __name__ == "__main__":
    main()
