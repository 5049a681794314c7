"""The contract checks: what is whole passes, and each way of breaking a promise is found and named."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from styleshift.errors import BundleError, ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks import DomainSpec, GeneratorSpec, NoOptions, Recording, RuntimeSpec, VocoderSpec
from styleshift.testing import (
    ContractError,
    check_domain,
    check_generator,
    check_plugin,
    check_runtime,
    check_vocoder,
)

SMALL = SpectrogramConfig(sample_rate=8000, frame_length=64, hop_length=16, fft_length=64)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# --- generators -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Channels:
    channels: int = 4


class Plain(nn.Module):
    """A generator that keeps every promise."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.norm = nn.InstanceNorm2d(channels, affine=True)
        self.last = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, log_magnitude: torch.Tensor) -> torch.Tensor:
        return log_magnitude + self.last(torch.relu(self.norm(self.first(log_magnitude))))


class Cropping(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude)[..., :-1, :]


class Restless(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude) + 0.01 * torch.randn_like(log_magnitude)


class Entangled(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude) + log_magnitude.mean(0, keepdim=True)


class Dividing(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude) / log_magnitude.std((1, 2, 3), keepdim=True)


class Overwriting(Plain):
    def forward(self, log_magnitude):
        log_magnitude.mul_(0.5)
        return super().forward(log_magnitude.clone())


class Detached(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude.detach())


class Idle(Plain):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.spare = nn.Linear(2, 2)


class Hiding(Plain):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.scale = torch.rand(())

    def forward(self, log_magnitude):
        return super().forward(log_magnitude) * self.scale


class Sharing(Plain):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.again = nn.Conv2d(1, channels, 3, padding=1)
        self.again.weight = self.first.weight

    def forward(self, log_magnitude):
        return super().forward(log_magnitude) + self.again(log_magnitude).mean(1, keepdim=True)


class WrongBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor):
        ctx.factor = 1.0 if tensor.dtype == torch.float64 else 0.5
        return tensor * 1.0

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.factor


class Miscounting(Plain):
    def forward(self, log_magnitude):
        return super().forward(WrongBackward.apply(log_magnitude))


class Flat(Plain):
    def features(self, log_magnitude):
        return [self.first(log_magnitude).flatten(2)]


class FixedLength(Plain):
    def forward(self, log_magnitude):
        frames = torch.ones(log_magnitude.shape[-1]).tolist()  # a Python list: the export has one length
        return super().forward(log_magnitude) + torch.tensor(frames)


def generator(made: type[nn.Module]) -> GeneratorSpec:
    return GeneratorSpec("plain", "a test", Channels, lambda config, spectrogram: made(config.channels))


def test_a_whole_generator_passes_its_export_too():
    check_generator(generator(Plain), {"channels": 3}, spectrograms=[SMALL])


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (Cropping, "came back as"),
        (Restless, "other numbers on a second call"),
        (Entangled, "otherwise than alone"),
        (Dividing, "not finite"),
        (Overwriting, "changes its input in place"),
        (Detached, "no gradient reaches its input"),
        (Idle, "no gradient reaches the weight spare"),
        (Hiding, "not in state_dict"),
        (Sharing, "share memory"),
        (Miscounting, "off by 50% from that in float64"),
        (Flat, r"features hold .* \[batch, channel, bin, frame\] is wanted"),
        (nn.Identity, "no weights that can learn"),
    ],
)
def test_a_generator_that_breaks_a_promise_is_told_which(made, sentence):
    spec = GeneratorSpec(
        "broken",
        "a test",
        Channels,
        lambda config, spectrogram: made(config.channels) if made is not nn.Identity else made(),
    )
    torch.manual_seed(0)
    with pytest.raises(ContractError, match=sentence):
        check_generator(spec, spectrograms=[SMALL], export=False)


def test_a_generator_that_cannot_be_exported_is_told(recwarn):
    with pytest.raises(ContractError, match="export"):
        check_generator(generator(FixedLength), spectrograms=[SMALL])


def test_options_that_do_not_fit_are_told():
    with pytest.raises(ContractError, match="no option 'chanels'"):
        check_generator(generator(Plain), {"chanels": 3}, spectrograms=[SMALL])


# --- runtimes ---------------------------------------------------------------------------------------------


class Session:
    """The ONNX reference implementation as a runtime, with one thing broken at will."""

    def __init__(self, model: Path, broken: str) -> None:
        from onnx.reference import ReferenceEvaluator

        self._evaluator = ReferenceEvaluator(str(model))
        self._broken = broken
        self.description = "" if broken == "description" else "ONNX reference"

    def run(self, log_magnitude):
        out = self._evaluator.run(None, {"log_magnitude": log_magnitude})[0]
        if self._broken == "numbers":
            return out * np.float32(1.01)
        if self._broken == "type":
            return out.astype(np.float64)
        if self._broken == "shape":
            return out[..., :-1]
        return out


