"""The typed settings of a recipe, one frozen dataclass a table of the TOML file.

Defaults are those of the recipe ``seed``: everything that the literature added to the plain method is off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from styleshift.errors import ConfigError

Adversarial = Literal["log", "lsgan", "hinge"]
Normalisation = Literal["shared", "domain"]
Precision = Literal["float32", "bfloat16", "auto"]
Choice = Literal["auto", "yes", "no"]


def check_range(table: str, values: object, **limits: tuple[float, float]) -> None:
    """Hold every named attribute of ``values`` against its closed range.

    Raises:
        ConfigError: the first one outside, named with its table.
    """
    for name, (low, high) in limits.items():
        value = getattr(values, name)
        if not low <= value <= high:  # False for NaN too
            bound = f"at least {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
            raise ConfigError(f"{table}.{name} is {value!r}; it must be {bound}")


def check_choice(table: str, name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ConfigError(f"{table}.{name} is {value!r}; it may be {', '.join(choices)}")


INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class ComponentConfig:
    """A network by name, with its own options.

    Attributes:
        name: of the network, built in or from a plugin.
        options: its options; which there are, the network says, and checks when it is built.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What the networks see.

    Attributes:
        crop_frames: frames of one random crop, and of one window in conversion.
        normalisation: ``shared``: one mean and one standard deviation for everything. ``domain``: each
            domain's own mean spectrum, bin by bin, and one common standard deviation, so that a generator
            that copies its input already moves the mean spectrum of one domain onto the other's.
        silence_gate: change nothing where the source is silent (a gate on each frame's loudest bin), so
            that silence stays silence.
        gain_db: every crop is made louder or softer by up to this many dB, at random.
        tilt_db: every crop's spectrum is tilted by up to this many dB from the lowest to the highest bin.
        mute: probability that a crop's random stretch of up to a quarter is muted.
        pitch_bins: every crop's frequency axis is stretched by up to this fraction (0.03 is half a
            semitone), which shifts the pitch.
        stretch: every crop's tempo is changed by up to this fraction, at the same pitch.
        mix: probability that another crop of the same domain is added to a crop, in the linear domain, up to
            12 dB softer.
        held_out: share of each domain's music that is in no training crop where excerpts are judged
            (``schedule.judge``), which are then of it.
        resident: both corpora are held on the device as float32, and crops are cut there. ``auto``: on a
            GPU where they take no more than a quarter of its free memory as the run begins. Crops are the
            same bits either way; augmentation, computed where they are, is so only up to rounding.
    """

    crop_frames: int = 3000
    normalisation: Normalisation = "shared"
    silence_gate: bool = False
    gain_db: float = 0.0
    tilt_db: float = 0.0
    mute: float = 0.0
    pitch_bins: float = 0.0
    stretch: float = 0.0
    mix: float = 0.0
    held_out: float = 0.1
    resident: Choice = "auto"

    def __post_init__(self) -> None:
        check_choice("data", "resident", self.resident, ("auto", "yes", "no"))
        check_choice("data", "normalisation", self.normalisation, ("shared", "domain"))
        check_range(
            "data",
            self,
            crop_frames=(16, 1 << 20),
            gain_db=(0, 40),
            tilt_db=(0, 40),
            mute=(0, 1),
            pitch_bins=(0, 0.5),
            stretch=(0, 0.5),
            mix=(0, 1),
            held_out=(0, 0.5),
        )

    @property
    def augmented(self) -> bool:
        """Crops are varied at random."""
        return any((self.gain_db, self.tilt_db, self.mute, self.pitch_bins, self.stretch, self.mix))


@dataclass(frozen=True, slots=True)
class LossConfig:
    """The objective; see :mod:`styleshift.training.losses`.

    Attributes:
        adversarial: ``log`` (Goodfellow et al. 2014, the non-saturating form), ``lsgan`` (Mao et al. 2017)
            or ``hinge`` (Lim and Ye 2017).
        gan: weight of the adversarial loss of the generators.
        cycle: lambda, weight of the cycle-consistency loss (Zhu et al. 2017, equation 2).
        identity: weight of the identity loss.
        identity_until: fraction of the run over which the identity weight falls linearly to zero; 0 keeps
            it (MaskCycleGAN-VC turns it off after 10 000 steps).
        second_adversarial: weight of an adversarial loss on the cycled output, with discriminators of its
            own (CycleGAN-VC2, Kaneko et al. 2019).
        feature: weight of the distance between the mean discriminator features of real and generated
            crops (feature matching, Salimans et al. 2016).
        envelope: weight of the distance between the loudness of source and conversion, frame by frame,
            as far as it rises or falls: keeps the rhythm.
        r1: weight of the gradient penalty on real crops (Mescheder et al. 2018).
        cycle_noise: standard deviation, in normalised units, of noise on the fakes before the way back
            (against steganography, Chu et al. 2017).
        contrast: weight of the contrastive loss between source and conversion (CUT, Park et al. 2020,
            lambda_X in equation 5), which takes the place of the cycle: with ``cycle`` 0 each direction is
            trained on its own. The generator has to hand out its features.
        contrast_identity: weight of the same loss between real crops of the target and what the generator
            makes of them (lambda_Y there).
        contrast_points: places in a crop that are compared with each other.
        contrast_temperature: tau there.
    """

    adversarial: Adversarial = "log"
    gan: float = 1.0
    cycle: float = 10.0
    identity: float = 1.0
    identity_until: float = 0.0
    second_adversarial: float = 0.0
    feature: float = 0.0
    envelope: float = 0.0
    r1: float = 0.0
    cycle_noise: float = 0.0
    contrast: float = 0.0
    contrast_identity: float = 0.0
    contrast_points: int = 256
    contrast_temperature: float = 0.07

    def __post_init__(self) -> None:
        check_choice("loss", "adversarial", self.adversarial, ("log", "lsgan", "hinge"))
        weights = (
            "gan",
            "cycle",
            "identity",
            "second_adversarial",
            "feature",
            "envelope",
            "r1",
            "cycle_noise",
            "contrast",
            "contrast_identity",
        )
        check_range(
            "loss",
            self,
            identity_until=(0, 1),
            contrast_points=(2, 65_536),
            contrast_temperature=(1e-3, 10),
            **dict.fromkeys(weights, (0.0, 1e6)),
        )


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """How weights change: Adam (Kingma and Ba 2015).

    Attributes:
        generator_rate: learning rate of the generators.
        discriminator_rate: learning rate of the discriminators.
        beta1: Adam's first decay.
        beta2: Adam's second decay.
        constant: fraction of the run at full learning rate; it then falls linearly to zero (Zhu et al. 2017).
        clip: largest norm of all gradients of one side; 0 is no limit.
        ema: decay of an average of the generators' weights, which is what is exported; 0 is none.
        replay: past fakes kept a side to train the discriminators on (Shrivastava et al. 2017); 0 is none.
        mask: largest part of a crop's frames that the generator must fill in (MaskCycleGAN-VC, Kaneko
            et al. 2021); the generator sees them at the mean; 0 is none.
    """

    generator_rate: float = 2e-4
    discriminator_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    constant: float = 1.0
    clip: float = 0.0
    ema: float = 0.0
    replay: int = 0
    mask: float = 0.0

    def __post_init__(self) -> None:
        check_range(
            "optimiser",
            self,
            generator_rate=(0, 1),
            discriminator_rate=(0, 1),
            beta1=(0, 0.9999),
            beta2=(0, 0.999999),
            constant=(0, 1),
            clip=(0, INFINITY),
            ema=(0, 0.999999),
            replay=(0, 100_000),
            mask=(0, 0.9),
        )


@dataclass(frozen=True, slots=True)
class WarmStartConfig:
    """Matched frames: what the generators learn from alone at the start, and are held to after.

    Each frame of a pool of crops is matched with its nearest frames of the other domain's pool, after the
    mean spectra are matched, and the generator learns to give their average. It is the first round of INCA
    (Erro, Moreno and Bonafonte 2010) with a network in the place of the Gaussian mixture. All training is
    on the pool, which is not augmented.

    Attributes:
        share: fraction of the run in which nothing else is learned; 0 is none.
        weight: weight of the distance to the matched frames in the rest of the run; 0 forgets them.
        neighbours: nearest frames that are averaged.
        level: part of a frame's mean level that is left out of the comparison; 1 compares shapes only.
        rise: weight, in the comparison, of how the mean level rose or fell over the last four frames: attacks
            are matched with attacks.
        align: notes of one domain may speak later after their first sound than those of the other (a bow
            later than a hammer). Each match is moved in time by this factor times the difference that the
            two corpora show. 0 moves nothing; on true pairs of violin and piano 2 agrees best.
        crops: crops a side in the pool. Time and memory of the matching grow with its square.
        bands: frequency bands that are compared, as in the generator ``residual``.
        rate: learning rate at the start; it falls linearly to ``optimiser.generator_rate``.
    """

    share: float = 0.0
    weight: float = 0.0
    neighbours: int = 4
    level: float = 0.7
    rise: float = 5.0
    align: float = 2.0
    crops: int = 160
    bands: int = 128
    rate: float = 1e-3

    def __post_init__(self) -> None:
        check_range(
            "warm_start",
            self,
            share=(0, 1),
            weight=(0, 1e6),
            neighbours=(1, 256),
            level=(0, 1),
            rise=(0, 1e3),
            align=(0, 10),
            crops=(1, 100_000),
            bands=(8, 4096),
            rate=(0, 1),
        )

    @property
    def used(self) -> bool:
        """Frames are matched at all."""
        return self.share > 0 or self.weight > 0


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """How long, and what is kept.

    Attributes:
        steps: optimiser steps of the whole run; 0 is no limit, where there is a time budget.
        minutes: a time budget; the run ends with it, and schedules follow whichever of steps and minutes
            is further on; 0 is none.
        batch: crops a domain a step.
        precision: of the networks' forward passes; weights stay float32. ``auto`` is ``bfloat16`` where
            the processor computes in it, else ``float32``.
        compile: have ``torch.compile`` fuse what lies between the convolutions. It takes a minute or more
            at the start, and a C++ compiler; where it cannot be used the run says so and goes on without.
        log_every: steps from one line of the log to the next.
        save_every: steps from one checkpoint to the next.
        judge: excerpts a side that are converted and judged at every checkpoint, which decides the best;
            0 is none.
        patience: judgements without a better one after which the run ends, the warm start not counted; 0 is
            no such end.
        keep_every: of those, steps from one that is kept for good to the next; 0 keeps none.
        disk_gb: most that the checkpoints of a run may take; the oldest kept ones go first.
        threads: PyTorch's threads on a CPU; 0 takes as many as are fastest when the run begins.
    """

    steps: int = 20_000
    minutes: float = 0.0
    batch: int = 1
    precision: Precision = "float32"
    compile: bool = False
    log_every: int = 20
    save_every: int = 500
    judge: int = 0
    patience: int = 0
    keep_every: int = 0
    disk_gb: float = 10.0
    threads: int = 0

    def __post_init__(self) -> None:
        check_choice("schedule", "precision", self.precision, ("float32", "bfloat16", "auto"))
        check_range(
            "schedule",
            self,
            steps=(0, 1 << 31),
            minutes=(0, INFINITY),
            batch=(1, 4096),
            log_every=(1, 1 << 31),
            save_every=(1, 1 << 31),
            judge=(0, 4096),
            patience=(0, 1 << 31),
            keep_every=(0, 1 << 31),
            disk_gb=(0, INFINITY),
            threads=(0, 1024),
        )
        if not self.steps and not self.minutes:
            raise ConfigError("schedule.steps and schedule.minutes are both 0; the run would never end")
