from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styleshift.audio.domain import styleshift_domains
from styleshift.audio.read import open_audio
from styleshift.corpus import Corpus, PrecomputeResult, pool, precompute
from styleshift.corpus.lock import Lock
from styleshift.corpus.manifest import JOURNAL_NAME, MANIFEST_NAME, Manifest
from styleshift.errors import AudioError, CorpusError, LockedError, NothingToDoError, PluginError
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import DomainSpec, Recording, Registry
from styleshift.progress import Reporter
from styleshift.workspace import Workspace

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=256, hop_length=128, fft_length=256)


def _registry(*specs: DomainSpec) -> Registry:
    registry = Registry()
    for spec in specs or tuple(styleshift_domains()):
        registry.domains.add(spec, "test", "1")
    return registry


def _run(folder: Path, config: SpectrogramConfig = CONFIG, **options: Any) -> PrecomputeResult:
    options.setdefault("registry", _registry())
    return precompute(folder / "audio", Workspace(folder / "ws"), config, jobs=2, **options)


def _counts(result: PrecomputeResult) -> tuple[int, int, int, int]:
    (domain,) = result.domains
    return domain.added, domain.kept, domain.removed, len(domain.rejected)


def _corpus(folder: Path, domain: str = "piano") -> Corpus:
    return Corpus.open(folder / "ws" / "spectrograms" / domain)


def _reference(wave: np.ndarray[Any, Any], config: SpectrogramConfig) -> np.ndarray[Any, Any]:
    """By definition, in float64: centred, zero-padded frames, periodic Hann window, ln(1 + |X|)."""
    half = config.frame_length // 2
    padded = np.pad(wave.astype(np.float64), (half, config.frame_length))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.frame_length) / config.frame_length)
    frames = [
        padded[start : start + config.frame_length] * window
        for start in range(0, len(wave) + 1, config.hop_length)
    ]
    return np.log1p(np.abs(np.fft.rfft(frames, config.fft_length, axis=1)))


def test_what_is_stored_is_the_spectrogram_of_the_mono_mix(tmp_path: Path, save: Any) -> None:
    noise = np.random.default_rng(0).standard_normal((200_001, 2)).astype(np.float32) * 0.1
    save(tmp_path / "audio/piano/deep/a.wav", noise, 8000, subtype="FLOAT")
    result = _run(tmp_path)
    assert _counts(result) == (1, 0, 0, 0)
    assert not result.failed
    corpus = _corpus(tmp_path)
    (track,) = corpus.tracks
    array = track.array()
    mono = noise.mean(axis=1, dtype=np.float64)
    expected = _reference(mono, CONFIG)
    assert track.name == "deep/a.wav"
    assert array.shape == (1, track.frames, CONFIG.bins) == (1, *expected.shape)
    assert array.dtype == np.float16
    np.testing.assert_allclose(array[0], expected, atol=2e-3)
    assert track.level_db == pytest.approx(10 * np.log10(np.mean(mono**2)), abs=0.1)
    assert track.seconds == pytest.approx(200_001 / 8000)
    assert corpus.config == CONFIG
    assert corpus.hours == pytest.approx(200_001 / 8000 / 3600)


def test_only_what_changed_is_computed(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = tmp_path / "audio/piano"
    for index in range(3):
        save(audio / f"{index}.wav", tone(1.0, 8000, hertz=200 + index), 8000)
    save(audio / "silent.wav", tone(1.0, 8000, peak=0.0), 8000)
    assert _counts(_run(tmp_path)) == (3, 0, 0, 1)
    digest = _corpus(tmp_path).digest
    arrays = {path: path.stat().st_mtime_ns for path in (tmp_path / "ws").rglob("*.npy")}

    with monkeypatch.context() as patch:
        # Nothing is even opened.
        patch.setattr(sys.modules["styleshift.corpus.precompute"], "run_jobs", None)
        assert _counts(_run(tmp_path)) == (0, 3, 0, 1)
    os.utime(audio / "0.wav")
    (audio / "1.wav").rename(audio / "renamed.wav")
    assert _counts(_run(tmp_path)) == (0, 3, 0, 1)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "ws").rglob("*.npy")} == arrays
    assert _corpus(tmp_path).digest == digest
    assert [track.name for track in _corpus(tmp_path).tracks] == ["0.wav", "2.wav", "renamed.wav"]

    save(audio / "3.wav", tone(1.0, 8000, hertz=300), 8000)
    assert _counts(_run(tmp_path)) == (1, 3, 0, 1)
    (audio / "3.wav").unlink()
    assert _counts(_run(tmp_path)) == (0, 3, 1, 1)
    assert _corpus(tmp_path).digest == digest
    assert len(list((tmp_path / "ws").rglob("*.npy"))) == 3


