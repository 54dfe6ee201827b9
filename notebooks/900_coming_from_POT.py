# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Coming from POT
#
# Each call of POT's quick-start that lies in earthwork's mission, and its counterpart, side by side, with equal values. The last
# section lists where the two differ on purpose.

# %%
import numpy as np
import ot
import scipy.sparse

import earthwork as ew

rng = np.random.default_rng(42)
n = 60
x = rng.normal(size=(n, 2))
y = rng.normal(size=(n, 2)) @ [[1.0, 0.3], [0.3, 0.6]] + [3.0, 2.0]
a, b = rng.random(n), rng.random(n)
a, b = a / a.sum(), b / b.sum()
M = ot.dist(x, y)  # squared Euclidean by default, in both libraries

claims = {}


def claim(name, theirs, ours, rel=1e-9):
    """Notes how far apart two values are, relative to their size."""
    theirs, ours = np.asarray(theirs, dtype=float), np.asarray(ours, dtype=float)
    claims[name] = (abs(ours - theirs).max() / max(abs(theirs).max(), 1e-300), rel)
    print(f"{name:55} {theirs.ravel()[0]:.12g}  {ours.ravel()[0]:.12g}")


# %% [markdown]
# ## Exact transport
#
# `ot.emd2` takes the matrix; so does `solve_matrix`. From points there is no need for one. The plan is a `scipy.sparse` array
# (`.toarray()` for a dense one), and the potentials come with it. They are unique up to a constant, and up to what ties leave open,
# so their *values* are compared.

# %%
solution = ew.exact.solve(x, y, a, b)
by_matrix = ew.exact.solve_matrix(M, a, b)
claim("ot.emd2(a, b, M)", ot.emd2(a, b, M), solution.value)
claim("ot.emd2(a, b, M), by the matrix", ot.emd2(a, b, M), by_matrix.value)
claim("ot.emd(a, b, M)", ot.emd(a, b, M), solution.plan.toarray())
_, log = ot.emd(a, b, M, log=True)
f, g = solution.potentials
claim("log['u'], log['v']: their dual value", a @ log["u"] + b @ log["v"], a @ f + b @ g)
claim("ot.solve(M, a, b).value", ot.solve(M, a, b).value, by_matrix.value)
claim("ot.solve_sample(x, y, a, b).value", ot.solve_sample(x, y, a, b).value, solution.value)

# %% [markdown]
# ## Other ground costs, and W₁

# %%
M1 = ot.dist(x, y, metric="euclidean")
claim("ot.emd2 with metric='euclidean'", ot.emd2(a, b, M1), ew.exact.solve(x, y, a, b, cost="euclidean").value)
claim("W2: np.sqrt(ot.emd2(a, b, M))", np.sqrt(ot.emd2(a, b, M)), ew.distance(x, y, p=2, a=a, b=b).value)
for metric in ("cityblock", "chebyshev", "cosine"):
    theirs = ot.emd2(a, b, ot.dist(x, y, metric=metric))
    claim(f"ot.emd2 with metric='{metric}'", theirs, ew.exact.solve(x, y, a, b, cost=metric).value)

# %% [markdown]
# ## One dimension, the circle

# %%
u, v = x[:, 0], y[:, 0]
claim("ot.wasserstein_1d(u, v, a, b, p=2): W2 ** 2", ot.wasserstein_1d(u, v, a, b, p=2), ew.exact.solve(u, v, a, b).value)
claim("ot.emd2_1d(u, v, a, b)", ot.emd2_1d(u, v, a, b), ew.exact.solve(u, v, a, b).value)
theta, phi = rng.random(40), rng.random(50)
theirs = ot.wasserstein_circle(theta, phi, p=1)
claim("ot.wasserstein_circle(theta, phi, p=1)", theirs, ew.exact.circle(theta, phi, period=1.0, p=1).value)

# %% [markdown]
# ## Entropic transport
#
# `ot.sinkhorn` returns the plan, `ot.sinkhorn2` what the plan costs; here they are `.plan` and `.transport_cost`. What entropic transport
# minimises is `.value`; POT has it in `ot.solve(M, a, b, reg).value` with `reg_type="KL"`. Both iterate, so equality to 1e-9
# asks both for it: POT for a tolerance of 1e-15 on its marginals, earthwork for 1e-12.

# %%
reg = 0.5
precise = {"numItermax": 200_000, "stopThr": 1e-15}
soft = ew.sinkhorn.solve(x, y, a, b, epsilon=reg, tolerance=1e-12)
plan = ot.sinkhorn(a, b, M, reg, method="sinkhorn_log", **precise)
claim("ot.sinkhorn(a, b, M, reg)", plan, soft.plan)
claim("ot.sinkhorn2(a, b, M, reg)", ot.sinkhorn2(a, b, M, reg, method="sinkhorn_log", **precise), soft.transport_cost)
kl = (M * plan).sum() + reg * (plan * np.log(plan / np.outer(a, b))).sum()
claim("<M, P> + reg KL(P | a b)", kl, soft.value)

