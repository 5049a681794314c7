"""The typed settings of a recipe, a frozen dataclass for each table of the TOML file.

Each field says its type, its range and what it means; the reference page of recipe keys is made of them.
Defaults are those of the recipe ``seed``: everything that the literature added to the plain method is off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from styleshift.validation import settings

Weight = Annotated[float, Field(ge=0, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]
Adversarial = Literal["log", "lsgan", "hinge"]
LearningRate = Annotated[float, Field(ge=0, le=1)]


@settings
class ComponentConfig:
    """A network by name, with its own options; which there are, the network says when it is built."""

    name: str = Field(description="The network, built in or from a plugin.")
    options: Mapping[str, Any] = Field(default_factory=dict, description="Its options.")


@settings
class DataConfig:
    """What the networks see."""

    crop_frames: int = Field(
        default=3000,
        ge=16,
        le=1 << 20,
        description="Frames of one random crop, and of one window in conversion.",
    )
    normalisation: Literal["shared", "domain"] = Field(
        default="shared",
        description=(
            "`shared`: one mean and one standard deviation for everything. `domain`: each domain's "
            "own mean spectrum, bin by bin, and one common standard deviation, so that a generator "
            "that copies its input already moves the mean spectrum of one domain onto the other's."
        ),
    )
    silence_gate: bool = Field(
        default=False,
        description=(
            "Change nothing where the source is silent (a gate on each frame's loudest bin), so "
            "that silence stays silence."
        ),
    )
    gain_db: float = Field(
        default=0.0,
        ge=0,
        le=40,
        description="Every crop is made louder or softer by up to this many dB, at random.",
    )
    tilt_db: float = Field(
        default=0.0,
        ge=0,
        le=40,
        description=(
            "Every crop's spectrum is tilted by up to this many dB from the lowest to the highest bin."
        ),
    )
    mute: Share = Field(
        default=0.0, description="Probability that a crop's random stretch of up to a quarter is muted."
    )
    pitch_bins: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description=(
            "Every crop's frequency axis is stretched by up to this fraction (0.03 is half a "
            "semitone), which shifts the pitch."
        ),
    )
    stretch: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Every crop's tempo is changed by up to this fraction, at the same pitch.",
    )
    mix: Share = Field(
        default=0.0,
        description=(
            "Probability that another crop of the same domain is added to a crop, in the linear "
            "domain, up to 12 dB softer."
        ),
    )
    held_out: float = Field(
        default=0.1,
        ge=0,
        le=0.5,
        description=(
            "Share of each domain's music that is in no training crop where excerpts are judged "
            "(`schedule.judge`), which are then of it."
        ),
    )
    resident: Literal["auto", "yes", "no"] = Field(
        default="auto",
        description=(
            "Both corpora are held on the device as float32, and crops are cut there. `auto`: on a "
            "GPU where they take no more than a quarter of its free memory as the run begins. Crops"
            " are the same bits either way; augmentation, computed where they are, is so only up to"
            " rounding."
        ),
    )

    @property
    def augmented(self) -> bool:
        """Crops are varied at random."""
        return any((self.gain_db, self.tilt_db, self.mute, self.pitch_bins, self.stretch, self.mix))


@settings
class LossConfig:
    """The objective; see :mod:`styleshift.training.losses`."""

    adversarial: Adversarial = Field(
        default="log",
        description=(
            "`log` (Goodfellow et al. 2014, the non-saturating form), `lsgan` (Mao et al. 2017) or "
            "`hinge` (Lim and Ye 2017)."
        ),
    )
    gan: Weight = Field(default=1.0, description="Weight of the adversarial loss of the generators.")
    cycle: Weight = Field(
        default=10.0,
        description="Lambda, weight of the cycle-consistency loss (Zhu et al. 2017, equation 2).",
    )
    identity: Weight = Field(default=1.0, description="Weight of the identity loss.")
    identity_until: Share = Field(
        default=0.0,
        description=(
            "Fraction of the run over which the identity weight falls linearly to zero; 0 keeps it "
            "(MaskCycleGAN-VC turns it off after 10 000 steps)."
        ),
    )
    second_adversarial: Weight = Field(
        default=0.0,
        description=(
            "Weight of an adversarial loss on the cycled output, with discriminators of its own "
            "(CycleGAN-VC2, Kaneko et al. 2019)."
        ),
    )
    feature: Weight = Field(
        default=0.0,
        description=(
            "Weight of the distance between the mean discriminator features of real and generated "
            "crops (feature matching, Salimans et al. 2016)."
        ),
    )
    envelope: Weight = Field(
        default=0.0,
        description=(
            "Weight of the distance between the loudness of source and conversion, frame by frame, "
            "as far as it rises or falls: keeps the rhythm."
        ),
    )
    r1: Weight = Field(
        default=0.0, description="Weight of the gradient penalty on real crops (Mescheder et al. 2018)."
    )
    cycle_noise: Weight = Field(
        default=0.0,
        description=(
            "Standard deviation, in normalised units, of noise on the fakes before the way back "
            "(against steganography, Chu et al. 2017)."
        ),
    )
    contrast: Weight = Field(
        default=0.0,
        description=(
            "Weight of the contrastive loss between source and conversion (CUT, Park et al. 2020, "
            "lambda_X in equation 5), which takes the place of the cycle: with `cycle` 0 each "
            "direction is trained on its own. The generator has to hand out its features."
        ),
    )
    contrast_identity: Weight = Field(
        default=0.0,
        description=(
            "Weight of the same loss between real crops of the target and what the generator makes "
            "of them (lambda_Y there)."
        ),
    )
    contrast_points: int = Field(
        default=256, ge=2, le=65_536, description="Places in a crop that are compared with each other."
    )
    contrast_temperature: float = Field(default=0.07, ge=0.001, le=10, description="Tau there.")


@settings
class OptimiserConfig:
    """How weights change: Adam (Kingma and Ba 2015)."""

    generator_rate: LearningRate = Field(default=2e-4, description="Learning rate of the generators.")
    discriminator_rate: LearningRate = Field(default=2e-4, description="Learning rate of the discriminators.")
    beta1: float = Field(default=0.5, ge=0, le=0.9999, description="Adam's first decay.")
    beta2: float = Field(default=0.999, ge=0, le=0.999999, description="Adam's second decay.")
    constant: Share = Field(
        default=1.0,
        description=(
            "Fraction of the run at full learning rate; it then falls linearly to zero (Zhu et al. 2017)."
        ),
    )
    clip: float = Field(
        default=0.0, ge=0, description="Largest norm of all gradients of one side; 0 is no limit."
    )
    ema: float = Field(
        default=0.0,
        ge=0,
        le=0.999999,
        description="Decay of an average of the generators' weights, which is what is exported; 0 is none.",
    )
    replay: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description=(
            "Past fakes kept a side to train the discriminators on (Shrivastava et al. 2017); 0 is none."
        ),
    )
    mask: float = Field(
        default=0.0,
        ge=0,
        le=0.9,
        description=(
            "Largest part of a crop's frames that the generator must fill in (MaskCycleGAN-VC, "
            "Kaneko et al. 2021); the generator sees them at the mean; 0 is none."
        ),
    )
