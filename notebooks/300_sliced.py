# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Sliced distances, with error bars
#
# The sliced distance is the root mean of W_p^p over projections onto lines, each of which is a sort. It is a distance of its own, about √d
# smaller than W₂, and it is random: which directions were drawn decides the last digits. So each value here has a standard error.

# %%
import matplotlib.pyplot as plt
import numpy as np

import earthwork as ew

rng = np.random.default_rng(9)
d = 8
X = rng.normal(size=(800, d))
Y = rng.normal(size=(600, d)) * np.linspace(0.5, 1.5, d) + np.eye(d)[0]
found = ew.sliced.distance(X, Y)
print(found)

# %% [markdown]
# ## Do the error bars tell the truth?
#
# Many seeds, one truth (20,000 orthogonal directions). Independent directions need the most slices for a given error; orthogonal blocks and
# control variates need fewer.

# %%
truth = ew.sliced.distance(X, Y, directions=20_000, method="orthogonal", seed=99)
print("truth", truth)
choices = {
    "independent": dict(method="monte-carlo", control_variates=False),
    "orthogonal": dict(method="orthogonal", control_variates=False),
    "with control variates": dict(method="monte-carlo"),
}
runs = {
    name: [ew.sliced.distance(X, Y, directions=200, seed=seed, **options) for seed in range(60)]
    for name, options in choices.items()
}
figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for k, (name, results) in enumerate(runs.items()):
    at = np.arange(len(results)) + 70 * k
    ax.errorbar(at, [r.value for r in results], [1.96 * r.std_error for r in results], fmt=".", lw=0.7, ms=3, label=name)
ax.axhline(truth.value, color="k", lw=0.8)
ax.set_xticks([])
ax.set_ylabel("SW₂ from 200 directions")
ax.legend(frameon=False, ncols=3, fontsize=8)
plt.show()

held, spread = {}, {}
for name, results in runs.items():
    held[name] = np.mean([r.lower <= truth.value <= r.upper for r in results])
    spread[name] = np.std([r.value for r in results])
    print(f"{name:22} 95 % intervals that hold the truth: {held[name]:.0%}, spread {spread[name]:.2e}")

# %% [markdown]
# ## To a precision, instead of a number of directions

# %%
precise = ew.sliced.distance(X, Y, precision=1e-4)
print(precise)

# %% [markdown]
# ## The direction that shows most
#
# The mean over directions can hide a difference in one of many. The max-sliced distance climbs to the direction that shows it. Random
# directions do not find it in many dimensions.

# %%
Z = rng.normal(size=(800, d))
Z[:, 3] += 3.0
climbed = ew.sliced.max_distance(X, Z)
random = np.sqrt(ew.sliced.distance(X, Z, directions=500, method="monte-carlo", control_variates=False).costs.max())
print(f"largest of 500 random directions {random:.3f}; climbed to {climbed.value:.3f} along", climbed.direction.round(2))

# %% [markdown]
# ## Bounds on W₂ in almost linear time
#
# Any slice is a lower bound; the plan of any slice, priced in full space, is an upper bound. For 50,000 points:

# %%
big = rng.normal(size=(50_000, 2)), rng.normal(size=(50_000, 2)) @ [[1.2, 0.3], [0.0, 0.7]] + [1.0, 0.5]
bounds = ew.sliced.bounds(*big, directions=20)
print("W₂ lies in", (bounds.lower, bounds.upper))

# %% [markdown]
# ## Data that comes in chunks

# %%
stream = ew.sliced.Stream(dim=2, directions=50)
for _ in range(20):
    stream.push(rng.normal(size=(5_000, 2)), rng.normal(size=(5_000, 2)) + [1.0, 0.0])
streamed = stream.distance()
print("200,000 points seen, few kept:", streamed)

# %% [markdown]
# ## Claims

# %%
assert all(share >= 0.8 for share in held.values())
assert spread["orthogonal"] < spread["independent"] and spread["with control variates"] < spread["independent"]
assert precise.std_error <= 1e-4 * precise.value
assert climbed.value > random and abs(climbed.direction[3]) > 0.99
exact = ew.exact.wasserstein(big[0][:5_000], big[1][:5_000]).value  # a smaller sample of the same distributions
assert bounds.lower < exact * 1.05 and bounds.upper > exact * 0.9
assert streamed.lower < np.sqrt(0.5) < streamed.upper  # a shift by 1 in the plane
