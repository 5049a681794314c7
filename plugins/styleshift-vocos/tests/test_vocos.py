from __future__ import annotations

import numpy as np
import pytest
import torch
from styleshift_vocos import Options
from styleshift_vocos.cli import main
from styleshift_vocos.network import Transform, Vocos
from styleshift_vocos.training import Plan, export, spectral_distance, train

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, compress, stft
from styleshift.testing import check_plugin
from styleshift.testing.material import SMALL, notes

SPEC = check_plugin("styleshift_vocos").vocoders.get("vocos")
LITTLE = Plan(minutes=5, channels=8, blocks=2, frames=40, batch=4, rate=3e-3, steps=60)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A network as it begins, exported for ``SMALL``."""
    path = tmp_path_factory.mktemp("vocos") / "vocos.onnx"
    export(Vocos(SMALL.bins, 3.0, 2.0, channels=8, blocks=2).eval(), path, SMALL)
    return path


@pytest.mark.parametrize(
    "sizes", [(512, 128, 512), (615, 205, 512), (400, 100, 512)], ids=["plain", "cropped", "padded"]
)
def test_the_inverse_in_torch_is_that_of_the_front_end(sizes):
    frame, hop, points = sizes
    config = SpectrogramConfig(
        sample_rate=16000, frame_length=frame, hop_length=hop, fft_length=points, center=False
    )
    wave = notes(1, 16000, 220)
    spectrum = torch.from_numpy(stft(wave[None], config))
    made = Transform(config).inverse(spectrum)[0].numpy()
    edge = 2 * frame
    np.testing.assert_allclose(made[edge:-edge], wave[edge : len(made) - edge], atol=1e-4)


def test_the_distance_is_zero_for_the_same_sound_and_a_gradient_goes_through_all_of_the_network():
    wave = torch.from_numpy(notes(1, 16000, 220))[None]
    assert spectral_distance(wave, wave) == 0
    network, transform = Vocos(SMALL.bins, channels=8, blocks=2), Transform(SMALL)
    log_magnitude = torch.from_numpy(compress(np.abs(stft(wave.numpy(), SMALL)), SMALL))
    gain, phase = network(log_magnitude).unbind(1)
    made = transform.inverse(torch.polar(torch.exp(gain + log_magnitude), phase))
    spectral_distance(made[:, : wave.shape[1]], wave[:, : made.shape[1]]).backward()
    assert all(each.grad is not None and each.grad.any() for each in network.parameters())


def test_it_learns_and_comes_in_through_the_hook(tiny_audio, tmp_path, tiny_bundle, use_plugin):
    from styleshift import load_model

    told = []
    path = tmp_path / "new" / "vocos.onnx"
    untaught = train(tiny_audio, path, SMALL, Plan(**{**vars(LITTLE), "steps": 1}))
    taught = train(tiny_audio, path, SMALL, LITTLE, tell=lambda *words: told.append(words))
    assert taught < 0.9 * untaught
    assert [file.name for file in path.parent.iterdir()] == ["vocos.onnx"]
    use_plugin("styleshift_vocos")
    model = load_model(tiny_bundle, vocoder="vocos", vocoder_options={"model": str(path)})
    music = notes(2, 16000, 220)
    made = model.convert(music, 16000)
    assert made.shape == music.shape
    assert np.isfinite(made).all()
    assert made.std() > 0.2 * music.std()


@pytest.mark.parametrize("iterations", [0, 2])
def test_silence_stays_silence_and_channels_are_their_own(untrained, iterations):
    vocode = SPEC.build(Options(model=untrained, iterations=iterations), SMALL, "cpu")
    wave = np.stack([notes(1, 16000, 220), np.zeros(16000, np.float32)])
    log_magnitude = compress(np.abs(stft(wave, SMALL)), SMALL)
    made = vocode(log_magnitude, None, 16000)
    assert (made.dtype, made.shape) == (np.float32, (2, 16000))
    assert np.abs(made[1]).max() < 1e-6
    np.testing.assert_allclose(vocode(log_magnitude[:1], None, 16000)[0], made[0], atol=1e-4)


def test_a_stretch_comes_out_as_in_the_whole(untrained):
    """But for the frames at its ends that the context covers."""
    vocode = SPEC.build(Options(model=untrained), SMALL, "cpu")
    log_magnitude = compress(np.abs(stft(notes(3, 16000, 220)[None], SMALL)), SMALL)
    whole = vocode(log_magnitude, None, 3 * 16000)
    part = vocode(np.ascontiguousarray(log_magnitude[:, 100:300]), None, 199 * 128)
    edge = SPEC.context_frames * 128
    start = 100 * 128
    np.testing.assert_allclose(
        part[0, edge:-edge], whole[0, start + edge : start + 199 * 128 - edge], atol=1e-3
    )


def test_what_is_no_model_of_it_or_of_other_settings_is_told(untrained, tmp_path):
    other = SpectrogramConfig()
    with pytest.raises(ConfigError, match="other settings: sample_rate 16000"):
        SPEC.build(Options(model=untrained), other, "cpu")
    with pytest.raises(ConfigError, match="has no model") as caught:
        SPEC.build(Options(model=tmp_path / "none.onnx"), SMALL, "cpu")
    assert "styleshift-vocos train" in caught.value.hint
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ConfigError, match="is no model of styleshift-vocos"):
        SPEC.build(Options(model=tmp_path / "text.onnx"), SMALL, "cpu")


def test_the_command_says_what_is_missing(tmp_path, capsys):
    assert main(["train", str(tmp_path)]) == 10
    assert "there are no recordings in" in capsys.readouterr().err
