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

    name: str
    """The network, built in or from a plugin."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """Its options."""


@settings
class DataConfig:
    """What the networks see."""

    crop_frames: int = Field(default=3000, ge=16, le=1 << 20)
    """Length, in frames, of a training crop and of a window in conversion."""
    normalisation: Literal["shared", "domain"] = "shared"
    """`shared`: one mean and one standard deviation for everything. `domain`: each domain's own mean
    spectrum, bin by bin, and one standard deviation; a generator that copies its input then already moves the
    mean spectrum of one domain onto the other's."""
    silence_gate: bool = False
    """Change nothing where the source is silent, so that silence stays silent. The gate looks at each frame's
    loudest bin."""
    gain_db: float = Field(default=0.0, ge=0, le=40)
    """Make each crop louder or softer at random, by up to this many dB."""
    tilt_db: float = Field(default=0.0, ge=0, le=40)
    """Tilt each crop's spectrum at random, by up to this many dB from the lowest to the highest bin (Nam et
    al. 2022)."""
    mute: Share = 0.0
    """Probability of muting a random stretch of a crop, up to a quarter of it (Park et al. 2019)."""
    pitch_bins: float = Field(default=0.0, ge=0, le=0.5)
    """Stretch each crop's frequency axis at random by up to this fraction, which shifts the pitch; 0.03 is
    half a semitone (Jaitly and Hinton 2013)."""
    stretch: float = Field(default=0.0, ge=0, le=0.5)
    """Change each crop's tempo at random by up to this fraction, at the same pitch (Ko et al. 2015)."""
    mix: Share = 0.0
    """Probability of adding another crop of the same domain to a crop, up to 12 dB softer (Tokozume et al.
    2018)."""
    held_out: float = Field(default=0.1, ge=0, le=0.5)
    """Share of each domain's recordings that is kept out of training, so that conversions of it can be
    judged. Nothing is kept out if `schedule.validation_seconds` is 0."""
    resident: Literal["auto", "yes", "no"] = "auto"
    """Keep both corpora on the device as float32 and cut crops there. `auto` does so on a GPU if they take no
    more than a quarter of its free memory when the run begins. Crops are the same bits either way;
    augmentation is computed where the crops are and may differ by rounding."""


@settings
class PitchConfig:
    """The pitch of voices in front of the generators; see :mod:`styleshift.voice.pitch`."""

    shift: bool = False
    """Voices are moved to the median pitch of the domain that they are converted to, before the generator
    sees them: crop by crop in training, recording by recording in conversion. The generator has to learn what
    is left: formants, breath, manner."""
    formants: Share = 0.15
    """Power of the ratio of pitches by which the spectral envelope is stretched as well. Between men and
    women vocal tracts differ by 1.1 to 1.2 where pitches differ by 2; 0 leaves the envelope."""
    harmonics: Literal["stretch", "draw"] = "stretch"
    """How harmonics come to their new places: `stretch` moves what is there, `draw` puts a comb at the new
    pitch in place of that at the old, which is clearer and keeps to the pitch better."""


@settings
class PhonesConfig:
    """The sounds of speech in front of the generators; see :mod:`styleshift.training.phones`."""

    by: float = Field(default=0.0, ge=0, le=3)
    """Each frame of a voice, its pitch moved, is moved by how far the target's mean envelope of that sound
    lies from the source's, before the generator sees it; by so much of the way. 0 moves none; above 1
    makes up for sounds that are taken for others, and is more of the person."""
    temperature: float = Field(default=1.0, ge=0.1, le=10)
    """Probabilities of the sounds are raised to one over this: below 1 one sound stands out."""
    equalise: bool = False
    """Where sounds are moved, conversion first equalises each recording, so that its voice is on the whole
    like the source's voices; see :mod:`styleshift.voice.equaliser`. Training changes nothing."""

    @property
    def equalised(self) -> bool:
        """Conversion equalises recordings."""
        return self.by > 0 and self.equalise