def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    _run(tmp_path)
    old = path.stat()
    data = bytearray(path.read_bytes())
    data[2000:3000] = bytes(1000)
    path.write_bytes(data)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert path.stat().st_mtime_ns == old.st_mtime_ns
    assert _counts(_run(tmp_path)) == (1, 0, 1, 0)


def test_other_settings_make_all_of_it_new(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    _run(tmp_path)
    other = SpectrogramConfig(sample_rate=8000, frame_length=128, hop_length=64, fft_length=128)
    assert _counts(_run(tmp_path, other)) == (1, 0, 1, 0)
    assert _corpus(tmp_path).config == other
    assert _corpus(tmp_path).tracks[0].array().shape[2] == 65


def test_a_lost_or_cut_array_is_made_again(tmp_path: Path, tone: Any, save: Any) -> None:
    for index in range(2):
        save(tmp_path / f"audio/piano/{index}.wav", tone(1.0, 8000, hertz=200 + index), 8000)
    _run(tmp_path)
    first, second = sorted((tmp_path / "ws").rglob("*.npy"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:1000])
    assert _counts(_run(tmp_path))[0] == 2
    for track in _corpus(tmp_path).tracks:
        assert np.isfinite(track.array()).all()


def test_a_damaged_manifest_is_no_end(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    _run(tmp_path)
    manifest = tmp_path / "ws/spectrograms/piano" / MANIFEST_NAME
    manifest.write_text('{"format": 1, "recordings": [')
    with pytest.raises(CorpusError, match="precompute"):
        _corpus(tmp_path)
    assert _counts(_run(tmp_path)) == (1, 0, 0, 0)
    assert len(_corpus(tmp_path).tracks) == 1


def test_channels_that_cancel_are_not_mixed(tmp_path: Path, tone: Any, save: Any) -> None:
    wave = tone(1.0, 8000, channels=2)
    wave[:, 1] *= -0.9
    save(tmp_path / "audio/piano/a.wav", wave, 8000, subtype="FLOAT")
    (domain,) = _run(tmp_path).domains
    assert domain.warnings == (("a.wav", domain.warnings[0][1]),)
    assert "channel 1" in domain.warnings[0][1]
    (track,) = _corpus(tmp_path).tracks
    np.testing.assert_allclose(track.array()[0], _reference(wave[:, 0], CONFIG), atol=3e-3)


def test_one_silent_channel_is_no_cancelling(tmp_path: Path, tone: Any, save: Any) -> None:
    wave = tone(1.0, 8000, channels=2)
    wave[:, 1] = 0
    save(tmp_path / "audio/piano/a.wav", wave, 8000)
    (domain,) = _run(tmp_path).domains
    assert (domain.tracks, domain.warnings) == (1, ())


def test_other_sample_rates_are_resampled(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.flac", tone(2.0, 44100, hertz=1000), 44100)
    _run(tmp_path)
    (track,) = _corpus(tmp_path).tracks
    assert track.frames == 1 + 16000 // 128
    expected = _reference(tone(2.0, 8000, hertz=1000)[:, 0], CONFIG)
    np.testing.assert_allclose(track.array()[0, 5:-5], expected[5:-5], atol=0.02)


def test_nothing_to_do_says_what_a_domain_is(tmp_path: Path, tone: Any, save: Any) -> None:
    with pytest.raises(NothingToDoError, match="does not exist") as caught:
        _run(tmp_path)
    assert "sub-folder" in caught.value.hint
    save(tmp_path / "audio/loose.wav", tone(1.0, 8000), 8000)
    with pytest.raises(NothingToDoError, match="no style"):
        _run(tmp_path)
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    with pytest.raises(NothingToDoError, match=r"'violin'.*piano"):
        _run(tmp_path, domains=["violin"])
    assert not (tmp_path / "ws").exists()


def test_a_corpus_that_is_not_there_names_those_that_are(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    save(tmp_path / "audio/hiss/silent.wav", tone(1.0, 8000, peak=0), 8000)
    _run(tmp_path)
    with pytest.raises(CorpusError, match=r"'violin'.*hiss, piano"):
        _corpus(tmp_path, "violin")
    with pytest.raises(CorpusError, match="could be used"):
        _corpus(tmp_path, "hiss")


def test_a_dry_run_writes_nothing(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    result = _run(tmp_path, dry_run=True)
    assert result.dry_run
    assert _counts(result) == (1, 0, 0, 0)
    assert not (tmp_path / "ws").exists()


def test_a_second_run_on_the_same_workspace_is_refused(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    with Lock(tmp_path / "ws/spectrograms/.lock", "it"), pytest.raises(LockedError, match=str(os.getpid())):
        _run(tmp_path)
    assert _counts(_run(tmp_path)) == (1, 0, 0, 0)


def _domain(*recordings: Recording) -> DomainSpec:
    return DomainSpec("test", "for tests", lambda root: {"piano": list(recordings)})


def _recording(path: Path, name: str, open: Callable[[], Any] | None = None, version: str = "") -> Recording:
    return Recording(name, path, open or partial(open_audio, path), version)


def test_a_decoder_that_crashes_or_hangs_costs_one_recording(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr(pool, "TIMEOUT_SECONDS_PER_MEGABYTE", 0.0)
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    spec = _domain(
        _recording(path, "crash", os.abort),
        _recording(path, "hang", partial(time.sleep, 1000)),
        _recording(path, "bug", partial(divmod, 1, 0)),
        *(_recording(path, f"good {index}", version=str(index)) for index in range(6)),
    )
    result = _run(tmp_path, registry=_registry(spec))
    assert _counts(result) == (6, 0, 0, 3)
    messages = {item.name: item.message for item in result.domains[0].rejected}
    assert "SIGABRT" in messages["crash"]
    assert "1 s" in messages["hang"]
    assert "ZeroDivisionError" in messages["bug"]
    # What may have been bad luck is tried again; what is good is not.
    again = _run(tmp_path, registry=_registry(_domain(*spec.find(tmp_path)["piano"])))
    assert _counts(again) == (0, 6, 0, 3)


def test_a_recording_that_cannot_be_pickled_is_done_all_the_same(
    tmp_path: Path, tone: Any, save: Any
) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    spec = _domain(_recording(path, "closure", lambda: open_audio(path)))
    assert _counts(_run(tmp_path, registry=_registry(spec))) == (1, 0, 0, 0)


def test_a_recordings_version_is_part_of_its_content(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    for version, expected in (("a", (1, 0, 0, 0)), ("a", (0, 1, 0, 0)), ("b", (1, 0, 1, 0))):
        spec = _domain(_recording(path, "x", version=version))
        assert _counts(_run(tmp_path, registry=_registry(spec))) == expected


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden"])
def test_a_domain_must_be_a_folders_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "audio").mkdir()
    spec = DomainSpec("test", "for tests", lambda root: {name: []})
    with pytest.raises(PluginError, match="folder's name"):
        _run(tmp_path, registry=_registry(spec))


def test_two_recordings_of_one_name_are_an_error(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/x.wav", tone(1.0, 8000), 8000)
    with pytest.raises(PluginError, match="second recording 'x'"):
        _run(tmp_path, registry=_registry(_domain(_recording(path, "x"), _recording(path, "x"))))


_COMMAND = [str(Path(sys.executable).parent / "styleshift"), "precompute"]


def _start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [*_COMMAND, str(folder / "audio"), "--workspace", str(folder / "ws"), "-j", "1", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _many(folder: Path, save: Any, count: int = 12) -> None:
    rng = np.random.default_rng(0)
    for index in range(count):
        noise = rng.standard_normal((44100 * 20, 2)).astype(np.float32) * 0.1
        save(folder / f"audio/piano/{index}.flac", noise, 44100)


def _wait_for_journal(folder: Path, process: subprocess.Popen[str]) -> None:
    journal = folder / "ws/spectrograms/piano" / JOURNAL_NAME
    while process.poll() is None and (not journal.exists() or journal.stat().st_size == 0):
        time.sleep(0.01)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_an_interrupted_run_is_resumed(tmp_path: Path, save: Any, number: signal.Signals, code: int) -> None:
    _many(tmp_path, save)
    process = _start(tmp_path)
    _wait_for_journal(tmp_path, process)
    began = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code, errors
    assert time.monotonic() - began < 5
    if number != signal.SIGKILL:
        assert "interrupted" in errors
        assert "Traceback" not in errors
    process = _start(tmp_path, "--json")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert '"tracks": 12' in output
    # At least the one that the first run had finished was not done again.
    assert '"kept": 0' not in output
    left = [path.name for path in (tmp_path / "ws").rglob("*") if path.is_file() and path.suffix != ".npy"]
    assert sorted(left) == [".lock", MANIFEST_NAME]
    assert len(_corpus(tmp_path).tracks) == 12
    for track in _corpus(tmp_path).tracks:
        assert track.array().shape[1] == track.frames


@pytest.mark.fault
@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits there")
def test_a_disk_that_fills_up_stops_the_run_in_words(tmp_path: Path, save: Any) -> None:
    import resource

    _many(tmp_path, save, 3)
    command = [*_COMMAND, str(tmp_path / "audio"), "--workspace", str(tmp_path / "ws")]
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, timeout=60, check=False)
    assert full.returncode == 3, full.stderr
    assert "cannot be written to" in full.stderr
    assert "Traceback" not in full.stderr
    assert not list((tmp_path / "ws").rglob("*.npy"))
    assert not list((tmp_path / "ws").rglob("*.growing"))
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0, again.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by what Linux tells of a process")
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    script = """
import sys
from functools import partial
from pathlib import Path
import numpy as np, soundfile
from styleshift.audio.read import open_audio
from styleshift.corpus.compute import compute
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import Recording
folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
path = folder / f"{seconds}.wav"
second = np.random.default_rng(0).standard_normal((8000, 1)) * 0.1
with soundfile.SoundFile(path, "w", 8000, 1) as file:
    for _ in range(seconds):
        file.write(second)
config = SpectrogramConfig(sample_rate=8000)
recording = Recording("x", path, partial(open_audio, path))
measured = compute(recording, folder / f"{seconds}.npy", config, overlap=True)
# Not getrusage: its maximum begins with what the parent held when it forked.
status = Path("/proc/self/status").read_text()
print(measured.frames, next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""
    results = {}
    for seconds in (1200, 3600):  # the shorter fills the pipeline too
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path), str(seconds)],
            capture_output=True,
            text=True,
            check=True,
        )
        frames, peak = map(int, done.stdout.split())
        assert frames == 1 + seconds * 8000 // 205
        results[seconds] = peak / 1024
    # What the long one has more: 77 MB of float32 samples, 48 MB of array.
    assert results[3600] < results[1200] + 25
    assert results[3600] < 200


def test_every_bad_file_is_stored_or_named(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/bad").symlink_to(shared_data / "bad/made")
    (domain,) = _run(tmp_path).domains
    reasons = {item.name: item.reason for item in domain.rejected}
    names = {track.name for track in _corpus(tmp_path, "bad").tracks}
    files = {
        path.name
        for path in (shared_data / "bad/made").iterdir()
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".csv"
    }
    assert names | set(reasons) == files
    assert not names & set(reasons)
    works = {"ok_tone.wav", "float_over1.wav", "dc.wav", "clipped.wav", "sr_8000.wav", "sr_192000.wav"}
    works |= {"sr_11127.wav", "ch6.wav", "stereo_antiphase.wav", "stereo_one_silent.wav", "u8.wav", "s24.wav"}
    works |= {"s32.wav", "double.wav", "ulaw.wav", "rf64.wav", "be.aiff", "tone.flac", "tone.ogg", "tone.mp3"}
    works |= {"UPPER.WAV", "sp ace ünïcødé 音.wav", "-dash.wav", "mp3_named.wav", "wav_named.mp3"}
    works |= {"size_ffffffff.wav", "truncated.mp3"}
    assert works <= names
    refused = {
        "nan.wav",
        "inf.wav",
        "all_nan.wav",
        "zero_frames.wav",
        "header_only.wav",
        "sr_1.wav",
        "empty.wav",
    }
    refused |= {"text.wav", "truncated_header.wav", "rate_zero.wav", "rate_4e9.wav", "channels_zero.wav"}
    refused |= {"channels_65535.wav", "bitrot.flac", "silence.wav", "denormal.wav", "one_sample.wav"}
    assert refused <= set(reasons)
    for track in _corpus(tmp_path, "bad").tracks:
        assert np.isfinite(track.array()).all()


class _Heard(Reporter):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_a_stored_domain_without_recordings_is_named(tmp_path: Path, tone: Any, save: Any) -> None:
    for domain in ("piano", "violin"):
        save(tmp_path / f"audio/{domain}/a.wav", tone(1.0, 8000), 8000)
    heard = _Heard()
    _run(tmp_path, reporter=heard)
    assert heard.warnings == []
    (tmp_path / "audio/violin/a.wav").unlink()
    _run(tmp_path, reporter=heard)
    (warning,) = heard.warnings
    assert warning.startswith("violin: stored before")
    assert _corpus(tmp_path, "violin").tracks


def test_a_workspace_that_is_a_file_is_a_plain_error(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    (tmp_path / "ws").write_text("mine")
    with pytest.raises(AudioError, match="cannot be written to"):
        _run(tmp_path)
    assert (tmp_path / "ws").read_text() == "mine"


def test_a_disk_that_is_full_for_the_manifest_is_a_plain_error(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", full)
        with pytest.raises(AudioError, match="No space left"):
            _run(tmp_path)
    # What was computed is in the journal, and not computed again.
    monkeypatch.setattr(sys.modules["styleshift.corpus.precompute"], "run_jobs", None)
    assert _counts(_run(tmp_path)) == (0, 1, 0, 0)