def runtime(broken: str = "") -> RuntimeSpec:
    def build(model, device, threads):
        if model.read_bytes().startswith(b"this is no"):
            if broken == "credulous":
                return None
            raise ValueError(model) if broken == "refusal" else BundleError(f"{model} is no model")
        return Session(model, broken)

    return RuntimeSpec("reference", "a test", build)


def test_a_whole_runtime_passes():
    check_runtime(runtime())


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("numbers", "off by 1.0e-02"),
        ("type", "float64, not float32"),
        ("shape", "came back as"),
        ("description", "description is empty"),
        ("refusal", "raised ValueError"),
        ("credulous", "without an error"),
    ],
)
def test_a_runtime_that_breaks_a_promise_is_told_which(broken, sentence):
    with pytest.raises(ContractError, match=sentence):
        check_runtime(runtime(broken))


def test_a_runtime_is_held_to_the_devices_it_names():
    with pytest.raises(ContractError, match="does not say that it serves cuda"):
        check_runtime(runtime(), device="cuda")


# --- domains ----------------------------------------------------------------------------------------------


class Ramp:
    """A second of stereo that counts up, with one thing broken at will."""

    def __init__(self, broken: str) -> None:
        self.sample_rate = 8000.0 if broken == "rate" else 8000
        self.channels = 2
        self.frames = 80_000 if broken == "length" else 8000
        self._broken = broken
        self._closed = False

    def blocks(self, frames):
        ramp = np.stack([np.arange(8000), -np.arange(8000)], axis=1) / 8000
        ramp = ramp.astype(np.float64 if self._broken == "type" else np.float32)
        if self._broken == "finite":
            ramp[5000] = np.nan
        if self._broken == "random":
            ramp += np.random.default_rng().random(1, np.float32)
        if self._broken == "mono":
            ramp = ramp[:, 0]
        size = frames * 2 if self._broken == "size" else frames
        if self._broken != "silent":
            for start in range(0, 8000, size):
                yield ramp[start : start + size]

    def close(self):
        if self._closed and self._broken == "close":
            raise ValueError("closed twice")
        self._closed = True


def find(folder: Path, broken: str, calls: list[int]) -> dict[str, list[Recording]]:
    calls.append(1)
    files = sorted(folder.glob("*.ramp"))
    if broken == "order" and len(calls) % 2:
        files.reverse()
    made = [Recording(file.name, file, functools.partial(Ramp, broken), version="1") for file in files]
    if broken == "twice":
        made *= 2
    if broken == "outside":
        made = [dataclasses.replace(item, name="../" + item.name) for item in made]
    if broken == "pickle":
        made = [dataclasses.replace(item, open=lambda: Ramp("")) for item in made]
    if broken == "path":
        made = [dataclasses.replace(item, path=item.path / "not") for item in made]
    if broken == "everywhere":
        made = made or [Recording("x", folder, functools.partial(Ramp, ""))]
    return {"../up" if broken == "domain" else "ramps": made}


@pytest.fixture
def ramps(tmp_path: Path) -> Path:
    for name in ("a.ramp", "b.ramp"):
        (tmp_path / name).write_text(name)
    return tmp_path


def domain(broken: str = "") -> DomainSpec:
    return DomainSpec("ramps", "a test", functools.partial(find, broken=broken, calls=[]))


def test_a_whole_domain_passes_and_its_recordings_are_returned(ramps):
    found = check_domain(domain(), ramps)
    assert [item.name for item in found["ramps"]] == ["a.ramp", "b.ramp"]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("rate", "sample_rate is 8000.0"),
        ("length", "8000 frames came where frames said 80000"),
        ("type", "float64, not float32"),
        ("finite", "not finite"),
        ("random", "other audio on a second pass"),
        ("mono", r"a block is \(4096,\)"),
        ("size", r"must be \[1 to 4096, 2\]"),
        ("silent", "no audio comes"),
        ("close", "closed twice"),
        ("order", "in another order"),
        ("twice", "holds 'a.ramp' twice"),
        ("outside", "leaves its domain"),
        ("pickle", "cannot be pickled"),
        ("path", "is no file"),
        ("domain", "cannot be a folder's name"),
        ("everywhere", "in an empty folder"),
    ],
)
def test_a_domain_that_breaks_a_promise_is_told_which(ramps, broken, sentence):
    with pytest.raises((ContractError, ValueError), match=sentence):
        check_domain(domain(broken), ramps)


def test_a_domain_that_finds_nothing_is_not_passed(tmp_path):
    with pytest.raises(ContractError, match="finds nothing"):
        check_domain(domain(), tmp_path)


# --- whole plugins ----------------------------------------------------------------------------------------

