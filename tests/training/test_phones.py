"""Envelopes moved by the sound that is spoken: what is found of two speakers, and what is done with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy import fft

from styleshift.bundle.export import export_bundle
from styleshift.bundle.run import export_run
from styleshift.corpus import precompute
from styleshift.errors import CheckpointError, ConfigError, UsageError
from styleshift.frontend import stft
from styleshift.frontend.compression import compressed
from styleshift.frontend.transform import compress
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.checkpoint import load_trained
from styleshift.training.phones import PhoneMove, phone_ways, spoken_means
from styleshift.training.pitch import PitchFront, shifter_of
from styleshift.training.run import resume_run, start_run
from styleshift.training.run_file import read_run
from styleshift.training.self_pairs import SelfPairs
from styleshift.voice.equaliser import SPOKEN, phones_of
from styleshift.voice.phones import PHONES, PhoneListener
from styleshift.workspace import Workspace
from tests.helpers.plain_operators import others
from tests.helpers.voices import SETTINGS, untrained
from tests.helpers.vowels import VOWELS, hiss, vowel

SHORT = [
    one for one in SETTINGS if not one.startswith(("spectrogram.", "phones."))
]  # at the recipe's own 16 kHz


def recipe(*overrides: str) -> Recipe:
    return load_recipe("voice", [*SHORT, "phones.by=1", *overrides])


def spoken(sound: np.ndarray) -> torch.Tensor:
    """``[1, 1, bin, frame]`` compressed log magnitudes."""
    config = recipe().spectrogram
    plain = compress(np.abs(stft(sound.astype(np.float32), config)).astype(np.float32), config)
    return torch.from_numpy(plain.T.copy())[None, None]


SOUNDS = [vowel(name, hertz, stretch=1.15) for name in VOWELS for hertz in (120, 200)] + [hiss()]


def curve(orders: tuple[int, ...]) -> torch.Tensor:
    """A smooth response ``[bin, 1]`` in nepers, that an envelope can follow."""
    along = torch.linspace(0, torch.pi, recipe().spectrogram.bins)[:, None]
    return torch.stack([0.3 * (order * along).cos() for order in orders]).sum(dim=0)


def coloured(plain: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    listener = PitchFront(shifter_of(recipe()), 1.0)
    return compressed((listener.log(plain) + by).exp(), listener.shifter.config)


def distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """Between two sounds' envelopes over the middle, each at its own level, root mean square in nepers."""
    listener = PitchFront(shifter_of(recipe()), 1.0)
    one, other = (
        (listener.envelope @ listener.log(plain))[..., 8:-8].mean(dim=3) for plain in (first, second)
    )
    difference = one - other
    return float((difference - difference.mean()).square().mean().sqrt())


def test_the_same_speaker_is_not_moved() -> None:
    sounds = [spoken(sound) for sound in SOUNDS]
    assert phone_ways(sounds, sounds, shifter_of(recipe())).abs().max() < 1e-6


def test_one_equaliser_is_found_and_level_stays() -> None:
    shifter, equaliser = shifter_of(recipe()), curve((1, 2))
    sounds = [spoken(sound) for sound in SOUNDS]
    ways = phone_ways(sounds, [coloured(plain, equaliser) for plain in sounds], shifter)
    move = PhoneMove(shifter, ways, by=1, temperature=1)
    left = []
    for plain in sounds[:-1]:
        wanted, moved = coloured(plain, equaliser), move(plain)
        left.append(distance(moved, wanted) / distance(plain, wanted))
        level = [(2 * move.listener.log(one)).exp().mean(dim=2).log() for one in (plain, moved)]
        # A tenth of the softest magnitude that counts is where its log ends.
        assert (level[0] - level[1])[..., 8:-8].abs().max() < 0.02
    # Not 0: with other colours a sound is taken for others a little more often, or less.
    assert max(left) < 0.95
    assert np.mean(left) < 0.45


def test_each_sound_goes_its_own_way() -> None:
    """The second speaker has other vowels, each by another curve; one equaliser for all cannot make them."""
    shifter = shifter_of(recipe())
    sounds = {name: spoken(vowel(name, 150, seconds=8, stretch=1.15)) for name in ("IY", "AA")}
    curves = {"IY": curve((1,)), "AA": curve((3,))}
    theirs = {name: coloured(plain, curves[name]) for name, plain in sounds.items()}
    ways = phone_ways(sounds.values(), theirs.values(), shifter)
    move = PhoneMove(shifter, ways, by=1, temperature=0.5)
    common = (curves["IY"] + curves["AA"]) / 2
    for name, plain in sounds.items():
        found = distance(move(plain), theirs[name])
        assert found < 0.6 * distance(coloured(plain, common), theirs[name])
        assert found < 0.5 * distance(plain, theirs[name])


