# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # A GAN and a WGAN on the ring, side by side
#
# Eight Gaussians on a circle. Both networks are the same; what differs is the objective and how the critic is held. The referee is exact
# transport between generated and held-out points, which neither of the two sees: so here we know which of the losses tells the truth.

# %%
import matplotlib.pyplot as plt
import numpy as np

import earthwork as ew

watched = ["sw1", "energy", "fid", "kid", "precision", "recall", "coverage", "one_nn"]
options = dict(steps=700, every=50, points=256, batch=128, seed=2, critic=(48, 48), generator=(48, 48), metrics=watched)
trainings = {
    "GAN, non-saturating": ew.gan.fit("ring8", "ns", **options),
    "WGAN-LP": ew.gan.fit("ring8", "wgan-lp", **options),
}
real, _ = ew.gan.toy("ring8", 500, seed=9)
floor = float(trainings["WGAN-LP"].floor().w1)
print(f"two real samples of this size are W1 = {floor:.3f} apart")
for name, training in trainings.items():
    print(f"\n{name}")
    for record in training.records[::2]:
        proven = f"{record['certified']:.3f}"
        print(
            f"  step {record['step']:4}  exact W1 {record['w1']:.3f}   critic says {record['critic_value']:10.3f}   proves {proven}"
            f"   modes {record['modes']}/8   good {record['high_quality']:.0%}"
        )

# %%
figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.4), layout="constrained")
for ax, (name, training) in zip(axes, trainings.items()):
    made = training.generate(500, seed=1)
    ax.scatter(*real.T, s=4, color=ew.plot.SOURCE, label="real")
    ax.scatter(*made.T, s=4, color=ew.plot.TARGET, label="generated")
    ax.set_title(f"{name}: W1 = {ew.exact.wasserstein(real, made, p=1).value:.3f}", fontsize=10)
    ax.set_aspect("equal")
    ax.legend(frameon=False, fontsize=7, loc="center")
for name, training in trainings.items():
    axes[2].plot(training.curve("step"), training.curve("w1"), marker=".", label=name)
axes[2].axhline(floor, color="k", lw=0.8, ls=":", label="two real samples")
axes[2].set_xlabel("step of the generator")
axes[2].set_ylabel("exact W1 to held-out points")
axes[2].legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# ## What the critic says, and what it proves
#
# The WGAN's loss is quoted as an estimate of W₁. Beside the exact number one sees what it is worth. What it *proves* (its value over the
# proven Lipschitz constant) never exceeds the exact distance, and can be far below it.

# %%
wgan = trainings["WGAN-LP"]
figure, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(wgan.curve("step"), wgan.curve("w1"), marker=".", label="exact W1")
ax.plot(wgan.curve("step"), wgan.curve("critic_value"), marker=".", label="critic's value")
ax.plot(wgan.curve("step"), wgan.curve("certified"), marker=".", label="proven by the critic")
ax.set_xlabel("step of the generator")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Metrics on the way, beside exact W₁
#
# Each record also holds what these metrics say of the very points that the exact solver compared. Those in orange are in their own units; blue
# is exact W₁ on a scale of its own, upside down for scores; thin lines are two real samples. The number is the rank correlation over the
# training, with each metric turned so that more is worse.

# %%
real_against_real, tracks = wgan.floor().metrics, wgan.correlations()
figure, axes = plt.subplots(2, 4, figsize=(11, 4.4), layout="constrained", sharex=True)
for ax, key in zip(axes.flat, watched):
    score = key in ("precision", "recall", "coverage")
    ax.plot(wgan.curve("step"), wgan.curve(key), marker=".", color=ew.plot.TARGET)
    ax.axhline(float(real_against_real[key]), color="k", lw=0.6)
    ax.set_title(f"{key}: {tracks[key]:.2f}", fontsize=10)
    behind = ax.twinx()
    behind.plot(wgan.curve("step"), -wgan.curve("w1") if score else wgan.curve("w1"), color=ew.plot.SOURCE, alpha=0.35, lw=3)
    behind.set_yticks([])
figure.supxlabel("step of the generator", fontsize=10)
plt.show()

# %% [markdown]
# ## The metrics of generative models, on the same points
#
# FID compares two Gaussians, so a ring and a blob of the same covariance are equal to it; precision and recall ask for neighbourhoods; the
# modes are known here and can be counted.

# %%
keys = ["w1", "fid", "kid", "precision", "recall", "one_nn"]
blob = np.random.default_rng(0).normal(size=(500, 2)) * real.std(axis=0) + real.mean(axis=0)
fakes = {**{name: training.generate(500, seed=1) for name, training in trainings.items()}, "a Gaussian blob": blob}
table = {name: ew.metrics.evaluate(real, fake, keys) for name, fake in fakes.items()}
print(f"{'':22}" + "".join(f"{key:>11}" for key in keys))
for name, row in table.items():
    print(f"{name:22}" + "".join(f"{row[key].value:11.4f}" for key in keys))

# %% [markdown]
# ## Claims

# %%
for training in trainings.values():
    assert training.status == "converged"
    assert (training.curve("certified") <= training.curve("w1") * (1 + 1e-12)).all()
w1 = wgan.curve("w1")
assert all(tracks[key] > 0.9 for key in ("sw1", "energy")) and tracks["recall"] < tracks["sw1"]
assert w1[-1] < 0.5 * w1[0] and w1[-1] >= 0.5 * floor
assert table["a Gaussian blob"]["fid"].value < 0.05 < table["a Gaussian blob"]["w1"].value
assert table["a Gaussian blob"]["precision"].value < 0.5
again = ew.gan.fit("ring8", "wgan-lp", **options)
assert (again.generate(100) == wgan.generate(100)).all()  # same seed, same bits