# %% [markdown]
# The default answer already says how far it is from the exact cost: `.lower` and `.upper` bracket it.

# %%
print(soft)
assert soft.lower <= solution.value <= soft.upper

# %% [markdown]
# ## Sliced, max-sliced
#
# With the same directions the values are the same. With directions of its own each library draws others; earthwork then
# says how far off the value may be. POT's max-sliced distance is the largest of *random* directions; ours climbs from there, so it is
# larger.

# %%
directions = ot.sliced.get_random_projections(2, 50, seed=0).T
theirs = ot.sliced_wasserstein_distance(x, y, a, b, projections=directions.T)
claim(
    "ot.sliced_wasserstein_distance(projections=...)",
    theirs,
    ew.sliced.distance(x, y, directions=directions, a=a, b=b, control_variates=False).value,
)
of_random = ot.max_sliced_wasserstein_distance(x, y, a, b, n_projections=20, seed=0)
climbed = ew.sliced.max_distance(x, y, a=a, b=b).value
print(f"max-sliced: {of_random:.6f} of random directions, {climbed:.6f} found by climbing")
assert climbed >= of_random * (1 - 1e-12)

# %% [markdown]
# ## Partial and unbalanced
#
# (POT's `method="sinkhorn_stabilized"` does not converge here: it warns, and moves 0.00003 of the mass instead of 0.23.)

# %%
claim("ot.partial.partial_wasserstein2(m=0.4)", ot.partial.partial_wasserstein2(a, b, M, m=0.4), ew.exact.partial(x, y, 0.4, a, b).value)
reg_m = 2.0
plan = ot.unbalanced.sinkhorn_unbalanced(
    a, b, M, reg, reg_m, reg_type="kl", numItermax=200_000, stopThr=1e-15
)
loose = ew.sinkhorn.unbalanced(x, y, a, b, source=reg_m, target=reg_m, epsilon=reg, tolerance=1e-12)
claim("ot.unbalanced.sinkhorn_unbalanced: mass moved", plan.sum(), loose.mass)
claim("ot.unbalanced.sinkhorn_unbalanced: what leaves x", plan.sum(axis=1), loose.a)

# %% [markdown]
# ## Gaussians, barycenters

# %%
p, q = (x.mean(axis=0), np.cov(x.T)), (y.mean(axis=0), np.cov(y.T))
theirs = ot.gaussian.bures_wasserstein_distance(p[0], q[0], p[1], q[1])
claim("ot.gaussian.bures_wasserstein_distance", theirs, ew.closed_form.bures_wasserstein(p, q).value)
A, shift = ot.gaussian.bures_wasserstein_mapping(p[0], q[0], p[1], q[1])
claim("ot.gaussian.bures_wasserstein_mapping", x @ A + shift, ew.closed_form.gaussian_map(p, q, x))
start = rng.normal(size=(20, 2))
theirs = ot.lp.free_support_barycenter([x, y], [np.full(n, 1 / n)] * 2, start, numItermax=200, stopThr=1e-14)
ours = ew.exact.barycenter([x, y], start=start, steps=200)
objective = [np.mean([ew.exact.solve(points, s).value for s in (x, y)]) for points in (theirs, ours.points)]
claim("ot.lp.free_support_barycenter: the objective", objective[0], objective[1])

# %% [markdown]
# ## Gradients
#
# POT's gradients come from a backend's automatic differentiation. The exact gradient of the cost is a sum over the plan, and is here a
# method; `ew.torch.wasserstein_loss` hands it to torch.

# %%
gradient = solution.gradient()
by_hand = 2 * (a[:, None] * x - ot.emd(a, b, M) @ y)
claim("the gradient by x", by_hand, gradient.X)

# %% [markdown]
# ## What differs, and why
#
# | POT | here |
# | --- | --- |
# | `ot.emd` on weights whose sums differ rescales them, or warns | a `ValueError` that names both sums |
# | `ot.sinkhorn` that underflows warns and returns NaN or a plan that is none | any ε converges, or `.status` says what stopped it |
# | `sinkhorn2` is ⟨M, P⟩ | that is `.transport_cost`; `.value` is what was minimised |
# | `empirical_sinkhorn_divergence` leaves the entropies out and clips at 0 | the divergence of Feydy et al., with bounds |
# | `max_sliced` is the best of random directions | a climb, with how steep the cost still is |
# | no evidence | `lower <= value <= upper` in every result |

# %%
for wrong in (a * 1.5, np.where(np.arange(n) == 3, np.nan, a)):
    try:
        ew.exact.solve(x, y, wrong, b)
    except ValueError as error:
        print(error)
    else:
        raise AssertionError("wrong masses were accepted")

tiny = ew.sinkhorn.solve(x, y, a, b, epsilon=1e-4, relative=True)
print(tiny)
assert tiny.lower <= solution.value <= tiny.upper

# %% [markdown]
# ## Claims

# %%
for name, (difference, allowed) in claims.items():
    print(f"{name:55} {difference:.1e}")
    assert difference <= allowed, f"{name}: relative difference {difference:.1e}"
assert len(claims) >= 20
