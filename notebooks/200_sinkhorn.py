# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Entropic transport
#
# Entropy makes transport smooth, and blurs it. Three numbers are easily mistaken for each other; each has a name here.
#
# | | formula |
# | --- | --- |
# | `.value` | min ⟨C, P⟩ + ε KL(P \| a ⊗ b), what is minimised |
# | `.transport_cost` | ⟨C, P⟩ of the plan found |
# | `.lower`, `.upper` | proven bounds on the *exact* cost, min ⟨C, P⟩ |

# %%
import matplotlib.pyplot as plt
import numpy as np

import earthwork as ew

rng = np.random.default_rng(5)
X = rng.normal(size=(400, 2))
Y = np.vstack([rng.normal(size=(200, 2)) * 0.4 + [2.5, 1.0], rng.normal(size=(200, 2)) * 0.4 + [2.0, -1.5]])
exact = ew.exact.solve(X, Y)
print(exact)
print(ew.sinkhorn.solve(X, Y))

# %% [markdown]
# ## From blurred to exact
#
# As ε falls, the bounds close around the exact cost. `epsilon` is in units of the cost; with `relative=True` in units of its mean.

# %%
epsilons = np.geomspace(1e-3, 1.0, 7)
solutions = [ew.sinkhorn.solve(X, Y, epsilon=epsilon, relative=True) for epsilon in epsilons]
for solution in solutions:
    print(solution)

# %%
figure, ax = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
ew.plot.convergence(epsilons, solutions, truth=exact.value, ax=ax, name="ε / mean cost")
ax.plot(epsilons, [s.transport_cost for s in solutions], "k:", lw=1, label="⟨C, P⟩")
ax.set_ylabel("cost")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## The plan, and the map at new points
#
# The potentials extend to all of space, and so does the map: it sends any point to the mean of where its mass would go.

# %%
soft = ew.sinkhorn.solve(X, Y, epsilon=0.02, relative=True)
grid = np.stack(np.meshgrid(np.linspace(-2.5, 2.5, 13), np.linspace(-2.5, 2.5, 13)), axis=-1).reshape(-1, 2)
images = soft.map(grid)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
order_x, order_y = np.argsort(X[:, 1]), np.argsort(Y[:, 1])
ew.plot.plan(soft.plan[order_x][:, order_y], ax=axes[0])
axes[0].set_title("the plan, both sides sorted by height", fontsize=10)
ew.plot.clouds(X, Y, ax=axes[1], size=6)
axes[1].quiver(*grid.T, *(images - grid).T, angles="xy", scale_units="xy", scale=1, width=0.003, alpha=0.6)
axes[1].set_title("the map at points that were in no sample", fontsize=10)
plt.show()

# %% [markdown]
# ## A loss between samples
#
# OT_ε(X, X) is not 0, so OT_ε is no loss. The Sinkhorn divergence takes that off. It has gradients, and here a cloud follows them.

# %%
epsilon = 0.05
cloud = rng.normal(size=(150, 2)) * 0.3 + [-1.5, 0.0]
start, losses = cloud.copy(), []
for _ in range(30):
    loss = ew.sinkhorn.divergence(cloud, Y, epsilon=epsilon)
    losses.append(loss.value)
    cloud = cloud - 0.5 * len(cloud) * 0.6 * loss.gradient().X
print("first, last:", losses[0], losses[-1])

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
ew.plot.clouds(start, Y, ax=axes[0], labels=("start", "target"), size=8)
axes[0].scatter(*cloud.T, s=8, color="k", label="after 30 steps", zorder=3)
axes[0].legend(frameon=False)
axes[1].semilogy(losses, marker=".")
axes[1].set_xlabel("step")
axes[1].set_ylabel("Sinkhorn divergence")
plt.show()

# %% [markdown]
# ## Mass that may stay behind
#
# With a price on mass instead of a demand, outliers are left alone.

# %%
outliers = np.vstack([X, [[30.0, 30.0]] * 20])
loose = ew.sinkhorn.unbalanced(outliers, Y, source=("tv", 10.0), target=("tv", 10.0), epsilon=0.1)
print(f"moved {loose.mass:.3f} of the mass; of the outliers' {20 / 420:.3f}: {loose.a[-20:].sum():.2e}")

# %% [markdown]
# ## Claims

# %%
for solution in solutions:
    assert solution.status == "converged" and solution.marginal_error <= 1e-6
    assert solution.lower <= exact.value <= solution.upper
gaps = [solution.upper - solution.lower for solution in solutions]
assert gaps == sorted(gaps) and gaps[0] <= 0.02 * exact.value
assert abs(ew.sinkhorn.divergence(X, X, epsilon=0.5).value) <= 1e-6
assert losses[-1] <= 0.02 * losses[0]
assert loose.a[-20:].sum() <= 1e-9
