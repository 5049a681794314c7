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
    on the pool, which is not augmented.
    """

    share: Share = Field(
        default=0.0, description="Fraction of the run in which nothing else is learned; 0 is none."
    )
    weight: Weight = Field(
        default=0.0,
        description="Weight of the distance to the matched frames in the rest of the run; 0 forgets them.",
    )
    neighbours: int = Field(default=4, ge=1, le=256, description="Nearest frames that are averaged.")
    level: Share = Field(
        default=0.7,
        description=(
            "Part of a frame's mean level that is left out of the comparison; 1 compares shapes only."
        ),
    )
    rise: float = Field(
        default=5.0,
        ge=0,
        le=1e3,
        description=(
            "Weight, in the comparison, of how the mean level rose or fell over the last four "
            "frames: attacks are matched with attacks."
        ),
    )
    align: float = Field(
        default=2.0,
        ge=0,
        le=10,
        description=(
            "Notes of one domain may speak later after their first sound than those of the other (a"
            " bow later than a hammer). Each match is moved in time by this factor times the "
            "difference that the two corpora show. 0 moves nothing; on true pairs of violin and "
            "piano 2 agrees best."
        ),
    )
    crops: int = Field(
        default=160,
        ge=1,
        le=100_000,
        description="Crops a side in the pool. Time and memory of the matching grow with its square.",
    )
    bands: int = Field(
        default=128,
        ge=8,
        le=4096,
        description="Frequency bands that are compared, as in the generator `residual`.",
    )
    rate: LearningRate = Field(
        default=1e-3,
        description="Learning rate at the start; it falls linearly to `optimiser.generator_rate`.",
    )

    @property
    def used(self) -> bool:
        """Frames are matched at all."""
        return self.share > 0 or self.weight > 0


@settings
class ScheduleConfig:
    """How long, and what is kept."""

    steps: Count = Field(
        default=20_000,
        description="Optimiser steps of the whole run; 0 is no limit, where there is a time budget.",
    )
    minutes: float = Field(
        default=0.0,
        ge=0,
        description=(
            "A time budget; the run ends with it, and schedules follow whichever of steps and "
            "minutes is further on; 0 is none."
        ),
    )
    batch: int = Field(default=1, ge=1, le=4096, description="Crops a domain a step.")
    precision: Literal["float32", "bfloat16", "auto"] = Field(
        default="float32",
        description=(
            "Of the networks' forward passes; weights stay float32. `auto` is `bfloat16` where the "
            "processor computes in it, else `float32`."
        ),
    )
    compile: bool = Field(
        default=False,
        description=(
            "Have `torch.compile` fuse what lies between the convolutions. It takes a minute or "
            "more at the start, and a C++ compiler; where it cannot be used the run says so and "
            "goes on without."
        ),
    )
    log_every: Interval = Field(default=20, description="Steps from one line of the log to the next.")
    save_every: Interval = Field(default=500, description="Steps from one checkpoint to the next.")
    judge: int = Field(
        default=0,
        ge=0,
        le=4096,
        description=(
            "Excerpts a side that are converted and judged at every checkpoint, which decides the "
            "best; 0 is none."
        ),
    )
    patience: Count = Field(
        default=0,
        description=(
            "Judgements without a better one after which the run ends, the warm start not counted; "
            "0 is no such end."
        ),
    )
    keep_every: Count = Field(
        default=0,
        description="Of those, steps from one that is kept for good to the next; 0 keeps none.",
    )
    disk_gb: float = Field(
        default=10.0,
        ge=0,
        description="Most that the checkpoints of a run may take; the oldest kept ones go first.",
    )
    threads: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="PyTorch's threads on a CPU; 0 takes as many as are fastest when the run begins.",
    )

    def __post_init__(self) -> None:
        if not self.steps and not self.minutes:
            raise ConfigError("steps and minutes are both 0; the run would never end")
