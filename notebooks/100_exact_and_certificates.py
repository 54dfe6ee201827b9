# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Exact transport, and how to check it yourself
#
# `ew.exact.solve` returns a plan P, potentials (f, g), and two bounds. Both can be checked with a few lines of numpy: a plan with the
# right marginals costs at least the optimum, and potentials with f + g ≤ c sum to at most the optimum.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import cdist

import earthwork as ew

rng = np.random.default_rng(3)
n, m = 120, 90
X = rng.normal(size=(n, 2))
Y = rng.normal(size=(m, 2)) @ [[0.6, 0.4], [-0.4, 0.9]] + [2.0, 1.0]
a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))

solution = ew.exact.solve(X, Y, a, b)
print(solution)

# %%
C = cdist(X, Y, "sqeuclidean")
P, (f, g) = solution.plan, solution.potentials
print("rows met to   ", abs(P.sum(axis=1) - a).max())
print("columns met to", abs(P.sum(axis=0) - b).max())
print("entries       ", P.nnz, "of at most", n + m - 1)
print("f + g <= c    ", bool((f[:, None] + g <= C + 1e-12).all()))
print("plan costs    ", (P * C).sum())
print("potentials sum", a @ f + b @ g)

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
solution.plot(ax=axes[0])
ew.plot.potentials(solution, X, Y, ax=axes[1])
plt.show()

# %% [markdown]
# ## Where mass moves, f + g = c
#
# Complementary slackness: the plan uses only pairs that the potentials price exactly.

# %%
slack = C - f[:, None] - g
used = P.tocoo()
print("largest slack on an entry of the plan:", slack[used.row, used.col].max())

# %% [markdown]
# ## Judging other people's plans
#
# `ew.certify` takes any plan and any potentials, makes them feasible, and bounds the optimum by them. Here a greedy plan is judged, then the
# plan of a coarse entropic solve, both against the exact potentials.

# %%
greedy = np.zeros((n, m))
left, room = a.copy(), b.copy()
for k in np.argsort(C, axis=None):
    i, j = divmod(k, m)
    moved = min(left[i], room[j])
    greedy[i, j], left[i], room[j] = moved, left[i] - moved, room[j] - moved
judged = {
    "exact": ew.certify(P, X, Y, a, b, potentials=(f, g)),
    "greedy": ew.certify(greedy, X, Y, a, b, potentials=(f, g)),
    "Sinkhorn, ε = 5 %": ew.certify(
        ew.sinkhorn.solve(X, Y, a, b, epsilon=0.05, relative=True).plan, X, Y, a, b, potentials=(f, g)
    ),
}
for name, proof in judged.items():
    print(f"{name:20} optimum within [{proof.lower:.9f}, {proof.upper:.9f}], plan is {proof.upper / proof.lower - 1:.1%} too dear")

# %% [markdown]
# ## Stopped early, still a proof
#
# A time limit leaves bounds, not nothing: they are wider, and the status says why.

# %%
big = rng.normal(size=(8_000, 2)), rng.normal(size=(8_000, 2)) + [2.0, 0.0]
early = ew.exact.solve(*big, time_limit=0.02)
done = ew.exact.solve(*big)
print(early)
print(done)

# %% [markdown]
# ## Hard input
#
# Points far from the origin, masses of tiny total, ties: all tolerances are relative, so the gap stays closed.

# %%
for name, (x, y, p, q) in {
    "coordinates + 1e8": (X + 1e8, Y + 1e8, a, b),
    "masses x 1e-12": (X, Y, 1e-12 * a, 1e-12 * b),
    "lengths x 1e6": (1e6 * X, 1e6 * Y, a, b),
    "all ties": (np.repeat(X[:6], 20, axis=0), np.repeat(Y[:6], 15, axis=0), a, b),
}.items():
    found = ew.exact.solve(x, y, p, q)
    print(f"{name:20} {found}")
    assert found.status == "optimal" and found.gap <= 1e-9

# %% [markdown]
# ## Claims

# %%
assert solution.lower <= (P * C).sum() * (1 + 1e-14) and a @ f + b @ g <= solution.upper * (1 + 1e-14)
assert abs((P * C).sum() - (a @ f + b @ g)) <= 1e-12 * solution.value
assert slack[used.row, used.col].max() <= 1e-12
assert judged["exact"].upper <= judged["greedy"].upper and judged["exact"].relative_gap <= 1e-12
assert early.lower <= done.value <= early.upper
