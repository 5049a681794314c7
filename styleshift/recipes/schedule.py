"""The settings of a recipe that say how a run begins, how long it goes on, and what is kept of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from styleshift.errors import ConfigError
from styleshift.recipes.settings import LearningRate, Share, Weight
from styleshift.validation import settings

Count = Annotated[int, Field(ge=0, le=1 << 31)]
Interval = Annotated[int, Field(ge=1, le=1 << 31)]


@settings
class WarmStartConfig:
    """Matched frames: what the generators learn from alone at the start, and are held to after.

    Each frame of a pool of crops is matched with its nearest frames of the other domain's pool, after the
    mean spectra are matched, and the generator learns to give their average. It is the first round of INCA
    (Erro, Moreno and Bonafonte 2010) with a network in the place of the Gaussian mixture. All training is
    on the pool, which can be drawn anew while it goes on.
    """

    share: Share = 0.0
    """Fraction of the run that trains on the matched frames alone; 0 turns it off."""
    weight: Weight = 0.0
    """Weight of the distance to the matched frames in the rest of the run; 0 drops them."""
    neighbours: int = Field(default=4, ge=1, le=256)
    """How many nearest frames are averaged."""
    level: Share = 0.7
    """Share of a frame's mean level that the comparison ignores; 1 compares shapes only."""
    rise: float = Field(default=5.0, ge=0, le=1e3)
    """Weight, in the comparison, of how the mean level rose or fell over the last four frames, so that
    attacks match attacks."""
    align: float = Field(default=2.0, ge=0, le=10)
    """In one domain, notes may speak later after their first sound than in the other (a bow later than a
    hammer). Each match is moved in time by this factor times that difference, as the corpora show it. 0 moves
    nothing; on true pairs of violin and piano, 2 agrees best."""
    crops: int = Field(default=160, ge=1, le=100_000)
    """Crops of each domain in the pool. Time and memory of the matching grow with the square."""
    bands: int = Field(default=128, ge=8, le=4096)
    """Frequency bands that are compared, as in the generator `residual`."""
    lr: LearningRate = 1e-3
    """Learning rate at the start; it falls linearly to `optimiser.generator_lr`."""
    refresh: Count = 0
    """Steps after which the pool is drawn anew from the whole corpus; 0 keeps the first, however much
    there is."""
    pairs: bool = False
    """Recordings of the same name and length in both domains are the same performance, and each learns from
    its counterpart in place of nearest frames; others are left out. Adversarial and cycle losses see unpaired
    crops as ever."""
    self_pairs: bool = False
    """Each generator learns from crops of its target in place of nearest frames: what is personal in a voice
    is destroyed at random (information perturbation, Choi et al. 2021), and the voice is to be given back.
    Needs `pitch.shift`."""

    def __post_init__(self) -> None:
        if self.pairs and self.self_pairs:
            raise ConfigError(
                "warm_start.pairs and warm_start.self_pairs are both on", "leave one of them off"
            )

    @property
    def used(self) -> bool:
        """Frames are matched at all."""
        return self.share > 0 or self.weight > 0


@settings
class ScheduleConfig:
    """How long, and what is kept."""

    steps: Count = 20_000
    """Optimiser steps of the whole run; 0 sets no limit, if there is a time budget."""
    minutes: float = Field(default=0.0, ge=0)
    """Time budget in minutes, preparation not counted; 0 sets none. The run ends with its steps or its
    minutes, whichever comes first, and its schedules follow whichever is further on."""
    batch: int = Field(default=1, ge=1, le=4096)
    """Crops of each domain in a step."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """Precision of the networks' forward passes; weights stay float32. `auto` takes `bfloat16` where the
    processor computes in it, else `float32`."""
    tf32: bool = True
    """On an NVIDIA GPU, multiply float32 values rounded to TF32 (10 bits of mantissa, where bfloat16 has 7)
    in convolutions and matrix products; sums stay float32. Off is nearest to a CPU."""
    compile: bool = False
    """Use `torch.compile`. It takes a minute or more at the start and needs a C++ compiler; if it cannot be
    used, the run says so and continues without it."""
    cuda_graph: bool = True
    """On one NVIDIA GPU, capture the training step once and replay it (a CUDA graph), so that the GPU does
    not wait for each kernel to be launched. Turn it off for a network whose `forward` does not always do the
    same; where it cannot be used, the run says so and continues without it."""
    log_every: Interval = 20
    """Steps between two lines of the log."""
    save_every: Interval = 500
    """Steps between two checkpoints, and two validations."""
    validation_seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Seconds of each domain's recordings, in whole crops, that are converted and judged at every checkpoint,
    which decides the best. 0 turns validation off: nothing is kept out of training, and the last checkpoint
    is exported."""
    patience: Count = 0
    """End the run after this many validations without a better one, not counting the warm start; 0 never
    does."""
    content: tuple[str, ...] = Field(default=("harmony", "rhythm"), min_length=1)
    """Metrics that hear how much stayed: `harmony` and `rhythm` of music, `phones` (what is said, at any
    pitch) and `rhythm` of speech. The score by which the best checkpoint is chosen is their mean times how
    much of the style arrived."""
    keep_every: Count = 0
    """Keep checkpoints at multiples of this many steps; 0 keeps only the last and the best."""
    disk_gb: float = Field(default=10.0, ge=0)
    """Disk space, in GB, for the checkpoints of a run; the oldest kept ones go first."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads of PyTorch; 0 tries a few numbers when the run begins and takes the fastest."""

    def __post_init__(self) -> None:
        if not self.steps and not self.minutes:
            raise ConfigError("steps and minutes are both 0; the run would never end")


def budget(steps: int | None, minutes: float | None) -> list[str]:
    """Overrides of a recipe that end a run after so many steps, or minutes; none for None or 0.

    Minutes without steps are all that ends it.
    """
    given = {"steps": steps or (0 if minutes else None), "minutes": minutes or None}
    return [f"schedule.{key}={value}" for key, value in given.items() if value is not None]
