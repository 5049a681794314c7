"""What the runtime and device ``auto`` mean for one model on this machine: tried, not looked up.

A runtime is taken if it loads the model, gives for a test input what ONNX Runtime gives in float32 on the
CPU, and, on a CPU, is faster than that. One that is named is taken however fast it is: with a warning where
it gives something else, and not at all where that is far off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.bundle.load import Bundle
from styleshift.errors import BundleError, StyleshiftError
from styleshift.hooks.options import build_config
from styleshift.hooks.records import NoOptions
from styleshift.progress import Reporter
from styleshift.runtimes import devices
from styleshift.runtimes.batches import GPU_FRAMES
from styleshift.runtimes.plugin import load_onnxruntime, runtimes_for
from styleshift.runtimes.sooner import START_SECONDS, cpu_is_sooner, windows_of
from styleshift.system.environment import processors

if TYPE_CHECKING:
    from styleshift.bundle.metadata import BundleMetadata
    from styleshift.hooks.records import RuntimeSession, RuntimeSpec

# Root mean square of the difference, as a share of the output's own deviation: about 0.3 dB in a bin.
# bfloat16 comes out at 0.004 (recipe small) to 0.025 (seed), float16 near 0.001.
PARITY = 0.03
# A runtime that is named may be this far off, with a warning; a model that is wrong in one layer is further.
TOLERATED = 0.1
# Less than this is not worth another library's rounding.
WORTH = 1.1
_RUNS, _ENOUGH_SECONDS = 5, 1.0


class Selection(NamedTuple):
    """What will run a model.

    Attributes:
        runtime: by name.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    runtime: str
    device: str


def select_runtime(
    bundle: Bundle,
    runtime: str = "auto",
    device: str = "auto",
    reporter: Reporter | None = None,
    earlier: Mapping[str, str] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    music: float | None = None,
    load: Callable[[str, str], RuntimeSession] | None = None,
) -> Selection:
    """A runtime and a device that work here.

    Two runtimes that are about as fast may change places from one run to the next. So that a library that is
    gone on with is not made by both, the one that began it is taken again where it still works.

    Args:
        bundle: the model.
        runtime: ``auto``, or a name, which is left as it is; but it is tried.
        device: ``auto``, or a name.
        reporter: told, in a line each, what was not taken and why.
        earlier: by device (``cpu``, ``cuda``), the runtime that made what is there already, if any; see
            :meth:`styleshift.conversion.library.journal.LibraryJournal.runtimes`.
        options: of the runtime that is named; as text or plain values.
        music: seconds to be converted, about. Where neither device nor runtime is named, and no part of what
            is there was made on a GPU, a GPU is used only if it is done sooner. None: it is used.
        load: gives a session of a runtime, by name, on a GPU; None loads one in this process.

    Raises:
        ConfigError: no such device, or the runtime does not serve it.
        PluginError: no such runtime.
        BundleError: the model cannot be run at all, or comes out as another by the runtime that is named.
    """
    reporter = reporter or Reporter()
    if runtime != "auto":
        earlier = None
    if device != "auto":
        device = devices.resolve_device(device)
        fit = runtimes_for(runtime, device)
        loaded = _loader(fit, options or {}, device, bundle, load)
        if runtime != "auto":
            _try_named(runtime, loaded, bundle, reporter)
            return Selection(runtime, device)
        chosen = _choose(fit, device, bundle, reporter, earlier, loaded)
        if chosen is None:
            raise BundleError(f"no runtime runs this model on {device}", "use `device=cpu`")
        return Selection(chosen, device)
    if devices.cuda_devices():
        there = runtimes_for(runtime, "cuda", required=False)
        keeps = music is None or runtime != "auto" or "cuda" in (earlier or {})
        race = None if keeps or not there else _Race(bundle, music or 0.0, reporter)
        if there and (race is None or not race.over_at_once()):
            loaded = _loader(there, options or {}, "cuda", bundle, load)
            chosen = _choose(there, "cuda", bundle, reporter, earlier, loaded)
            if chosen is None:
                reporter.warn("the GPU is not used; the CPU does the work")
            elif race is None or not race.lost_by(chosen, loaded(chosen)):
                return Selection(chosen, "cuda")
    return select_runtime(bundle, runtime, "cpu", reporter, earlier, options=options)