def test_a_sound_that_was_heard_in_few_frames_goes_the_way_of_all() -> None:
    shifter, equaliser = shifter_of(recipe()), curve((1, 2))
    sounds = [spoken(vowel("AA", 150, seconds=8, stretch=1.15))]
    ways = phone_ways(sounds, [coloured(plain, equaliser) for plain in sounds], shifter)
    common = ways.mean(dim=1, keepdim=True)
    rare = 3 * PHONES.index("ZH")
    assert (ways[:, rare : rare + 3] - common).abs().max() < 0.15
    assert common.std() > 0.1


def test_silence_stays_silence() -> None:
    """No bin of a silent frame rises above what the floor of all bins at one level would give."""
    shifter = shifter_of(recipe())
    ways = torch.randn(513, 120, generator=torch.Generator().manual_seed(0))
    moved = PhoneMove(shifter, ways, by=1.5, temperature=0.7)(torch.zeros(1, 1, 513, 64))
    loudest = 1000 * np.exp(shifter.floor + 1.5 * 2 * float(ways.abs().max()))
    assert moved.isfinite().all()
    assert float(moved.expm1().square().mean().sqrt()) == pytest.approx(0.1, rel=1e-3)
    assert moved.expm1().max() < loudest


def test_how_a_voice_sounds_is_told_phone_by_phone_without_pauses() -> None:
    """Against an average in float64, weighed frame by frame."""
    shifter = shifter_of(recipe())
    pause = np.random.default_rng(0).normal(0, 1e-4, 16000)
    sounds = [spoken(np.concatenate([sound, pause])) for sound in SOUNDS]
    found, frames = spoken_means(sounds, shifter)
    assert found.shape == (SPOKEN, 25)
    logs, weights = [], []
    for plain in sounds:
        log = shifter.log(plain[0, 0].T.numpy()).astype(np.float64)
        smooth = log @ shifter.envelope.T
        likely = phones_of(PhoneListener(shifter.config).likely(smooth.astype(np.float32)))
        peaks = log.max(axis=1)
        weights.append(likely * (peaks > peaks.max() - 4)[:, None])
        logs.append(smooth - 0.5 * np.log(np.exp(2 * log).mean(axis=1, keepdims=True)))
    heard, envelopes = np.concatenate(weights), np.concatenate(logs)
    means = (heard.T @ envelopes) / heard.sum(axis=0)[:, None]
    np.testing.assert_allclose(frames, heard.sum(axis=0), rtol=1e-3, atol=1e-2)
    often = heard.sum(axis=0) > 5
    assert often.sum() > 5
    np.testing.assert_allclose(fft.idct(means, type=1, axis=1)[often, :25], found[often], atol=2e-3)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("speakers")
    for who, hertz, stretch in (("man", 110, 1.0), ("woman", 210, 1.17)):
        (root / "audio" / who).mkdir(parents=True)
        for name in VOWELS:
            sound = np.concatenate([vowel(name, hertz, seconds=2, stretch=stretch), hiss(seconds=0.5)])
            soundfile.write(root / "audio" / who / f"{name}.wav", sound, 16000)
    workspace = Workspace(root / "workspace")
    precompute(root / "audio", workspace, recipe().spectrogram, jobs=1)
    return workspace


def test_a_generator_is_given_the_same_mean_in_training_and_in_conversion(place: Workspace) -> None:
    model, (x, y) = untrained(place, recipe())
    pairs = SelfPairs(x, y, recipe(), model)
    random = torch.Generator().manual_seed(0)
    batches = [pairs.batch(8, random) for _ in range(6)]
    for direction, source in (("x2y", x), ("y2x", y)):
        translator = model.translator(direction)
        assert translator.phones is not None
        crops = torch.cat([torch.as_tensor(source.batch(8)) for _ in range(6)])
        entered = translator.enter(translator.source.normalise(crops)).mean(dim=(0, 1, 3))
        given = torch.cat([batch.given[direction] for batch in batches]).mean(dim=(0, 1, 3))
        assert entered.abs().mean() < 0.15
        assert given.abs().mean() < 0.15
        # Without the move in it the mean would be another.
        plain = translator.source.plain(translator.source.normalise(crops))
        assert translator.front is not None
        unmoved = translator.entered.normalise(translator.front(plain, translator.front.ratio(plain)))
        assert unmoved.mean(dim=(0, 1, 3)).abs().mean() > 2 * entered.abs().mean()


