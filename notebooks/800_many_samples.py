# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Many samples, and more rows than memory
#
# All pairs of many samples, in a store that a later call goes on from; the nearest of each by few solves; and summaries of rows that
# nobody keeps. Each section ends with claims. [docs/scale.md](../docs/scale.md) has the costs, and what to do on a cluster.

# %%
import tempfile
from pathlib import Path

import numpy as np

import earthwork as ew

folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(0)

# %% [markdown]
# ## Months of weather
#
# Three climates of 20 months each: 30 days of temperature and rain a month. A month is a sample; W₂ says how far two months are apart.

# %%
climates = {"coast": ([12, 3], [3, 1.5]), "mountain": ([2, 4], [5, 2]), "desert": ([24, 0.3], [6, 0.3])}
months = {
    f"{name} {k:02d}": rng.normal(size=(30, 2)) * deviation + mean + rng.normal(size=2) * [1.5, 0.3]
    for name, (mean, deviation) in climates.items()
    for k in range(20)
}
found = ew.pairwise(months, by="w2", store=folder / "months.zarr")
print(found)

# %%
found.plot("embedding");

# %%
table = found.to_pandas()
within = table.loc[table.index.str.startswith("coast"), table.columns.str.startswith("coast")].to_numpy()
across = table.loc[table.index.str.startswith("coast"), table.columns.str.startswith("desert")].to_numpy()
assert found.complete and (found.lower <= found.values).all() and (found.values <= found.upper).all()
assert within.max() < across.min()

# %% [markdown]
# ## Interrupted, and gone on
#
# A run that ends early leaves its tiles. The next call computes what is missing, and the matrix has the same bits.

# %%
part = ew.pairwise(months, by="w1", store=folder / "w1.zarr", shard=(1, 3), tile=10)
print(part)
whole = ew.pairwise(months, by="w1", store=folder / "w1.zarr")
print(whole.report)
assert not part.complete and whole.complete and whole.report["found"] > 0
assert (whole.values == ew.pairwise(months, by="w1").values).all()

# %% [markdown]
# ## The nearest of each
#
# Proven bounds decide most pairs, so that few are solved. The answer is that of the whole matrix.

# %%
near = ew.pairwise(months, by="w2", nearest=3)
print(near)
others = found.values + np.where(np.eye(len(months), dtype=bool), np.inf, 0.0)
assert (np.sort(others, axis=1)[:, :3] == near.values).all()
assert near.report["solved"] < 0.5 * near.report["pairs"]

# %% [markdown]
# ## Rows that nobody keeps
#
# Two months of a sensor, a chunk at a time. A summary has one size, whatever the number of rows; summaries merge, to the same bits in any
# grouping; and each number says what the summary lost.


# %%
def chunks(seed, drift, count=10):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield rng.normal(size=(20_000, 2)) * [1.0, 1.0 + drift] + [drift, 0.0]


before, after = ew.summary.of(chunks(1, 0.0), part=300), ew.summary.of(chunks(2, 0.2), part=300)
print(before)
compared = ew.summary.compare(before, after)
compared

# %%
ks = compared["KS of column 0"].estimate
sliced = compared["SW2"].estimate
halves = [ew.summary.of(some, part=300) for some in (list(chunks(1, 0.0))[:4], list(chunks(1, 0.0))[4:])]
merged = halves[0] + halves[1]
assert ks.lower <= 0.0797 + 0.005 and ks.upper >= 0.0797 - 0.005  # 2 Φ(0.1) - 1, and what chance adds
cos, sin = np.cos(turns := np.linspace(0, np.pi, 1000)), np.sin(turns)
truth = np.sqrt(np.mean((0.2 * cos) ** 2 + (np.hypot(cos, 1.2 * sin) - 1) ** 2))  # of the two normal distributions
assert sliced.lower - 0.01 <= truth <= sliced.upper + 0.01 and abs(sliced.value - truth) < 0.02
assert (merged.covariance == before.covariance).all() and merged.count == before.count == 200_000

# %% [markdown]
# ## Sweeps
#
# Trainings with all objectives, controls and seeds; with a store each keeps checkpoints, and an interrupted sweep goes on to the same bits.
# With `client=` of Dask all of these run on its workers.

# %%
small = {"steps": 60, "every": 30, "points": 64, "batch": 32, "critic": [16], "generator": [16]}
sweep = ew.gan.sweep("ring8", ["wgan", "ns"], ["gp", None], seeds=2, store=folder / "sweep", **small)
again = ew.gan.sweep("ring8", ["wgan", "ns"], ["gp", None], seeds=2, store=folder / "sweep", **small)
print(sweep)
assert again.report["found"] == 8 and again.runs == sweep.runs
assert sweep["wgan", "gp", 1].checkpoint() == ew.gan.fit("ring8", "wgan+gp", seed=1, **small).checkpoint()