Loader = Callable[[str], "RuntimeSession"]


def _loader(
    fit: list[RuntimeSpec],
    options: Mapping[str, Any],
    device: str,
    bundle: Bundle,
    load: Callable[[str, str], RuntimeSession] | None,
) -> Loader:
    """Gives a session of one of these runtimes by its name, the same when it is asked again."""

    @cache
    def session(name: str) -> RuntimeSession:
        if load is not None and device != "cpu":
            return load(name, device)
        spec = next(spec for spec in fit if spec.name == name)
        return spec.build(build_config(spec.config, options, f"runtime {name}"), bundle.path, device, 1)

    return session


def _try_named(name: str, loaded: Loader, bundle: Bundle, reporter: Reporter) -> None:
    """Once, on one window, against ONNX Runtime on the CPU: silently wrong music is worse than none."""
    if name == "onnxruntime":
        return
    window = trial_window(bundle.metadata)
    found = loaded(name).run(window)
    difference = relative_error(found, load_onnxruntime(NoOptions(), bundle.path, "cpu", 1).run(window))
    if difference <= PARITY:
        return
    said = f"the results of the runtime {name} differ by {difference:.1%} from those of ONNX Runtime"
    if not difference <= TOLERATED:
        raise BundleError(
            f"{said}; {TOLERATED:.0%} is the most", "use `runtime=onnxruntime`, and tell its author"
        )
    reporter.warn(f"{said}; `runtime=auto` would not take it")


