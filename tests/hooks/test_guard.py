"""What a plugin does wrong is told as the plugin's, wherever it is called."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from styleshift.errors import AudioError, ConfigError, PluginError
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import (
    AugmentationSpec,
    DiscriminatorSpec,
    DomainSpec,
    EngineSpec,
    Finished,
    GeneratorSpec,
    LossSpec,
    MetricSpec,
    NoOptions,
    Recording,
    Registry,
    RuntimeSpec,
    TrackerSpec,
    VocoderSpec,
)

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=64, hop_length=16, fft_length=64)
LOG = np.zeros((2, 5, CONFIG.bins), np.float32)


def fails(*_: object, **__: object) -> Any:
    raise KeyError("a key")


def entry(shelf: str, spec: Any) -> Any:
    """A record as the registry hands it out."""
    made = Registry()
    getattr(made, shelf).add(spec, "styleshift-foreign", "2.1")
    return getattr(made, shelf).get(spec.name)


def generator(forward: Any = None, build: Any = None, **members: Any) -> Any:
    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, given: Any) -> Any:
            return forward(self, given) if forward else given * self.weight

    for name, member in members.items():
        setattr(Module, name, member)
    spec = GeneratorSpec("wrong", "a test", NoOptions, build or (lambda *_: Module()))
    return entry("generators", spec).build(NoOptions(), CONFIG)


def discriminator(forward: Any = None, features: Any = lambda _, x: [x]) -> Any:
    class Module(torch.nn.Module):
        def forward(self, given: Any) -> Any:
            return forward(given) if forward else given.mean(dim=(2, 3))

    if features:
        Module.features = features  # type: ignore[attr-defined]
    spec = DiscriminatorSpec("wrong", "a test", NoOptions, lambda *_: Module())
    return entry("discriminators", spec).build(NoOptions(), CONFIG, 64)


def loss(made: Any) -> Any:
    spec = LossSpec("wrong", "a test", lambda *_: made)
    given = torch.zeros(2, 1, 3, 4, requires_grad=True)
    return entry("losses", spec).build(NoOptions(), CONFIG, "cpu")(given, given)


def augmentation(made: Any) -> Any:
    spec = AugmentationSpec("wrong", "a test", lambda *_: made)
    given = torch.zeros(2, 1, 3, 4)
    return entry("augmentations", spec).build(NoOptions(), CONFIG, "cpu")(given, given)


def metric(made: Any) -> Any:
    return entry("metrics", MetricSpec("wrong", "a test", made)).measure(None, None)


def vocoder(made: Any) -> Any:
    spec = VocoderSpec("wrong", "a test", lambda *_: made)
    return entry("vocoders", spec).build(NoOptions(), CONFIG, "cpu")(LOG, None, 80)


def runtime(made: Any) -> Any:
    spec = RuntimeSpec("wrong", "a test", lambda *_: made)
    return entry("runtimes", spec).build(NoOptions(), Path("x.onnx"), "cpu", 1).run(LOG)


def domain(found: Any) -> Any:
    return entry("domains", DomainSpec("wrong", "a test", lambda options, root: found)).find(
        NoOptions(), Path()
    )


def stream(*blocks: Any, **members: Any) -> Any:
    held = {"sample_rate": 8000, "channels": 2, "frames": None, "close": lambda: None} | members
    opened = SimpleNamespace(blocks=lambda frames: iter(blocks), **held)
    found = domain({"a": [Recording("b", Path("b"), lambda: opened)]})
    return list(found["a"][0].open().blocks(100))


def tracker(made: Any) -> Any:
    return entry("trackers", TrackerSpec("wrong", "a test", lambda *_: made)).build(NoOptions(), Path(), {})


def engine(*events: Any, **members: Any) -> Any:
    held = {"local": True, "workers": 2, "threads": lambda n: 1} | members
    made = SimpleNamespace(run=lambda *_, **__: iter(events), **held)
    built = entry("engines", EngineSpec("wrong", "a test", lambda config: made)).build(NoOptions())
    return built.threads(2), list(built.run(None, [], workers=1, patience=1.0, stop=lambda: False))


def array(shape: tuple[int, ...], dtype: str = "float32") -> Any:
    return np.zeros(shape, dtype)


GENERATOR, VOCODER, RUNTIME, DOMAIN = "generator", "vocoder", "runtime", "domain source"


@pytest.mark.parametrize(
    ("call", "record", "said"),
    [
        (lambda: generator(build=fails), GENERATOR, "KeyError: 'a key'"),
        (lambda: generator(build=lambda *_: None), GENERATOR, "build returned None, not a torch module"),
        (lambda: generator(fails), GENERATOR, "KeyError: 'a key'"),
        (lambda: generator(lambda *_: None), GENERATOR, "it returned None, not a tensor"),
        (lambda: generator(lambda _, x: (x, x)), GENERATOR, "it returned tuple, not a tensor"),
        (lambda: generator(lambda _, x: x.int()), GENERATOR, "it returned torch.int32, not a tensor"),
        (lambda: generator(lambda _, x: x[..., 1:]), GENERATOR, "into [1, 1, 33, 15]"),
        (lambda: generator(features=lambda *_: 3).features(LOG), GENERATOR, "features returned int"),
        (lambda: vocoder(lambda *_: array((2, 80), "float64")), VOCODER, "it returned float64, not float32"),
        (lambda: domain({"a": [Recording("b", Path(), None)]}), DOMAIN, "an open that cannot be called"),
        (lambda: stream(array((200, 2))), DOMAIN, "b: a block is [200, 2]; [1 to 100, 2] was wanted"),
        (lambda: generator(lambda _, x: x / 0), GENERATOR, "values that are not finite"),
        (lambda: discriminator(lambda x: x), "discriminator", "it returned [1, 1, 33, 64]; [1, patches]"),
        (lambda: discriminator(features=None), "discriminator", "it has no features"),
        (lambda: discriminator(features=lambda *_: None).features(LOG), "discriminator", "features returned"),
        (lambda: loss(None), "loss", "build returned None, which cannot be called"),
        (lambda: loss(fails), "loss", "KeyError: 'a key'"),
        (lambda: loss(lambda a, b: a), "loss", "it returned torch.float32 [2, 1, 3, 4], not one"),
        (lambda: loss(lambda a, b: 3.0), "loss", "it returned float, not one floating-point number"),
        (lambda: loss(lambda a, b: a.detach().sum()), "loss", "no gradient goes through it"),
        (lambda: augmentation(lambda a, b: None), "augmentation", "it returned None, not a tensor"),
        (lambda: augmentation(lambda a, b: a[1:]), "augmentation", "into torch.float32 [1, 1, 3, 4]"),
        (lambda: augmentation(lambda a, b: a.double()), "augmentation", "into torch.float64 [2, 1, 3, 4]"),
        (lambda: metric(lambda a, b: None), "metric", "measure returned None, not a number"),
        (lambda: metric(fails), "metric", "KeyError: 'a key'"),
        (lambda: metric(lambda a, b: 7), "metric", "measure returned 7; at most 1 was wanted"),
        (lambda: vocoder(None), VOCODER, "build returned None, which cannot be called"),
        (lambda: vocoder(fails), VOCODER, "KeyError: 'a key'"),
        (lambda: vocoder(lambda *_: None), VOCODER, "it returned None, not a NumPy array"),
        (lambda: vocoder(lambda *_: torch.zeros(2, 80)), VOCODER, "it returned Tensor, not a NumPy array"),
        (lambda: vocoder(lambda *_: array((2, 79))), VOCODER, "it returned [2, 79]; [2, 80] was wanted"),
        (
            lambda: vocoder(lambda *_: array((2, 80)) + np.float32(np.nan)),
            VOCODER,
            "it returned NaN or infinity",
        ),
        (lambda: runtime(None), RUNTIME, "build returned None, which has no run"),
        (lambda: runtime(SimpleNamespace(run=fails)), RUNTIME, "KeyError: 'a key'"),
        (lambda: runtime(SimpleNamespace(run=lambda x: x[1:])), RUNTIME, "it returned [1, 5, 33]"),
        (lambda: runtime(SimpleNamespace(run=lambda x: x.astype(float))), RUNTIME, "it returned float64"),
        (lambda: domain(None), DOMAIN, "find returned None, not recordings by domain"),
        (lambda: domain({"../a": []}), DOMAIN, "a domain '../a', which cannot be a folder name"),
        (lambda: domain({3: []}), DOMAIN, "a domain 3"),
        (lambda: domain({"a": "bc"}), DOMAIN, "find returned str for 'a', not recordings"),
        (lambda: domain({"a": [None]}), DOMAIN, "find returned None among the recordings of 'a'"),
        (lambda: domain({"a": (1 // 0 for _ in "x")}), DOMAIN, "ZeroDivisionError"),
        (lambda: domain({"a": [Recording("../b", Path(), print)]}), DOMAIN, "leaves its domain 'a'"),
        (lambda: domain({"a": [Recording("b", "c", print)]}), DOMAIN, "'b' has a path that is str"),
        (lambda: stream(channels=0), DOMAIN, "b: channels is 0; it must be a whole number from 1"),
        (lambda: stream(sample_rate=8000.0), DOMAIN, "b: sample_rate is 8000.0"),
        (lambda: stream(frames=-1), DOMAIN, "b: frames is -1"),
        (lambda: stream(array((3, 2), "int16")), DOMAIN, "b: a block is int16, not float32"),
        (lambda: stream(array((3, 1))), DOMAIN, "b: a block is [3, 1]; [1 to 100, 2] was wanted"),
        (lambda: stream(array((0, 2))), DOMAIN, "b: a block is [0, 2]"),
        (lambda: stream(array((3,))), DOMAIN, "b: a block is [3]"),
        (lambda: stream(None), DOMAIN, "b: a block is None, not float32"),
        (lambda: engine(workers=0), "engine", "workers is 0; it must be a whole number from 1"),
        (lambda: engine(threads=lambda n: None), "engine", "threads is None"),
        (lambda: engine("done"), "engine", "run gave str, not a job with its event"),
        (lambda: engine(("job", "done")), "engine", "run gave tuple"),
        (lambda: tracker(None), "tracker", "build returned None, which has no figures"),
    ],
)
def test_every_mistake_is_told_with_the_plugin_and_the_record(call: Any, record: str, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        call()
    assert caught.value.message.startswith(f"plugin styleshift-foreign 2.1, {record} wrong: ")
    assert said in caught.value.message
    assert caught.value.hint == "report it to its author"


def test_what_is_right_passes_as_it_is() -> None:
    made = array((2, 80))
    assert vocoder(lambda *_: made) is made
    assert runtime(SimpleNamespace(run=lambda x: x)) is LOG
    block = array((100, 2))
    assert stream(block)[0] is block
    assert discriminator()(torch.zeros(2, 1, 5, 4)).shape == (2, 1)
    assert engine(("job", Finished(3))) == (1, [("job", Finished(3))])


@pytest.mark.parametrize(
    "error", [AudioError("damaged"), ConfigError("wrong"), MemoryError(), RuntimeError("CUDA out of memory")]
)
def test_a_plugins_own_words_and_a_lack_of_memory_pass(error: Exception) -> None:
    def raises(*_: object) -> Any:
        raise error

    with pytest.raises(type(error)) as caught:
        vocoder(raises)
    assert caught.value is error


def test_built_ins_are_not_guarded_for_what_they_do_wrong_is_our_bug() -> None:
    made = Registry()
    made.vocoders.add(VocoderSpec("ours", "a test", fails), "styleshift", "1")
    with pytest.raises(KeyError):
        made.vocoders.get("ours").build(NoOptions(), CONFIG, "cpu")


def test_a_generator_keeps_its_weights_its_copies_and_its_graph() -> None:
    module = generator()
    assert list(module.state_dict()) == ["weight"]
    given = torch.ones(1, 1, CONFIG.bins, 16)
    other = copy.deepcopy(module)
    with torch.no_grad():
        other.weight.fill_(3.0)
    assert float(module(given).detach().mean()) == 1
    assert float(other(given).detach().mean()) == 3
    module(given).sum().backward()
    assert float(module.weight.grad) == given.numel()
    exported = torch.export.export(module.eval(), (given,)).module()
    assert torch.equal(exported(given), given)


def test_building_a_generator_draws_no_random_numbers_of_ours() -> None:
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    generator(lambda _, x: x + 0 * torch.rand_like(x))
    assert torch.equal(torch.rand(1), wanted)


@dataclass(frozen=True)
class Opened:
    sample_rate: int = 8000
    channels: int = 1
    frames: int | None = None

    def blocks(self, frames: int) -> Any:
        yield np.ones((frames, 1), np.float32)

    def close(self) -> None:
        pass


def test_a_recording_travels_to_a_worker_process() -> None:
    found = domain({"a": [Recording("b", Path("b"), Opened)]})
    (recording,) = pickle.loads(pickle.dumps(found["a"]))
    assert len(next(recording.open().blocks(7))) == 7


def test_a_worker_sends_the_traceback_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styleshift.hooks.guard.owner.multiprocessing.parent_process", lambda: object())
    monkeypatch.setenv("STYLESHIFT_DEBUG", "1")
    with pytest.raises(PluginError) as caught:
        vocoder(fails)
    assert "Traceback" in caught.value.hint
    assert "in fails" in caught.value.hint
