"""The mistakes that authors of plugins made, each with what is said of it; of styleshift.hooks as a whole."""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styleshift.errors import PluginError
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import NoOptions, Registry
from styleshift.testing import ContractError, check_plugin

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=64, hop_length=16, fft_length=64)
IMPORTS = """
from pathlib import Path
from types import SimpleNamespace
from styleshift.hooks import *
from styleshift.hooks import hookimpl, settings
"""


def hook(kind: str, record: str, before: str = "") -> str:
    return f"{IMPORTS}{before}\n@hookimpl\ndef styleshift_{kind}():\n    return [{record}]\n"


def generator(body: str) -> str:
    module = f"""
def build(options, spectrogram):
    import torch
    class Module(torch.nn.Module):
        def forward(self, given):
            {body}
    return Module()
"""
    return hook("generators", 'GeneratorSpec("odd", "a test", NoOptions, build)', module)


def domain(blocks: str, channels: int = 1) -> str:
    before = f"""
import numpy as np
def find(options, folder):
    form = dict(sample_rate=8000, channels={channels}, frames=None, close=print)
    stream = SimpleNamespace(**form, blocks=lambda n: {blocks})
    return {{"a": [Recording("b", Path("b"), lambda: stream)]}}
"""
    return hook("domains", 'DomainSpec("odd", "a test", find)', before)


LEFT_OUT = [
    (
        "a hook with a typo",
        "def styleshift_generatorz():\n    return []",
        "did you mean styleshift_generators?",
    ),
    ("a hook of a later version", "def styleshift_remixes():\n    return []", "or needs a later version"),
    ("no mark", None, "its styleshift_vocoders is not marked with @hookimpl"),
    ("no hook", "hooks = []", "its entry point defines no hook"),
    ("a hook that returns None", "def styleshift_vocoders():\n    pass", "returned None, not a list"),
    (
        "a hook that returns a record",
        "def styleshift_vocoders():\n    return VocoderSpec",
        "returned type, not",
    ),
    (
        "a hook that takes something",
        "def styleshift_vocoders(config):\n    return []",
        "styleshift_vocoders asks for arguments (config); a hook takes none",
    ),
    (
        "a hook that raises",
        "def styleshift_vocoders():\n    return 1 // 0",
        "styleshift_vocoders raised ZeroDivisionError (styleshift_odd.py, line",
    ),
    (
        "a record without its build",
        hook("vocoders", 'VocoderSpec("a", "b")'),
        "missing 1 required positional argument: 'build'",
    ),
    (
        "a default of another type",
        hook(
            "vocoders",
            'VocoderSpec("a", "b", print, O)',
            "\nfrom dataclasses import dataclass\n@dataclass\nclass O:\n    x: bool = 'very'\n",
        ),
        "has a default that does not fit: x = 'very' is no bool",
    ),
    (
        "a record of another kind",
        hook("domains", 'VocoderSpec("a", "b", print)'),
        "it returned VocoderSpec, not",
    ),
    ("a name that cannot be", hook("vocoders", 'VocoderSpec("My Own", "b", print)'), "lower-case letters"),
    ("a built-in name", hook("vocoders", 'VocoderSpec("griffin-lim", "b", print)'), "is built in"),
    ("no build", hook("vocoders", 'VocoderSpec("a", "b", None)'), "has a build that cannot be called"),
    (
        "a build that takes too little",
        hook("generators", 'GeneratorSpec("a", "b", NoOptions, lambda options: None)'),
        "has a build that takes (options); it is called with (options, spectrogram)",
    ),
    (
        "a find that takes no options",
        hook("domains", 'DomainSpec("a", "b", lambda folder: {})'),
        "has a find that takes (folder); it is called with (options, folder)",
    ),
    (
        "an option without a default",
        hook("vocoders", 'VocoderSpec("a", "b", print, O)', "\n@settings\nclass O:\n    x: int\n"),
        "its VocoderSpec 'a' has a config that has a field without a default: x",
    ),
    (
        "a default that the class refuses",
        hook(
            "vocoders",
            'VocoderSpec("a", "b", print, O)',
            "\n@settings\nclass O:\n    x: int = 3\n    def __post_init__(self):\n        raise ValueError\n",
        ),
        "has a config that refuses its own defaults",
    ),
    (
        "a field of a later version",
        hook("vocoders", 'VocoderSpec("a", "b", print, gpu=1)'),
        "a later styleshift",
    ),
    (
        "a record of a later version",
        "from styleshift.hooks import RemixSpec",
        "a later styleshift than 0.1.0",
    ),
    (
        "a recipe that is not there",
        hook("recipes", 'RecipeSpec("a", "b", Path("no.toml"))'),
        "not there: no.toml",
    ),
    ("an exit", "raise SystemExit(3)", "SystemExit: 3"),
]


@pytest.mark.parametrize(("source", "said"), [row[1:] for row in LEFT_OUT], ids=[row[0] for row in LEFT_OUT])
def test_the_plugin_is_left_out_and_the_authors_own_check_says_the_same(
    install: Any, source: str | None, said: str
) -> None:
    text = source if source is not None else f"{IMPORTS}\ndef styleshift_vocoders():\n    return []"
    if text.startswith("def "):
        text = f"{IMPORTS}\n@hookimpl\n{text}"
    site = install("styleshift-odd", text)
    made = Registry()
    made.register_installed(distributions(path=[str(site)]))
    if said == "is built in":  # nothing else is in this registry
        assert not made.left_out
    else:
        (left_out,) = made.left_out
        assert said in left_out.reason
        assert "\n" not in left_out.reason
    with pytest.raises(ContractError) as caught:
        check_plugin("styleshift_odd")
    assert said.split(" than")[0].replace("a later styleshift", "")[:60] in str(caught.value)