class _Race:
    """Whether the CPU has done all sooner than a GPU would; told in a line where it has."""

    def __init__(self, bundle: Bundle, music: float, reporter: Reporter) -> None:
        self._window, self._workers = trial_window(bundle.metadata), processors()
        self._music, self._reporter = music, reporter
        spectrogram = bundle.metadata.spectrogram
        seconds = self._window.shape[3] * spectrogram.hop_length / spectrogram.sample_rate
        self._windows = windows_of(music, seconds)
        self._here = _seconds(load_onnxruntime(NoOptions(), bundle.path, "cpu", 1), self._window)

    def over_at_once(self) -> bool:
        """Before a GPU has begun, which therefore need not."""
        return self._over(0.0, f"starting the GPU takes {START_SECONDS:.0f} s", START_SECONDS)

    def lost_by(self, name: str, session: RuntimeSession) -> bool:
        """With a session on a GPU that is ready, by the time of as many windows as it is given at once."""
        count = max(1, GPU_FRAMES // self._window.shape[3])
        try:
            there = _seconds(session, np.repeat(self._window, count, axis=0)) / count
        except Exception as error:  # of a stranger's library, which could run one window
            self._reporter.warn(f"{name} is not used on the GPU: {_said(error)}; the CPU does the work")
            return True
        return self._over(there, f"the GPU in {self._windows * there:.0f} s")

    def _over(self, there: float, than: str, start: float = 0.0) -> bool:
        over = cpu_is_sooner(self._windows, self._here, there, self._workers, start=start)
        if over:
            self._reporter.info(
                f"the CPU is used: it runs the model on {self._music / 60:.0f} minutes of audio in about "
                f"{self._windows * self._here / self._workers:.0f} s, and {than}; "
                "`device=cuda` takes the GPU all the same"
            )
        return over


def _choose(
    fit: list[RuntimeSpec],
    device: str,
    bundle: Bundle,
    reporter: Reporter,
    earlier: Mapping[str, str] | None,
    loaded: Loader,
) -> str | None:
    """The first on a GPU, the fastest on a CPU, of those that hold what they promise; None if none does."""
    if device == "cpu" and len(fit) == 1:
        return fit[0].name  # there is nothing to choose, and what is wrong with it will be said
    # That a GPU is not used costs a night; which of two libraries is, a little.
    say = reporter.info if device == "cpu" else reporter.warn
    before = (earlier or {}).get(device.split(":")[0], "")
    if before == "onnxruntime" and device == "cpu":
        return before
    if before and before not in [spec.name for spec in fit]:
        reporter.info(f"the files already there were made with {before}, which does not run here")
    fit = sorted(fit, key=lambda spec: spec.name != before)  # it comes first; the others stay in their order
    window = trial_window(bundle.metadata)
    reference = load_onnxruntime(NoOptions(), bundle.path, "cpu", 1)
    wanted = reference.run(window)
    # On a CPU all of them compute on the same processors: what counts is the time, and 10 % is the least.
    best, least = None, 0.0  # the fastest so far, and its seconds a window
    for spec in fit:
        if device == "cpu" and spec.name == "onnxruntime":
            best = best or spec.name
            continue
        try:
            session = loaded(spec.name)
            difference = relative_error(session.run(window), wanted)
        except Exception as error:  # a stranger's library on a stranger's hardware
            say(f"{spec.name} is not used: {_said(error)}")
            continue
        if not difference <= PARITY:
            say(f"{spec.name} is not used: its results differ by {difference:.1%}; {PARITY:.0%} is allowed")
            continue
        reporter.detail(f"{session.description}: differs from float32 on the CPU by {difference:.2%}")
        if device != "cpu" or spec.name == before:
            return spec.name
        least = least or _seconds(reference, window)
        taken = _seconds(session, window)
        # Against what is built in, a plugin must be worth it; of two plugins, the faster is taken.
        most = least if best not in (None, "onnxruntime") else least / WORTH
        if taken > most:
            than = "hardly less" if taken < least else "no less"
            say(
                f"{spec.name} is not used: it takes {taken * 1e3:.1f} ms a window, {than} than the "
                f"{least * 1e3:.1f} of {best or 'onnxruntime'}"
            )
        else:
            best, least = spec.name, taken
    return best


def _said(error: Exception) -> str:
    """Its first line."""
    text = error.message if isinstance(error, StyleshiftError) else str(error)
    return (text.splitlines() or [type(error).__name__])[0]


def relative_error(found: Float32Array, wanted: Float32Array) -> float:
    """Root mean square of the difference over the deviation of ``wanted``; infinite for other shapes."""
    if found.shape != wanted.shape:
        return float("inf")
    error = np.sqrt(np.mean(np.square(found.astype(np.float64) - wanted)))
    return float(error / (wanted.std() + 1e-12))


def trial_window(metadata: BundleMetadata) -> Float32Array:
    """A window of decaying notes over a little noise, at the level the model was trained at.

    Returns:
        ``[1, 1, bins, frames]`` float32, compressed as the model wants it.
    """
    from styleshift.frontend import compress, stft

    spectrogram, frames = metadata.spectrogram, metadata.window_frames
    rate = spectrogram.sample_rate
    samples = (frames - 1) * spectrogram.hop_length + spectrogram.frame_length
    clock = np.arange(samples) / rate
    random = np.random.default_rng(0)
    sound = 0.02 * random.standard_normal(samples)
    for start in np.arange(0, clock[-1], 0.25):
        since = np.maximum(clock - start, 0)
        pitch = random.uniform(100, 800)
        for harmonic in range(1, 8):
            sound += (
                (since > 0) * np.exp(-4 * since) * np.sin(2 * np.pi * pitch * harmonic * since) / harmonic
            )
    sound *= 10 ** (metadata.reference_level_db / 20) / np.sqrt(np.mean(np.square(sound)))
    spectrum = stft(sound.astype(np.float32), spectrogram, threads=1)[:frames]
    log_magnitude = compress(np.abs(spectrum), spectrogram)
    return np.ascontiguousarray(log_magnitude.T)[None, None]


def _seconds(session: RuntimeSession, window: Float32Array) -> float:
    """The shortest of a few runs."""
    clock: Callable[[], float] = time.perf_counter
    best, began = float("inf"), clock()
    for _ in range(_RUNS):
        start = clock()
        session.run(window)
        best = min(best, clock() - start)
        if clock() - began > _ENOUGH_SECONDS:
            break
    return best
