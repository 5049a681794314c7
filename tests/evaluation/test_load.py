"""Reading for the measures, and pairing by name."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from styleshift.errors import AudioError, NothingToDoError
from styleshift.evaluation.load import find_recordings, load_mono, load_style, partners
from styleshift.progress import Reporter


def test_a_stretch_of_a_stereo_file_is_mixed_and_resampled(tmp_path: Path) -> None:
    time = np.arange(3 * 44100) / 44100
    left = np.where(time < 1, 0, 0.5 * np.sin(2 * np.pi * 500 * time))
    soundfile.write(tmp_path / "a.wav", np.stack([left, 0 * left], axis=1), 44100, subtype="FLOAT")
    mono = load_mono(tmp_path / "a.wav", start=1.0, seconds=1.0)
    assert len(mono) == 22050
    expected = 0.25 * np.sin(2 * np.pi * 500 * np.arange(22050) / 22050)
    np.testing.assert_allclose(mono[1000:-1000], expected[1000:-1000], atol=1e-3)


def test_too_short_to_measure(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(2000), 22050)
    with pytest.raises(AudioError, match=r"a\.wav: 0\.09 s long; to measure it, at least 0\.5 s are needed"):
        load_mono(tmp_path / "a.wav")


def test_names_pair_by_folder_then_stem(tmp_path: Path) -> None:
    root, other = tmp_path / "out", tmp_path / "in"
    of = [root / name for name in ("x/a.flac", "b.mp3", "b.wav", "y/c.wav", "deep/d.ogg", "e.flac")]
    candidates = [other / name for name in ("x/a.wav", "b.mp3", "b.wav", "z/c.flac", "w/c.flac", "d.flac")]
    found = partners(of, root, candidates, other)
    assert found == [other / "x/a.wav", other / "b.mp3", other / "b.wav", None, other / "d.flac", None]


def test_what_is_left_out_of_a_style_is_named_with_its_folder(tmp_path: Path) -> None:
    """The same name may lie in the folder of sources, too."""

    class Heard(Reporter):
        said: ClassVar[list[str]] = []

        def warn(self, text: str) -> None:
            self.said.append(text)

    soundfile.write(tmp_path / "good.wav", np.random.default_rng(0).standard_normal(24000) / 10, 16000)
    soundfile.write(tmp_path / "short.wav", np.zeros(100), 8000)
    assert len(load_style(tmp_path, "the target", Heard())) == 1
    (said,) = Heard.said
    short = tmp_path / "short.wav"
    assert said == f"left out of the target: {short}: 0.012 s long; to measure it, at least 0.5 s are needed"


def test_missing_empty_and_useless_folders(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match=r"the target: there is no folder"):
        find_recordings(tmp_path / "none", "the target")
    with pytest.raises(NothingToDoError, match=r"no recordings below"):
        find_recordings(tmp_path, "the target")
    (tmp_path / "bad.wav").write_bytes(b"RIFFxxxx")
    with pytest.raises(NothingToDoError, match=r"none of the 1 recordings") as caught:
        load_style(tmp_path, "the target", Reporter())
    assert caught.value.hint
    (tmp_path / "bad.wav").unlink()
    soundfile.write(tmp_path / "short.wav", np.zeros(100), 8000)
    with pytest.raises(NothingToDoError) as caught:
        load_style(tmp_path, "the target", Reporter())
    assert caught.value.hint == "measure recordings of 0.5 s or more"  # as for the one that was left out