USED = [
    (
        "build raises",
        hook("generators", 'GeneratorSpec("odd", "a", NoOptions, lambda o, s: 1 / 0)'),
        "ZeroDivision",
    ),
    ("forward raises", generator("raise KeyError('x')"), "KeyError: 'x'"),
    ("forward gives None", generator("return None"), "it returned None, not a tensor"),
    ("forward gives two", generator("return given, given"), "it returned tuple, not a tensor"),
    ("forward loses a frame", generator("return given[..., 1:]"), "it must keep the shape"),
    ("forward gives NaN", generator("return given / 0"), "values that are not finite of silence"),
    ("blocks of int16", domain("[np.zeros((9, 1), np.int16)]"), "b: a block is int16, not float32"),
    ("too many channels", domain("[np.zeros((9, 2), np.float32)]"), "b: a block is [9, 2]; [1 to 100, 1]"),
    ("an oversized block", domain("[np.zeros((200, 1), np.float32)]"), "b: a block is [200, 1]"),
    ("find raises", hook("domains", 'DomainSpec("odd", "a", lambda o, f: 1 / 0)'), "ZeroDivisionError"),
    (
        "a vocoder's ImportError",
        hook(
            "vocoders", 'VocoderSpec("odd", "a", build)', "\ndef build(o, s, d):\n    import no_such_thing\n"
        ),
        "ModuleNotFoundError: No module named 'no_such_thing'",
    ),
    (
        "a vocoder of float64",
        hook(
            "vocoders",
            'VocoderSpec("odd", "a", lambda o, s, d: lambda m, p, n: m[:, 0, :1].astype(float) * 0)',
        ),
        "it returned float64, not float32",
    ),
    (
        "a tracker's build",
        hook("trackers", 'TrackerSpec("odd", "a", lambda o, f, r: None)'),
        "returned None, which",
    ),
    (
        "a runtime that loses a frame",
        hook("runtimes", 'RuntimeSpec("odd", "a", lambda *_: SimpleNamespace(run=lambda x: x[..., 1:]))'),
        "it returned [2, 5, 32]; [2, 5, 33] was wanted",
    ),
]


@pytest.mark.parametrize(("source", "said"), [row[1:] for row in USED], ids=[row[0] for row in USED])
def test_what_goes_wrong_later_is_told_as_the_plugins(install: Any, source: str, said: str) -> None:
    made = Registry()
    made.register_installed(distributions(path=[str(install("styleshift-odd", source))]))
    assert not made.left_out, made.left_out
    (shelf,) = [each for each in made.shelves() if each.specs()]
    with pytest.raises(PluginError) as caught:
        use(shelf.kind, shelf.specs()[0])
    assert caught.value.message.startswith(f"plugin styleshift-odd 1.2.3, {shelf.kind} odd: ")
    assert said in caught.value.message
    assert caught.value.hint == "report it to its author"


def use(kind: str, spec: Any) -> None:
    """As a command would."""
    log_magnitude = np.zeros((2, 5, CONFIG.bins), np.float32)
    match kind:
        case "generator":
            spec.build(NoOptions(), CONFIG)
        case "vocoder":
            spec.build(NoOptions(), CONFIG, "cpu")(log_magnitude, None, 1)
        case "domain source":
            for recording in spec.find(NoOptions(), Path())["a"]:
                list(recording.open().blocks(100))
        case "tracker":
            spec.build(NoOptions(), Path(), {})
        case "runtime":
            spec.build(NoOptions(), Path(), "cpu", 1).run(log_magnitude)


def test_a_package_for_a_later_version_is_left_out_by_its_metadata(install: Any) -> None:
    site = install("styleshift-odd", "raise ValueError('imported')")
    (info,) = site.glob("*.dist-info")
    metadata = (info / "METADATA").read_text()
    for line, reason in (
        ("styleshift>=9.1", "it needs styleshift >=9.1; this is 0.1.0"),
        ("styleshift (<0.1)", "it needs styleshift <0.1; this is 0.1.0"),
        ("styleshift>=0.1; python_version > '3'", "ValueError: imported"),
        ("styleshift-midi>=9", "ValueError: imported"),
        ("styleshift>=9; extra == 'later'", "ValueError: imported"),
    ):
        (info / "METADATA").write_text(f"{metadata}Requires-Dist: {line}\n")
        made = Registry()
        made.register_installed(distributions(path=[str(site)]))
        assert [one.reason for one in made.left_out] == [reason]


@pytest.mark.parametrize("group", ["styleshift.plugins", "styleshift_plugins", "Styleshift"])
def test_an_entry_point_in_another_group_is_told(install: Any, group: str) -> None:
    site = install("styleshift-odd", hook("vocoders", 'VocoderSpec("a", "b", print)'))
    (info,) = site.glob("*.dist-info")
    (info / "entry_points.txt").write_text(f"[{group}]\nodd = styleshift_odd\n")
    (info / "top_level.txt").write_text("styleshift_odd\n")
    made = Registry()
    made.register_installed(distributions(path=[str(site)]))
    said = [one.reason for one in made.left_out]
    assert said == [f"its entry point is in the group {group!r}, not 'styleshift'"]
    with pytest.raises(ContractError, match=f"it is in the group '{group}'"):
        check_plugin("styleshift_odd")