@settings
class PercussionConfig:
    """Drums in front of the generators; see :mod:`styleshift.frontend.percussion`."""

    damp_db: float = Field(default=0.0, ge=0, le=80)
    """What is percussive of a recording is made softer by so many dB before the generator sees it, in
    training and in conversion, where the target's style has no drums; 0 leaves it."""
    margin_db: float = Field(default=3.0, ge=0, le=80)
    """A style has no drums if the percussive share of its music is smaller than that of the other style by so
    many dB; quartets are 5 to 6 below a country band. 0: both directions are damped."""


@settings
class LossConfig:
    """The losses and their weights."""

    adversarial: Adversarial = "log"
    """Adversarial loss: `log` (non-saturating, Goodfellow et al. 2014), `lsgan` (Mao et al. 2017) or `hinge`
    (Lim and Ye 2017)."""
    gan: Weight = 1.0
    """Weight of the adversarial loss of the generators."""
    cycle: Weight = 10.0
    """Weight of the cycle-consistency loss: lambda in Zhu et al. 2017, equation 2."""
    identity: Weight = 1.0
    """Weight of the identity loss: what is already in the target style stays as it is (Taigman et al.
    2017)."""
    identity_until: Share = 0.0
    """Fraction of the run over which the identity loss fades to zero; 0 keeps it (MaskCycleGAN-VC, Kaneko et
    al. 2021)."""
    second_adversarial: Weight = 0.0
    """Weight of a second adversarial loss, on what was converted and converted back, with discriminators of
    its own (CycleGAN-VC2, Kaneko et al. 2019)."""
    feature_matching: Weight = 0.0
    """Weight of feature matching: the distance between the mean discriminator features of real and generated
    crops (Salimans et al. 2016)."""
    spectral_flux: Weight = 0.0
    """Weight of keeping the rhythm: the distance between the rises and falls of loudness in source and
    conversion, frame by frame (spectral flux, Dixon 2006)."""
    r1: Weight = 0.0
    """Weight of the gradient penalty on real crops (Mescheder et al. 2018)."""
    cycle_noise: Weight = 0.0
    """Standard deviation, in normalised units, of noise added before the way back, so that nothing hides in
    inaudible detail (Chu et al. 2017)."""
    patch_nce: Weight = 0.0
    """Weight of the contrastive loss between source and conversion, which can replace the cycle (CUT, Park et
    al. 2020, lambda_X in equation 5). With `cycle` 0, each direction is trained on its own. The generator
    must hand out its features."""
    patch_nce_identity: Weight = 0.0
    """Weight of the contrastive loss for crops that are already in the target style (lambda_Y there)."""
    patch_nce_patches: int = Field(default=256, ge=2, le=65_536)
    """Places of a crop that are compared with each other."""
    patch_nce_temperature: float = Field(default=0.07, ge=0.001, le=10)
    """Temperature of the comparison (tau there)."""


@settings
class OptimiserConfig:
    """How weights change: Adam (Kingma and Ba 2015)."""

    generator_lr: LearningRate = 2e-4
    """Learning rate of the generators."""
    discriminator_lr: LearningRate = 2e-4
    """Learning rate of the discriminators."""
    beta1: float = Field(default=0.5, ge=0, le=0.9999)
    """First decay of Adam (Kingma and Ba 2015)."""
    beta2: float = Field(default=0.999, ge=0, le=0.999999)
    """Second decay of Adam."""
    lr_decay_start: Share = 1.0
    """Fraction of the run at the full learning rate, which then falls linearly to zero (Zhu et al. 2017)."""
    clip_grad_norm: float = Field(default=0.0, ge=0)
    """Largest norm of the gradients of one side; 0 sets no limit (Pascanu et al. 2013)."""
    ema_decay: float = Field(default=0.0, ge=0, le=0.999999)
    """Decay of the moving average of the generators' weights, which is what is judged and exported; 0 turns
    it off (Yazici et al. 2019)."""
    replay_buffer: int = Field(default=0, ge=0, le=100_000)
    """Past fakes kept for each side to train the discriminators on; 0 keeps none (Shrivastava et al.
    2017)."""
    frame_mask: float = Field(default=0.0, ge=0, le=0.9)
    """Largest share of a crop's frames that the generator must fill in; 0 turns it off (MaskCycleGAN-VC,
    Kaneko et al. 2021)."""
