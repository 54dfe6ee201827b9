"""Domain adaptation: a classifier learns from source points carried onto a target whose labels it never sees."""

import numpy as np
import ot

POINTS = 1200


def classes(rng, n, angle):
    """Three classes along arcs, turned by an angle."""
    labels = np.arange(n) % 3
    t = rng.uniform(0, np.pi / 2, n) + labels * 2 * np.pi / 3
    points = np.column_stack([np.cos(t), np.sin(t)]) * (1 + 0.1 * rng.normal(size=(n, 1)))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ turn.T, labels


def nearest(train, labels, test):
    """Labels of the nearest neighbours."""
    return labels[np.argmin(ot.dist(test, train), axis=1)]


def main():
    rng = np.random.default_rng(0)
    xs, ys = classes(rng, POINTS, 0.0)
    xt, yt = classes(rng, POINTS, 0.6)
    few = np.where(rng.random(POINTS) < 0.02, yt, -1)
    print(f"no adaptation      {np.mean(nearest(xs, ys, xt) == yt):.3f}")

    methods = {
        "exact": ot.da.EMDTransport(),
        "few labels": ot.da.EMDTransport(limit_max=10),
        "entropic": ot.da.SinkhornTransport(reg_e=0.02),
        "group lasso": ot.da.SinkhornLpl1Transport(reg_e=0.05, reg_cl=0.1, max_iter=5),
        "unbalanced": ot.da.UnbalancedSinkhornTransport(reg_e=0.05, reg_m=1.0),
        "linear": ot.da.LinearTransport(),
    }
    for name, method in methods.items():
        known = few if name == "few labels" else None
        method.fit(Xs=xs, ys=ys, Xt=xt, yt=known)
        carried = method.transform(Xs=xs)
        print(f"{name:18} {np.mean(nearest(carried, ys, xt) == yt):.3f}")


if __name__ == "__main__":
    main()
