# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Two samples, every distance, and what each of them sees
#
# Every number in earthwork comes with its evidence: a proof, a standard error, or a note that there is none. This tour asks one
# question, how far apart two samples are, and reads the answers side by side.

# %%
import matplotlib.pyplot as plt
import numpy as np

import earthwork as ew

rng = np.random.default_rng(1)
angle = rng.uniform(0, 2 * np.pi, 250)
X = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.12 * rng.normal(size=(250, 2))
Y = rng.normal(size=(300, 2)) * [0.9, 0.5] + [2.2, 0.6]

# %% [markdown]
# ## One number, and its proof
#
# `ew.distance` is W₂ unless asked for something else. Two bounds hold it, one from a plan, one from potentials, both checked by code
# that does not trust the solver.

# %%
w2 = ew.distance(X, Y)
print(w2)
print("as a number:", float(w2))

# %% [markdown]
# ## All of them
#
# `ew.compare` is the table that the command `earthwork compare` prints. In a notebook it shows itself.

# %%
comparison = ew.compare(X, Y)
comparison

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
solution = ew.exact.solve(X, Y)
solution.plot(ax=axes[0])
axes[0].set_title("the optimal plan for the squared distance", fontsize=10)
ew.plot.compare(comparison, ax=axes[1], show=lambda row: not row.name.startswith("MMD"))
axes[1].set_title("distances with what is known about them", fontsize=10)
plt.show()

# %% [markdown]
# ## What each of them sees
#
# Now Y moves away, by a shift that grows. The transport distances grow with it. A divergence only asks where the densities overlap: once
# they do not, the Jensen-Shannon divergence stands at ln 2 however far Y goes, and a kernel of fixed width at its ceiling of 2.

# %%
shifts = np.linspace(0.0, 12.0, 9)
methods = {
    "W2": lambda A, B: ew.distance(A, B),
    "sliced W2": lambda A, B: ew.distance(A, B, "sliced", directions=200),
    "energy": lambda A, B: ew.distance(A, B, "energy"),
    "JS (kNN)": lambda A, B: ew.distance(A, B, "js", estimator="knn"),
    "MMD², σ = 1": lambda A, B: ew.distance(A, B, "mmd", bandwidth=1.0),
}
curves = {name: [float(method(X, Y + [shift, 0.0])) for shift in shifts] for name, method in methods.items()}

figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, values in curves.items():
    ax.plot(shifts, np.array(values) / max(values), marker=".", label=name)
ax.set_xlabel("shift of Y")
ax.set_ylabel("value / its largest")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Is the difference real?
#
# A permutation test answers that for any distance, at an exact level; an interval says how sure the number is about the distributions
# behind the samples.

# %%
print(ew.two_sample_test(X, Y, by="energy", permutations=199))
print(ew.two_sample_test(X[:120], X[120:], by="energy", permutations=199))
print(ew.interval(X, Y, by="w1", replicates=99))

# %% [markdown]
# ## Claims

# %%
assert w2.lower <= w2.value <= w2.upper and w2.upper - w2.lower <= 1e-9 * w2.value
assert comparison["W1"].estimate.value <= comparison["W2"].estimate.value  # Jensen
assert comparison["SW2"].estimate.value <= comparison["W2"].estimate.value
far = slice(5, None)
assert np.all(np.diff(curves["W2"][far]) > 1.0) and np.all(np.diff(curves["sliced W2"][far]) > 0.5)
assert np.ptp(curves["JS (kNN)"][far]) < 0.02 and abs(curves["JS (kNN)"][-1] - np.log(2)) < 0.02
assert curves["MMD², σ = 1"][-1] <= 2.0
assert ew.two_sample_test(X, Y, permutations=199).p_value == 0.005
