"""Trains a network on recordings, and writes it as ONNX."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from styleshift.audio.find import find_audio
from styleshift.audio.read import open_audio
from styleshift.audio.resample import resample
from styleshift.errors import AudioError, ConfigError, NothingToDoError
from styleshift.frontend import SpectrogramConfig, expanded, log_spectrogram
from styleshift_vocos.network import Transform, Vocos
from styleshift_vocos.vocoder import SETTINGS

RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))
"""Points and hop of the transforms in which sound is compared (Yamamoto et al. 2020)."""

_FLOOR = 1e-5


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Attributes:
        minutes: of training.
        channels, blocks: of the network.
        frames: of a crop.
        batch: crops a step.
        rate: learning rate at the start; it falls to zero.
        seed: of weights and crops.
        steps: at most; None: as many as there is time for.
    """

    minutes: float = 30.0
    channels: int = 256
    blocks: int = 8
    frames: int = 96
    batch: int = 16
    rate: float = 5e-4
    seed: int = 0
    steps: int | None = None


def read_recordings(folder: Path, config: SpectrogramConfig) -> list[np.ndarray]:
    """An hour of recordings below a folder, mono float32 at the settings' rate; damaged ones are left out.

    Raises:
        NothingToDoError: there is none that is long enough.
    """
    found, left = [], 3600.0
    for path in find_audio(folder).files:
        try:
            stream = open_audio(path, allow_cut=True)
            try:
                blocks = resample(stream.blocks(1 << 16), stream.sample_rate, config.sample_rate)
                samples = np.concatenate([block.mean(axis=1) for block in blocks])
            finally:
                stream.close()
        except (AudioError, ValueError):
            continue
        found.append(samples[: int(left * config.sample_rate)])
        left -= len(found[-1]) / config.sample_rate
        if left <= 0:
            break
    if not found:
        raise NothingToDoError(f"there are no recordings in {folder}", "name a folder of recordings")
    return found


class Crops:
    """Crops at random places, with the samples from the start of the first frame to the end of the last."""

    def __init__(
        self, recordings: list[np.ndarray], config: SpectrogramConfig, frames: int, seed: int
    ) -> None:
        self._config, self._frames = config, frames
        self._kept = min(config.frame_length, config.fft_length)
        self._samples = self._kept + config.hop_length * (frames - 1)
        whole = [each for each in recordings if len(each) >= self._samples]
        if not whole:
            raise NothingToDoError(
                f"no recording is as long as a crop of {frames} frames", "give longer ones, or fewer frames"
            )
        self._all = whole
        self._weights = np.array([len(each) for each in whole], np.float64)
        self._weights /= self._weights.sum()
        self._random = np.random.default_rng(seed)

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """``[count, frame, bin]`` log magnitudes and ``[count, sample]``."""
        waves = []
        for index in self._random.choice(len(self._all), count, p=self._weights):
            wave = self._all[index]
            start = int(self._random.integers(len(wave) - self._samples + 1))
            gain = 10 ** self._random.uniform(-1.0, 0.3)  # music comes at any level
            waves.append(gain * wave[start : start + self._samples])
        stacked = np.stack(waves).astype(np.float32)
        # Frames that begin in the crop and end in it: no zeros are seen beside the music.
        inside = SpectrogramConfig.from_dict({**self._config.to_dict(), "center": False})
        longer = np.pad(stacked, ((0, 0), (0, max(0, self._config.frame_length - self._kept))))
        log_magnitude = log_spectrogram(longer, inside)[:, : self._frames]
        return torch.from_numpy(np.ascontiguousarray(log_magnitude)), torch.from_numpy(stacked)


def synthesise(
    network: Vocos, transform: Transform, config: SpectrogramConfig, log_magnitude: Tensor
) -> Tensor:
    """``[batch, frame, bin]`` log magnitudes to ``[batch, sample]``, with gradients."""
    gain, phase = network(log_magnitude).unbind(1)
    size = expanded(log_magnitude, config) * torch.exp(gain)
    return transform.inverse(torch.polar(size, phase))


def spectral_distance(made: Tensor, wanted: Tensor) -> Tensor:
    """Spectral convergence and log distance of magnitudes, over three resolutions (Yamamoto et al. 2020)."""
    total = made.new_zeros(())
    for points, hop in RESOLUTIONS:
        if made.shape[1] < points:
            continue
        window = torch.hann_window(points, device=made.device)
        one, other = (
            torch.stft(each, points, hop, window=window, center=False, return_complex=True).abs()
            for each in (made, wanted)
        )
        convergence = (one - other).norm() / other.norm().clamp(min=_FLOOR)
        logs = functional.l1_loss(torch.log(one.clamp(min=_FLOOR)), torch.log(other.clamp(min=_FLOOR)))
        total = total + convergence + logs
    return total


def train(
    folder: Path,
    output: Path,
    config: SpectrogramConfig,
    plan: Plan,
    *,
    device: str = "cpu",
    tell: Callable[[int, float, float], None] = lambda step, loss, done: None,
) -> float:
    """Train on the recordings below ``folder`` and write ``output``.

    Args:
        folder: of recordings.
        output: an ONNX file.
        config: of the spectrograms that the vocoder will be given.
        plan: how.
        device: of torch.
        tell: told of the step, the mean loss since it was last told, and how much is done from 0 to 1.

    Returns:
        The mean loss of the last steps.

    Raises:
        NothingToDoError: there are no recordings, or none is long enough.
        ConfigError: the settings have a window other than ``hann``.
    """
    if config.window != "hann":
        raise ConfigError(
            f"the window is {config.window}; styleshift-vocos knows hann", "take another recipe"
        )
    torch.manual_seed(plan.seed)
    crops = Crops(read_recordings(folder, config), config, plan.frames, plan.seed)
    some = crops.batch(64)[0]
    network = Vocos(config.bins, float(some.mean()), float(some.std()) + 1e-6, plan.channels, plan.blocks)
    network = network.to(device)
    transform = Transform(config).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, betas=(0.8, 0.99))
    began, step, done, recent = time.monotonic(), 0, 0.0, list[float]()
    while done < 1:
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * (1 - done)
        log_magnitude, wanted = (each.to(device) for each in crops.batch(plan.batch))
        loss = spectral_distance(synthesise(network, transform, config, log_magnitude), wanted)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        recent = [*recent[-99:], loss.item()]
        done = (time.monotonic() - began) / (60 * plan.minutes)
        if plan.steps is not None:
            done = max(done, step / plan.steps)
        if step % 100 == 0:
            tell(step, sum(recent) / len(recent), min(1.0, done))
    export(network.cpu().eval(), output, config)
    return sum(recent) / len(recent)


def export(network: Vocos, output: Path, config: SpectrogramConfig) -> None:
    """Write the network with the settings that it has learned; any number of channels and frames goes in."""
    import onnx

    program = torch.onnx.export(
        network,
        (torch.zeros(2, 40, config.bins),),
        input_names=["log_magnitude"],
        output_names=["gain_and_phase"],
        dynamic_shapes=({0: "channels", 1: "frames"},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    model.metadata_props.add(key=SETTINGS, value=json.dumps(config.to_dict()))
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.partial")
    onnx.save(model, partial)
    partial.replace(output)