def test_a_run_makes_a_model_of_plain_operators_that_agrees_and_moves(
    place: Workspace, tmp_path: Path
) -> None:
    start_run(place, ("man", "woman"), recipe(), name="moved")
    trained = load_trained(place.runs / "moved", "last")
    whole = trained.translators["x2y"]
    assert whole.phones is not None
    assert whole.phones.ways.abs().max() > 0.1
    made = export_bundle(trained, "x2y", tmp_path / "man-to-woman.onnx")
    assert made.parity < 1e-3
    # Recordings are made like the voices of the source, each way.
    back = export_bundle(trained, "y2x", tmp_path / "woman-to-man.onnx")
    for model, direction in ((made, "x2y"), (back, "y2x")):
        told, held = model.bundle.metadata.source_voice, trained.translators[direction].voice
        assert told is not None
        assert held is not None
        assert held.spoken.abs().max() > 0.1
        np.testing.assert_allclose(np.array(told.cepstra), held.spoken.numpy(), atol=6e-4)
        np.testing.assert_allclose(np.array(told.frames), held.frames.numpy(), atol=0.06)
        assert sum(told.frames) > 500
    assert made.bundle.metadata.source_voice != back.bundle.metadata.source_voice
    assert others(made.path) == set()
    # What is exported has the pitch moved already, not the envelopes.
    plain = spoken(SOUNDS[0])[..., :64]
    rest = whole.without_front()
    assert rest.phones is not None
    torch.testing.assert_close(
        rest.enter(rest.source.normalise(plain)),
        whole.entered.normalise(rest.phones(plain)),
        atol=1e-5,
        rtol=0,
    )


def test_a_run_goes_on_with_the_ways_that_it_began_with(place: Workspace) -> None:
    started = recipe("schedule.steps=2", "data.normalisation=shared")
    folder = start_run(place, ("man", "woman"), started, name="resumed").folder
    before = load_trained(folder, "last").translators["y2x"].phones
    voice = load_trained(folder, "last").translators["y2x"].voice
    resume_run(place, "resumed", steps=4)
    after = load_trained(folder, "last")
    found = after.translators["y2x"].phones
    assert before is not None
    assert found is not None
    assert torch.equal(before.ways, found.ways)
    kept = after.translators["y2x"].voice
    assert voice is not None
    assert kept is not None
    assert torch.equal(voice.spoken, kept.spoken)
    assert torch.equal(before.network.last.weight, found.network.last.weight)


def test_recordings_are_left_as_they_are_where_the_recipe_says_so(place: Workspace, tmp_path: Path) -> None:
    start_run(place, ("man", "woman"), recipe("phones.equalise=false"), name="plain")
    folder = place.runs / "plain"
    trained = load_trained(folder, "last")
    assert trained.translators["x2y"].voice is None
    made = export_bundle(trained, "x2y", tmp_path / "man-to-woman.onnx")
    assert made.bundle.metadata.source_voice is None
    # One model cannot do both.
    start_run(place, ("man", "woman"), recipe(), name="equalised")
    with pytest.raises(UsageError, match="plain and equalised differ in their equaliser of recordings"):
        export_run(place, run="plain", ensemble=["equalised"], checkpoint="last")
    # So did runs of the first version that moved sounds, which had no such setting.
    run = json.loads((folder / "run.json").read_text("utf-8"))
    del run["recipe"]["phones"]["equalise"]
    (folder / "run.json").write_text(json.dumps(run), "utf-8")
    assert load_trained(folder, "last").translators["y2x"].voice is None


def test_gradients_pass_through_the_move() -> None:
    move = PhoneMove(shifter_of(recipe()), torch.randn(513, 120), by=1, temperature=1)
    plain = spoken(SOUNDS[0])[..., :32].requires_grad_()
    move(plain).sum().backward()
    assert plain.grad is not None
    assert plain.grad.isfinite().all()
    assert plain.grad.abs().max() > 0
    assert all(weight.grad is None for weight in move.parameters())


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["loss.identity=1"], "a loss of identity"),
        (["loss.patch_nce_identity=1"], "a loss of identity"),
        (["spectrogram.sample_rate=8000", "spectrogram.hop_length=128"], "8000 Hz"),
        (["spectrogram.sample_rate=22050"], "11.6 ms apart"),
        (["pitch.shift=false", "warm_start.self_pairs=false"], "phones.by moves the sounds of voices"),
    ],
)
def test_what_does_not_go_together_is_said(overrides: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_recipe("voice", ["phones.by=1", *overrides])
    load_recipe("voice", ["phones.by=0", *overrides])


def test_runs_that_kept_no_frames_of_the_target_are_read_and_others_say_what_to_do(tmp_path: Path) -> None:
    run = {"recipe": {"retrieval": {"frames": 0, "share": 0.35}}, "domains": [], "seed": 0, "provenance": {}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert read_run(tmp_path)["recipe"] == {}
    run["recipe"]["retrieval"]["frames"] = 100
    (tmp_path / "run.json").write_text(json.dumps(run))
    with pytest.raises(CheckpointError, match="keeps frames of its target"):
        read_run(tmp_path)