PLUGIN = """
from styleshift.hooks import VocoderSpec, hookimpl

@hookimpl
def styleshift_vocoders():
    return [VocoderSpec("echo", "a test", print)]
"""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import onnxruntime\n" + PLUGIN, "imports onnxruntime before anything is built"),
        (PLUGIN.replace("    return", "    import torch\n    return"), "imports torch"),
        (PLUGIN.replace("vocoders()", "vocodrs()"), "vocodrs"),
        (PLUGIN.replace("@hookimpl", ""), "defines no hook"),
        (PLUGIN.replace('[VocoderSpec("echo", "a test", print)]', "[]"), "bring no record"),
        ("import nothing_of_that_name", "No module named"),
    ],
)
def test_a_plugin_that_breaks_a_promise_is_told_which(tmp_path, monkeypatch, source, sentence):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"plugin_{abs(hash(source))}.py").write_text(source)
    with pytest.raises(ContractError, match=sentence):
        check_plugin(f"plugin_{abs(hash(source))}")


def test_a_whole_plugin_passes_and_comes_back_in_a_registry_of_its_own(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "plugin_whole.py").write_text(PLUGIN)
    registry = check_plugin("plugin_whole")
    assert list(registry.vocoders.entries()) == ["echo"]
    assert registry.generators.specs() == []


# --- vocoders ---------------------------------------------------------------------------------------------


class Inverse:
    """The source's phase, or zero phase, with one thing broken at will."""

    def __init__(self, spectrogram: SpectrogramConfig, broken: str) -> None:
        self._spectrogram, self._broken, self._calls = spectrogram, broken, 0

    def __call__(self, log_magnitude, source, samples):
        from styleshift.frontend import istft, magnitude

        if source is None:
            raise ConfigError("a source is needed")
        self._calls += 1
        size = magnitude(log_magnitude, self._spectrogram)
        spectrum = size * np.exp(1j * np.angle(source))
        if self._broken == "source":
            spectrum = source
        if self._broken == "pitch":
            spectrum = np.roll(spectrum, 3, axis=-1)
        if self._broken == "channels":
            spectrum = spectrum[::-1]
        audio = istft(spectrum.astype(np.complex64), self._spectrogram, length=samples)
        if self._broken == "level":
            audio *= 1.5
        if self._broken == "length":
            audio = audio[:, :-1]
        if self._broken == "type":
            audio = audio.astype(np.float64)
        if self._broken == "finite":
            audio[0, 0] = np.inf
        if self._broken == "magnitude":
            log_magnitude *= 0.9
        if self._broken == "state":
            audio = audio * np.float32((-1) ** self._calls)
        if self._broken == "noise":
            audio = audio + np.float32(0.01)
        return audio


def vocoder(broken: str = "") -> VocoderSpec:
    return VocoderSpec(
        "inverse", "a test", lambda config, spectrogram, device: Inverse(spectrogram, broken), NoOptions
    )


def test_a_whole_vocoder_passes():
    check_vocoder(vocoder())


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("source", "silence over a source"),
        ("pitch", "came back at"),
        ("channels", "came back at"),
        ("level", r"came back \+3\.5 dB"),
        ("length", "was asked for"),
        ("type", "float64, not float32"),
        ("finite", "not finite"),
        ("magnitude", "changes the magnitudes"),
        ("state", "other audio"),
        ("noise", "silence came back"),
    ],
)
def test_a_vocoder_that_breaks_a_promise_is_told_which(broken, sentence):
    with pytest.raises(ContractError, match=sentence):
        check_vocoder(vocoder(broken))


# --- what is built in -------------------------------------------------------------------------------------


def test_the_built_in_plugins_import_nothing_heavy():
    from styleshift.hooks.registry import BUILT_IN_MODULES

    for module in BUILT_IN_MODULES:
        check_plugin(module)


@pytest.mark.parametrize("name", ["griffin-lim", "source-phase", "pghi"])
def test_the_built_in_vocoders_keep_the_contract(name):
    check_vocoder(check_plugin("styleshift.vocoders.plugin").vocoders.get(name))


def test_the_built_in_runtime_keeps_the_contract():
    check_runtime(check_plugin("styleshift.conversion.runtimes").runtimes.get("onnxruntime"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed", "residual"])
def test_the_built_in_generators_keep_the_contract(name):
    spec = check_plugin("styleshift.networks.plugin").generators.get(name)
    check_generator(spec, {"channels": 4}, export=name != "seed")


def test_the_built_in_domain_keeps_the_contract(tmp_path):
    import soundfile

    for name in ("piano/a.wav", "piano/deep/b.flac", "violin/a.ogg"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        tone = 0.3 * np.sin(np.arange(22050 * 2) * 0.05)
        soundfile.write(file, np.stack([tone, tone], axis=1), 22050)
    spec = check_plugin("styleshift.audio.domain").domains.get("folders")
    found = check_domain(spec, tmp_path)
    assert {name: [item.name for item in items] for name, items in found.items()} == {
        "piano": ["a.wav", "deep/b.flac"],
        "violin": ["a.ogg"],
    }
