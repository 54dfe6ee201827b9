# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Colour transfer at full resolution
#
# The example everybody knows, without the step that everybody needs: no clustering, no subsample, no entropy. Each picture is 273,280 pixels,
# which are points in RGB space; equal colours are merged by the solver, and no cost matrix (600 GB) is ever made.
#
# On a laptop the full picture takes a minute or so. Where this notebook is run as a test, every fifth row and column is used; set
# `EARTHWORK_FULL=1` for all of them.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import earthwork as ew

stride = 1 if os.environ.get("EARTHWORK_FULL") else 5
folder = Path("../examples/data")
picture, palette = (plt.imread(folder / name)[::stride, ::stride] for name in ("china.jpg", "flower.jpg"))
X, Y = (image.reshape(-1, 3).astype(float) for image in (picture, palette))
plan = ew.exact.solve(X, Y)
print(f"{len(X):,} pixels to {len(Y):,}: {plan}")

# %% [markdown]
# Each *colour* goes to the mean of the colours that its pixels are sent to: the barycentric map of the exact plan.

# %%
colours, which = np.unique(X, axis=0, return_inverse=True)
which = which.ravel()
mass = np.bincount(which)
sent = np.column_stack([np.bincount(which, weights=column) for column in (plan.plan @ Y).T]) * len(X) / mass[:, None]
result = sent[which].reshape(picture.shape)

figure, axes = plt.subplots(1, 3, figsize=(10.5, 2.6), layout="constrained")
for ax, image, title in zip(axes, (picture, palette, result / 255), ("picture", "palette", "the picture in these colours")):
    ax.imshow(np.clip(image, 0, 1) if image is not picture and image is not palette else image)
    ax.set_title(title, fontsize=10)
    ax.axis("off")
plt.show()

# %% [markdown]
# ## What a shortcut costs
#
# The map of two Gaussians moves mean and covariance only. It is a formula, and often taken for the whole. Its picture has colours that the palette
# never had; exact W₂ between its colours and the palette's says how far off it is.

# %%
p, q = (X.mean(axis=0), np.cov(X.T)), (Y.mean(axis=0), np.cov(Y.T))
linear = ew.closed_form.gaussian_map(p, q, X)
few = slice(None, None, max(1, len(X) // 3_000))
left = {
    "untouched": ew.exact.wasserstein(X[few], Y[few]).value,
    "map of two Gaussians": ew.exact.wasserstein(linear[few], Y[few]).value,
    "exact, mean for each colour": ew.exact.wasserstein(sent[which][few], Y[few]).value,
}
for name, distance in left.items():
    print(f"{name:28} W2 to the palette {distance:6.2f}")
print(f"Gelbrich's bound {ew.closed_form.gelbrich(X, Y).value:.2f} <= exact W2 {plan.wasserstein().value:.2f}")

# %% [markdown]
# ## Claims

# %%
assert plan.status == "optimal" and plan.gap <= 1e-9
np.testing.assert_allclose(plan.plan.sum(axis=1), 1 / len(X), rtol=1e-10)
np.testing.assert_allclose(plan.plan.sum(axis=0), 1 / len(Y), rtol=1e-10)
np.testing.assert_allclose(sent[which].mean(axis=0), Y.mean(axis=0), rtol=1e-9)
assert ew.closed_form.gelbrich(X, Y).value <= plan.wasserstein().value
assert left["exact, mean for each colour"] < left["map of two Gaussians"] < left["untouched"]
