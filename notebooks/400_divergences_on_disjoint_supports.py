# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Divergences on disjoint supports
#
# The first pages of *Wasserstein GAN* (Arjovsky, Chintala, Bottou 2017) have an example of two parallel lines: KL is infinite and JS
# is ln 2 at any distance between them, but W₁ *is* the distance. With samples in place of lines the same happens in a less obvious way, because
# an estimator always returns some number. Here the numbers say when not to believe them.

# %%
import matplotlib.pyplot as plt
import numpy as np

import earthwork as ew

rng = np.random.default_rng(11)


def lines(gap, n=400, noise=0.02):
    """Two vertical lines at distance `gap`, a little blurred so that densities exist."""
    side = lambda at: np.column_stack([at + noise * rng.normal(size=n), rng.uniform(size=n)])
    return side(0.0), side(gap)


gaps = np.array([0.0, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0])
pairs = [lines(gap) for gap in gaps]
rows = {
    "W1": [ew.exact.wasserstein(X, Y, p=1) for X, Y in pairs],
    "KL, kNN": [ew.divergence.estimate(X, Y, "kl") for X, Y in pairs],
    "JS, kNN": [ew.divergence.estimate(X, Y, "js") for X, Y in pairs],
    "JS, classifier": [ew.divergence.estimate(X, Y, "js", "classifier") for X, Y in pairs],
    "energy": [ew.kernel.energy_distance(X, Y) for X, Y in pairs],
    "MMD², σ = 0.1": [ew.kernel.mmd_distance(X, Y, bandwidth=0.1) for X, Y in pairs],
}
for name, estimates in rows.items():
    print(f"{name:16}", "  ".join(f"{e.value:8.4f}" for e in estimates))

# %%
figure, axes = plt.subplots(1, 3, figsize=(10, 3.1), layout="constrained")
X, Y = pairs[4]
ew.plot.clouds(X, Y, ax=axes[0], size=4)
axes[0].set_title("two lines at distance 0.3", fontsize=10)
for name in ("W1", "energy"):
    axes[1].plot(gaps, [e.value for e in rows[name]], marker=".", label=name)
axes[1].plot(gaps, gaps, "k:", lw=1, label="the gap")
for name in ("JS, kNN", "JS, classifier", "MMD², σ = 0.1"):
    axes[2].plot(gaps, [e.value for e in rows[name]], marker=".", label=name)
axes[2].axhline(np.log(2), color="k", ls=":", lw=1)
for ax, title in zip(axes[1:], ("sees how far", "sees only whether")):
    ax.set_title(title, fontsize=10)
    ax.set_xlabel("gap")
    ax.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# ## What the notes say
#
# An estimate of KL from m points cannot much exceed what m points can show. Where it comes near, the truth may be anything above, infinity
# included, and the estimate says so.

# %%
for gap, estimate in zip(gaps, rows["KL, kNN"]):
    print(f"gap {gap:4}: {estimate.value:7.3f}", "; ".join(estimate.notes))

# %% [markdown]
# ## The same point, exactly
#
# On one support nothing is estimated: KL of disjoint masses is infinite, JS ln 2, total variation 1, and transport still counts bins.

# %%
bins = np.eye(1, 100, 0)[0]
for shift in (0, 1, 10, 90):
    other = np.roll(bins, shift)
    exact = {kind: ew.divergence.discrete(bins, other, kind) for kind in ("kl", "js", "tv", "hellinger")}
    print(shift, exact, "W1 =", ew.exact.solve_grid(bins, other, cost="cityblock").value)

# %% [markdown]
# ## Which distances keep the law?
#
# `ew.laws` tries fourteen laws on any distance, yours included. One of them is this page: *d(x, x + t) is finite and grows with t
# on disjoint supports*.

# %%
judged = {}
for name, by in {
    "W1": "w1",
    "energy": "energy",
    "MMD, σ = 0.1": "mmd:0.1",
    "JS, kNN": ew.divergence.estimator("js", k=1),
    "my own: difference of means": lambda x, y: float(np.linalg.norm(x.mean(0) - y.mean(0))),
}.items():
    judged[name] = {law.name: law for law in ew.laws(by, cases=4)}
    broken = [law.name for law in judged[name].values() if law.outcome == "broken"]
    print(f"{name:28} breaks: {', '.join(broken) or 'none'}")
print(judged["my own: difference of means"]["identity"].found)

# %% [markdown]
# ## Claims

# %%
w1 = np.array([e.value for e in rows["W1"]])
js = np.array([e.value for e in rows["JS, kNN"]])
assert np.all(abs(w1[3:] - gaps[3:]) <= 0.05) and np.all(np.diff(w1[2:]) > 0)
assert np.all(abs(js[-3:] - np.log(2)) < 0.02)
assert any("saturated" in note or "no points" in note for note in rows["KL, kNN"][-1].notes)
assert ew.divergence.discrete(bins, np.roll(bins, 1)) == np.inf
assert np.isclose(ew.divergence.discrete(bins, np.roll(bins, 90), "js"), np.log(2), rtol=1e-14)
sees = {name: next(law for law in laws.values() if "disjoint" in law.formula).outcome for name, laws in judged.items()}
print(sees)
assert sees["W1"] == sees["energy"] == "kept" and sees["MMD, σ = 0.1"] == "broken"
