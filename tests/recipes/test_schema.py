from __future__ import annotations

from pathlib import Path

import pytest

from styleshift.errors import ConfigError
from styleshift.recipes import Recipe, budget, list_recipes, load_recipe


def test_seed_is_the_method() -> None:
    """Held against the method's table: 20.5 kHz, 30 ms, 10 ms, FFT 512, log loss, 30 s."""
    seed = load_recipe("seed")
    front = seed.spectrogram
    assert (front.sample_rate, front.frame_length, front.hop_length, front.fft_length) == (
        20500,
        615,
        205,
        512,
    )
    assert front.frame_length / front.sample_rate == pytest.approx(0.030)
    assert front.hop_length / front.sample_rate == pytest.approx(0.010)
    assert seed.data.crop_frames / front.frame_rate == pytest.approx(30)
    assert (seed.generator.name, seed.discriminator.name) == ("seed", "seed")
    assert seed.generator.options["blocks"] == 9
    assert seed.loss.adversarial == "log"
    extras = (
        "second_adversarial",
        "feature_matching",
        "spectral_flux",
        "r1",
        "cycle_noise",
        "identity_until",
    )
    assert all(getattr(seed.loss, name) == 0 for name in extras)
    assert (
        seed.optimiser.ema_decay,
        seed.optimiser.replay_buffer,
        seed.optimiser.clip_grad_norm,
        seed.optimiser.frame_mask,
    ) == (
        0,
        0,
        0,
        0,
    )
    assert not seed.warm_start.used
    assert not seed.generator.options.get("residual")


def test_classic_has_the_networks_and_frames_of_seed() -> None:
    """Only sizes, and what the summary of its file says, are other."""
    seed, classic = load_recipe("seed").to_dict(), load_recipe("classic").to_dict()
    changed = {
        f"{table}.{key}"
        for table, keys in classic.items()
        if isinstance(keys, dict) and table != "schedule"
        for key, value in keys.items()
        if value != seed[table].get(key)
    }
    assert changed == {
        "spectrogram.fft_length",
        "spectrogram.gain",
        "data.crop_frames",
        "data.normalisation",
        "generator.channels",
        "generator.residual",
        "discriminator.channels",
        "discriminator.norm",
        "discriminator.dense",
        "loss.cycle",
        "loss.identity",
        "optimiser.ema_decay",
        "warm_start.share",
        "warm_start.weight",
    }


@pytest.mark.parametrize(
    ("steps", "minutes", "wanted"),
    [
        (None, None, []),
        (3, 0, ["schedule.steps=3"]),
        (None, 2.5, ["schedule.steps=0", "schedule.minutes=2.5"]),
        (3, 2.5, ["schedule.steps=3", "schedule.minutes=2.5"]),
    ],
)
def test_minutes_alone_are_the_end_of_a_run(
    steps: int | None, minutes: float | None, wanted: list[str]
) -> None:
    assert budget(steps, minutes) == wanted


@pytest.mark.parametrize("name", list_recipes())
def test_recipes_survive_the_way_to_a_dictionary_and_back(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.summary
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_overrides() -> None:
    recipe = load_recipe(
        "small", ["generator.channels=7", "loss.cycle=3", "loss.adversarial=hinge", "data.silence_gate=false"]
    )
    assert recipe.generator.options["channels"] == 7
    assert recipe.loss.cycle == 3.0
    assert isinstance(recipe.loss.cycle, float)
    assert recipe.loss.adversarial == "hinge"
    assert recipe.data.silence_gate is False


def test_further_losses_and_augmentations_are_tables_by_name() -> None:
    changes = [
        "losses.a.b.weight=2",
        "augmentations.room.seconds=1",
        "augmentations.room.wet=0.5",
        "augmentations.own={}",
    ]
    recipe = load_recipe("small", changes)
    assert recipe.losses == {"a.b": {"weight": 2}}
    assert recipe.augmentations == {"room": {"seconds": 1, "wet": 0.5}, "own": {}}
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    for change in ("losses.a=2", "augmentations.=2"):
        with pytest.raises(ConfigError, match="is not of the form"):
            load_recipe("small", [change])


@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_another_network_begins_with_its_own_defaults(part: str) -> None:
    def options(*overrides: str) -> dict[str, object]:
        return dict(getattr(load_recipe("small", [f"{part}.{text}" for text in overrides]), part).options)

    given = options()
    own = load_recipe("small").to_dict()[part]["name"]
    assert options("name=1d") == {}
    assert options("name=1d", "channels=9") == options("channels=9", "name=1d") == {"channels": 9}
    assert options(f"name={own}") == given
    assert options(f"name={own}", "channels=9") == {**given, "channels": 9}


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("loss.cycel=1", "cycel"),
        ("loss.cycle=much", "loss.cycle is 'much'; it must be a number"),
        ("loss.cycle=-1", "loss.cycle is -1;"),
        ("loss.cycle=nan", "loss.cycle is nan"),
        ("schedule.batch=1.5", "schedule.batch is 1.5; it must be a whole number"),
        ("schedule.batch=true", "schedule.batch is True"),
        ("schedule.steps=0", "would never end"),
        ("optimiser.beta1=2", "optimiser.beta1 is 2; it must be a number from 0 to 0.9999"),
        ("loss.adversarial=wgan", "loss.adversarial is 'wgan'; it must be one of log, lsgan, hinge"),
        ("spectrogram.hop_length=9999", "hop_length"),
        ("lossy.cycle=1", "no table 'lossy'; it has: spectrogram, data"),
        ("nonsense", "not of the form"),
    ],
)
def test_errors_name_the_key(override: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe("seed", [override])
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("loss.cycel=1", "'loss.cycle'"),
        ("spectrogram.hop=128", "'spectrogram.hop_length'"),
        ("lossy.cycle=1", "`loss.cycle=1`"),
    ],
)
def test_a_typo_gets_a_suggestion(override: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe("seed", [override])
    assert caught.value.hint == f"did you mean {meant}?"
    with pytest.raises(ConfigError) as caught:
        load_recipe("smal")
    assert caught.value.hint == "did you mean `recipe=small`?"


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[loss]\ncycle = 5\n", "utf-8")
    recipe = load_recipe(path)
    assert (recipe.name, recipe.loss.cycle) == ("mine", 5.0)
    path.write_text("[loss\n", "utf-8")
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load_recipe(path)
    assert "TOML" in caught.value.hint
    path.write_text("loss = 3\n", "utf-8")
    with pytest.raises(ConfigError, match="must be a table"):
        load_recipe(path)
    path.write_text("[lossy]\n", "utf-8")
    with pytest.raises(ConfigError, match="has no key 'lossy'"):
        load_recipe(path)


def test_no_such_recipe() -> None:
    with pytest.raises(ConfigError, match=r"no recipe 'huge'; available: .*seed.*small"):
        load_recipe("huge")
    with pytest.raises(ConfigError, match=r"there is no file absent\.toml"):
        load_recipe("absent.toml")
