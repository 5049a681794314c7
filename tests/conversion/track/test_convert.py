"""One file to one file: format, rate, depth, channels, length, tags and cover stay."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import mediafile
import mutagen
import numpy as np
import pytest
import soundfile

from styleshift.audio.formats import output_format
from styleshift.audio.naming import output_extension
from styleshift.audio.read import probe
from styleshift.audio.tags.read import made_by_styleshift
from styleshift.bundle.load import load_bundle
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track.convert import convert_samples, convert_track
from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.first_pass import measure_file
from styleshift.conversion.track.load import load_converter
from styleshift.errors import AudioError
from styleshift.frontend import SpectrogramConfig
from styleshift.voice.pitch import PitchTarget
from styleshift.words import kind_of_remark

# A PNG of one red pixel.
COVER = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def same(models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> TrackConverter:
    """A model that changes nothing."""
    path = models.make_model(tmp_path_factory.mktemp("model") / "m.onnx")
    return load_converter(load_bundle(path), ConvertSettings(), 1)[0]


def music(rate: int, seconds: float = 2.0, channels: int = 2) -> np.ndarray:
    time = np.arange(int(rate * seconds)) / rate
    parts = [np.sin(2 * np.pi * (220 + 110 * c) * time) * np.exp(-2 * (time % 0.5)) for c in range(channels)]
    return (0.4 * np.stack(parts, axis=1)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "subtype", "rate", "channels"),
    [
        ("a.wav", "PCM_16", 44100, 2),
        ("a.wav", "PCM_24", 48000, 1),
        ("a.wav", "PCM_U8", 22050, 1),
        ("a.wav", "FLOAT", 96000, 2),
        ("a.wav", "DOUBLE", 11025, 1),
        ("a.wav", "ULAW", 8000, 1),
        ("a.flac", "PCM_24", 44100, 2),
        ("a.flac", "PCM_16", 48000, 6),
        ("a.aiff", "PCM_16", 32000, 2),
        ("a.ogg", "VORBIS", 44100, 2),
        ("a.opus", "OPUS", 48000, 2),
        ("a.mp3", "MPEG_LAYER_III", 44100, 2),
    ],
)
def test_what_the_file_is_stays(
    same: TrackConverter, tmp_path: Path, name: str, subtype: str, rate: int, channels: int
) -> None:
    source, target = tmp_path / name, tmp_path / f"out-{name}"
    soundfile.write(
        source, music(rate, channels=channels), rate, subtype, format="OGG" if "opus" in name else None
    )
    result = convert_track(same, source, target)
    before, after = soundfile.info(source), soundfile.info(target)
    assert (after.format, after.subtype) == (before.format, subtype)
    assert (after.samplerate, after.channels) == (rate, channels)
    assert result.frames == before.frames
    if subtype not in ("VORBIS", "OPUS", "MPEG_LAYER_III"):
        assert after.frames == before.frames
    old, new = soundfile.read(source, always_2d=True)[0], soundfile.read(target, always_2d=True)[0]
    length = min(len(old), len(new))
    error = np.sum((old[:length] - new[:length]) ** 2) / np.sum(old**2)
    least = {"VORBIS": 10, "OPUS": 5, "MPEG_LAYER_III": 10, "PCM_U8": 30, "ULAW": 25}.get(subtype, 60)
    assert error < 10 ** (-least / 10)
    assert result.loudness_after == pytest.approx(result.loudness_before, abs=0.1)


def test_a_voice_that_is_already_as_high_as_the_target_is_told(models: ModuleType, tmp_path: Path) -> None:
    time = np.arange(3 * 16000) / 16000
    for name, hertz in (("man", 105), ("woman", 205)):
        sound = 0.1 * sum(np.sin(2 * np.pi * harmonic * hertz * time) / harmonic for harmonic in range(1, 15))
        soundfile.write(tmp_path / f"{name}.wav", sound, 16000)
    soundfile.write(tmp_path / "noise.wav", 0.1 * np.random.default_rng(0).normal(size=48000), 16000)
    soundfile.write(tmp_path / "silence.wav", np.zeros(48000), 16000)
    speech = SpectrogramConfig(sample_rate=8000, frame_length=512, hop_length=128, fft_length=512)
    told = replace(models.metadata(), spectrogram=speech, pitch=PitchTarget(212.0))
    path = models.make_model(tmp_path / "m.onnx", props=told.to_props())
    bundle = load_bundle(path)
    noted = []
    for strength in (1.0, 0.5, 0.0):
        line = load_converter(bundle, ConvertSettings(strength=strength), 1)[0]
        for name in ("man", "woman", "noise", "silence"):
            found = convert_track(line, tmp_path / f"{name}.wav", tmp_path / f"{name} {strength}.wav")
            noted += [(name, strength) for text in found.warnings if "about as high" in text]
    assert noted == [("woman", 1.0), ("woman", 0.5)]


@pytest.mark.parametrize(
    ("source_name", "format_name"), [("a.flac", None), ("a.mp3", None), ("a.flac", "mp3"), ("a.mp3", "ogg")]
)
def test_tags_and_cover_stay(
    same: TrackConverter, tmp_path: Path, source_name: str, format_name: str | None
) -> None:
    source = tmp_path / source_name
    soundfile.write(source, music(44100), 44100)
    tagged = mediafile.MediaFile(source)
    tagged.title, tagged.artist, tagged.track, tagged.year = "Título 音", "[/red]", 7, 1999
    tagged.comments = "mine"
    tagged.rg_track_gain = -7.0
    tagged.images = [mediafile.Image(COVER)]
    tagged.save()
    written = output_format(format_name) if format_name else None
    target = tmp_path / f"out{written.extension if written else source.suffix}"
    result = convert_track(same, source, target, format=written, comment="converted with styleshift")
    found = mediafile.MediaFile(target)
    assert (found.title, found.artist, found.track, found.year) == ("Título 音", "[/red]", 7, 1999)
    assert "mine" in found.comments
    assert made_by_styleshift(target)
    assert found.rg_track_gain is None
    assert found.images[0].data == COVER
    assert result.warnings == ()


@pytest.mark.parametrize("vocoder", ["griffin-lim", "source-phase", "pghi"])
@pytest.mark.parametrize("level", [1e-30, 1e-34, 1e-37, 1e-40, 1e-44])
def test_a_channel_that_is_nearly_silent_is_converted(
    models: ModuleType, tmp_path: Path, vocoder: str, level: float
) -> None:
    path = models.make_model(tmp_path / "m.onnx")
    converter = load_converter(load_bundle(path), ConvertSettings(vocoder=vocoder), 1)[0]
    wave = music(44100)
    wave[:, 1] *= np.float32(level)
    found = convert_samples(converter, wave, 44100)
    assert np.isfinite(found).all()
    assert np.abs(found[:, 1]).max() < 1e-6


def test_mp3_in_a_wav_becomes_a_wav_and_a_word(same: TrackConverter, tmp_path: Path) -> None:
    """No encoder writes it: an MP3 is put behind a header of RIFF by hand."""
    soundfile.write(tmp_path / "a.mp3", music(44100), 44100)
    sound = (tmp_path / "a.mp3").read_bytes()
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 2, 44100, 16000, 1, 0, 12, 1, 2, 1152, 1, 0)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(sound)) + sound
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    result = convert_track(same, tmp_path / "a.wav", tmp_path / "b.wav")
    assert soundfile.info(tmp_path / "b.wav").subtype == "PCM_16"
    assert result.seconds == pytest.approx(2, abs=0.1)
    assert any("MP3" in line for line in result.warnings)


def test_a_format_without_the_rate_is_written_at_another_and_says_so(
    same: TrackConverter, tmp_path: Path
) -> None:
    source, target = tmp_path / "a.wav", tmp_path / "a.mp3"
    soundfile.write(source, music(96000), 96000)
    result = convert_track(same, source, target, format=output_format("mp3"))
    assert soundfile.info(target).samplerate == 48000
    assert result.frames == 96000
    assert any("96000" in line for line in result.changed)


def test_float_peaks_over_full_scale_stay_in_float_and_are_limited_elsewhere(
    same: TrackConverter, tmp_path: Path
) -> None:
    loud = music(44100) * 5
    source = tmp_path / "a.wav"
    soundfile.write(source, loud, 44100, "FLOAT")
    convert_track(same, source, tmp_path / "b.wav")
    assert np.abs(soundfile.read(tmp_path / "b.wav")[0]).max() == pytest.approx(np.abs(loud).max(), rel=0.01)
    result = convert_track(same, source, tmp_path / "c.flac", format=output_format("flac"))
    assert result.peak_after <= 1
    found = soundfile.read(tmp_path / "c.flac")[0]
    clipped = np.count_nonzero(np.abs(found) > 0.9999)
    assert clipped < 0.2 * np.count_nonzero(np.abs(loud) > 1)
    # What the peaks took is counted, and said.
    heard = measure_file(tmp_path / "c.flac", ConvertSettings()).loudness
    assert result.loudness_before is not None
    assert heard is not None
    assert heard < result.loudness_before - 1
    assert result.loudness_after == pytest.approx(heard, abs=0.02)
    (said,) = result.warnings
    assert "softer than the source: peaks were turned down" in said
    assert float(said.split()[0]) == pytest.approx(result.loudness_before - heard, abs=0.07)


def test_a_few_peaks_that_are_turned_down_are_no_news(same: TrackConverter, tmp_path: Path) -> None:
    sound = music(44100)
    sound[20000] *= 1.5 / np.abs(sound[20000]).max()
    source = tmp_path / "a.wav"
    soundfile.write(source, sound, 44100, "FLOAT")
    result = convert_track(same, source, tmp_path / "b.flac", format=output_format("flac"))
    assert result.peak_after <= 1
    assert not [said for said in result.warnings if "softer" in said]
    assert result.loudness_after == pytest.approx(result.loudness_before, abs=0.1)


def test_silence_is_kept_and_said(same: TrackConverter, tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, np.zeros((5000, 2)), 44100)
    result = convert_track(same, source, tmp_path / "b.wav")
    assert "silent" in result.warnings[0]
    assert not soundfile.read(tmp_path / "b.wav")[0].any()


def test_damage_fails_and_leaves_nothing_unless_it_may_be_salvaged(
    same: TrackConverter, tmp_path: Path
) -> None:
    source, target = tmp_path / "a.flac", tmp_path / "b.flac"
    soundfile.write(source, music(44100, 20), 44100)
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    source.write_bytes(data)
    with pytest.raises(AudioError) as caught:
        convert_track(same, source, target)
    assert caught.value.reason == "damaged"
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]
    result = convert_track(replace(same, settings=ConvertSettings(salvage=True)), source, target)
    assert 1 < result.seconds < 19
    assert any("damage" in warning for warning in result.warnings)
    assert soundfile.info(target).frames == result.frames
    assert result.lost == (f"sound: {result.seconds:.1f} of 20.0 s are there",)
    assert [*map(kind_of_remark, result.to_dict()["lost"])] == ["sound: not all is there"]
    assert "not carried: sound" in map(kind_of_remark, result.warnings)
    with pytest.raises(AudioError, match=r"would lose sound: [0-9.]+ of 20\.0 s") as caught:
        convert_track(replace(same, settings=ConvertSettings(salvage=True, strict=True)), source, target)
    assert caught.value.reason == "loss"


def test_a_lost_tag_is_counted_as_one_whatever_its_name(same: TrackConverter, tmp_path: Path) -> None:
    source, later = tmp_path / "a.ogg", tmp_path / "later.ogg"
    for path in (source, later):
        soundfile.write(path, music(44100), 44100)
    tags = mutagen.File(later)
    tags["a picture book"] = "x"
    tags.save()
    source.write_bytes(source.read_bytes() + later.read_bytes())
    result = convert_track(same, source, tmp_path / "b.ogg")
    assert result.lost == ("a picture book of recording 2",)
    assert "not carried: tags or chunks" in map(kind_of_remark, result.warnings)


def test_progress_is_told(same: TrackConverter, tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, music(22050, 5), 22050)
    told: list[float] = []
    convert_track(same, source, tmp_path / "b.wav", on_seconds=told.append)
    assert sum(told) == pytest.approx(5)
    assert told.count(0.0) >= 1


def test_arrays(same: TrackConverter) -> None:
    samples = music(44100)
    np.testing.assert_allclose(convert_samples(same, samples, 44100), samples, atol=1e-4)
    assert convert_samples(same, samples[:, 0], 44100).shape == (88200,)
    assert convert_samples(same, samples[:0], 44100).shape == (0, 2)


@pytest.mark.parametrize(
    ("name", "form", "codec", "sample_format", "written", "bits"),
    [
        ("a.m4a", "ipod", "alac", "s16p", "alac", 16),
        ("a.m4a", "ipod", "alac", "s32p", "alac", 24),
        ("a.mp4", "mp4", "flac", "s16", "alac", 16),
        ("a.mka", "matroska", "flac", "s16", "PCM_16", 0),
        ("a.mka", "matroska", "pcm_s24le", "s32", "PCM_24", 0),
        ("a.wv", "wv", "wavpack", "s32p", "PCM_24", 0),
    ],
)
def test_lossless_sound_stays_lossless_and_keeps_its_bits(
    same: TrackConverter,
    tmp_path: Path,
    name: str,
    form: str,
    codec: str,
    sample_format: str,
    written: str,
    bits: int,
) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / name), "w", format=form) as box:
        track = box.add_stream(codec, rate=48000, layout="stereo")
        track.codec_context.format = sample_format
        frame = av.AudioFrame.from_ndarray(music(48000).reshape(1, -1), format="flt", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = 48000, Fraction(1, 48000), 0
        box.mux(track.encode(frame))
        box.mux(track.encode(None))
    target = tmp_path / f"out{output_extension(tmp_path / name)}"
    result = convert_track(same, tmp_path / name, target)
    assert (probe(target).subtype, probe(target).bits) == (written, bits)
    assert result.seconds == pytest.approx(2, abs=0.01)
