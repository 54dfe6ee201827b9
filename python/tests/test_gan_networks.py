"""Adversarial training of images and text, and networks that PyTorch reads."""

from __future__ import annotations

import json
import pickle
import struct

import numpy as np
import pytest

import earthwork as ew


def bars(n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Bars of 8 × 8, upright or flat."""
    images = np.zeros((n, 8, 8))
    labels = np.arange(n) % 2
    for k in range(n):
        at = (slice(None), k // 2 % 8) if labels[k] else (k // 2 % 8, slice(None))
        images[k][at] = 5 + k % 3
    return images, labels


def tensors(file: bytes) -> dict[str, np.ndarray]:
    (length,) = struct.unpack("<Q", file[:8])
    header, data = json.loads(file[8 : 8 + length]), file[8 + length :]
    header.pop("__metadata__")
    kinds = {"F32": np.float32, "F64": np.float64}
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def small(data, networks, **options):
    return ew.gan.fit(data, "wgan-gp", steps=4, every=2, points=16, batch=8, latent=4, networks=networks, seed=1, **options)


def test_networks_are_read_by_pytorch():
    torch = pytest.importorskip("torch")
    from torch import nn

    images, labels = bars()
    training = small(images, "dcgan:4", labels=labels)
    networks = training.networks()
    assert networks.critic_layers == "conv2d:4:4:2:1 leaky-relu:0.2 conv2d:8:4:2:1 leaky-relu:0.2 dense:1"
    critic = nn.Sequential(
        nn.Conv2d(1, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Sequential(nn.Flatten(), nn.Linear(32, 1))
    )
    state = {name.replace("4.", "4.1."): torch.tensor(value) for name, value in tensors(networks.critic).items()}
    critic.load_state_dict(state)
    low, high = 0.0, 7.0
    seen = torch.tensor(((images - (low + high) / 2) / ((high - low) / 2)).astype(np.float32))[:, None]
    with torch.no_grad():
        values = critic(seen)[:, 0].numpy() * (high - low) / 2
    np.testing.assert_allclose(training.critic(images.reshape(len(images), -1)), values, rtol=1e-4, atol=1e-4)
    assert networks.generator_layers.startswith("dense:32 reshape:2x2x8 relu conv-transpose2d:4:4:2:1")
    assert tensors(networks.generator)["3.weight"].shape == (8, 4, 4, 4)
    torch.manual_seed(0)
    generator = nn.Sequential(
        nn.Linear(4, 32), nn.Unflatten(1, (8, 2, 2)), nn.ReLU(), nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh()
    )
    generator.load_state_dict({name: torch.tensor(value) for name, value in tensors(networks.generator).items()})
    assert generator(torch.randn(3, 4)).shape == (3, 1, 8, 8)


def test_images_in_any_form():
    images, labels = bars()
    training = small(images, "dcgan:4", labels=labels, conditional=True)
    rows = small(images.reshape(len(images), -1), "dcgan:4", labels=labels, conditional=True, image=(8, 8))
    assert training.checkpoint() == rows.checkpoint()
    last = training.records[-1]
    assert last["classes_found"] <= 2 and 0 <= last["label_accuracy"] <= 1 and last["classifier_accuracy"] > 0.9
    assert last["to_training"] > 0 and last["held_out_to_training"] >= 0
    made = training.generate(3, of_class=1)
    assert made.shape == (3, 64) and training.nearest_real(made).shape == (3, 64)
    assert pickle.loads(pickle.dumps(training)).checkpoint() == training.checkpoint()
    colours = np.stack([images, images, 7 - images], axis=-1)
    assert small(colours, "resnet:2").generate(2).shape == (2, 192)
    layers = small(images, None, critic="conv2d:4:4:4 relu dense:1", generator="dense:64 reshape:8x8x1 tanh")
    assert layers.networks().critic_layers == "conv2d:4:4:4:0 relu dense:1"


def test_text():
    words = ["ape", "bee", "cat", "dog", "emu", "fox", "gnu", "hen", "ibis", "jay"] * 6
    training = small(words, "text:4", length=5)
    assert all(len(line) <= 5 for line in training.text(6)) and len(training.text(6)) == 6
    last = training.records[-1]
    assert len(last["js"]) == 4 and 0 <= last["new_lines"] <= last["real_lines"] <= 1
    assert training.floor().js[0] < 0.1
    again = ew.gan.fit(words, "wgan-gp", steps=4, every=2, points=16, batch=8, latent=4, networks="text:4", seed=1, length=5)
    assert again.records == training.records


def test_what_is_refused():
    images, _ = bars(20)
    with pytest.raises(ValueError, match="of which shape"):
        small(images.reshape(20, -1), "dcgan")
    with pytest.raises(ValueError, match="7 x 9 x 1"):
        small(images.reshape(20, -1), "dcgan", image=(7, 9))
    with pytest.raises(ValueError, match="leave it out"):
        small(images, "dcgan", image=(4, 16))
    with pytest.raises(ValueError, match="networks: unknown networks `gan`"):
        small(images, "gan")
    with pytest.raises(ValueError, match="needed of both"):
        small(images, None, critic="dense:1")
    with pytest.raises(ValueError, match="layer-norm or instance-norm"):
        small(images, None, critic="conv2d:2:3 batch-norm dense:1", generator="dense:64")
    with pytest.raises(ValueError, match="line 2 has 4 letters"):
        small(["ab", "abcd"], "text", length=3)
    with pytest.raises(ValueError, match="list of lines"):
        small(images, "dcgan", length=3)
    with pytest.raises(ValueError, match="no text"):
        small(images, "dcgan:4").text(2)
