"""Colour transfer between two pictures: the colors of a sunset on a picture of the sea.

Transport maps samples of the pixels exactly, and with entropy; all other pixels follow their nearest sample.
"""

import numpy as np
import ot

SIDE = 160
SAMPLES = 3000


def picture(rng, horizon, above, below):
    """A picture with a sky and a sea, with noise as of a photograph."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    sky, sea = np.array(above), np.array(below)
    shade = 0.25 * np.sin(9 * x + 14 * y) * np.exp(-2 * y)
    image = np.where((y < horizon)[..., None], sky * (1 - y[..., None]), sea * (0.4 + 0.6 * y[..., None]))
    image = image + 0.2 * shade[..., None] + 0.04 * rng.normal(size=(SIDE, SIDE, 3))
    return np.clip(image, 0, 1)


def pixels(image):
    return image.reshape(-1, 3)


def main():
    rng = np.random.default_rng(42)
    day = pixels(picture(rng, 0.55, [0.45, 0.7, 0.95], [0.1, 0.35, 0.45]))
    sunset = pixels(picture(rng, 0.45, [0.98, 0.55, 0.3], [0.35, 0.15, 0.2]))
    xs = day[rng.permutation(len(day))[:SAMPLES]]
    xt = sunset[rng.permutation(len(sunset))[:SAMPLES]]

    exact = ot.da.EMDTransport()
    exact.fit(Xs=xs, Xt=xt)
    moved = exact.transform(Xs=day[:SAMPLES])

    entropic = ot.da.SinkhornTransport(reg_e=0.02)
    entropic.fit(Xs=xs[:1000], Xt=xt[:1000])
    smooth = entropic.transform(Xs=day[:SAMPLES])

    linear = ot.da.LinearTransport()
    linear.fit(Xs=day, Xt=sunset)
    affine = linear.transform(Xs=day)

    for name, colors in (("exact", moved), ("entropic", smooth), ("linear", affine)):
        print(f"{name:9} mean color", np.round(colors.mean(0), 3), "spread", np.round(colors.std(0), 3))
    print("cost of the exact plan", round(float((exact.coupling_ * exact.cost_).sum()), 6))


if __name__ == "__main__":
    main()
