"""Log spectrograms on disk, one memory-mapped array a recording, and random crops of them."""

from styleshift.corpus.corpus import Corpus, Track
from styleshift.corpus.levels import scale_log_magnitude
from styleshift.corpus.precompute import precompute
from styleshift.corpus.result import DomainResult, PrecomputeResult, Rejected
from styleshift.corpus.sampler import CropSampler
from styleshift.corpus.shard import Shard

__all__ = [
    "Corpus",
    "CropSampler",
    "DomainResult",
    "PrecomputeResult",
    "Rejected",
    "Shard",
    "Track",
    "precompute",
    "scale_log_magnitude",
]
