"""What turns spectrograms into others, and into sound: runtimes and vocoders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from styleshift.hooks.guard.owner import Owner, kind_of
from styleshift.hooks.records import RuntimeSession, RuntimeSpec, Vocoder, VocoderSpec

if TYPE_CHECKING:
    from styleshift.arrays import ComplexArray, Float32Array


def build_vocoder(owner: Owner, spec: VocoderSpec, *given: Any) -> Vocoder:
    """A vocoder whose every result is checked."""
    return partial(_vocode, owner, owner.built(spec, *given))


def _vocode(
    owner: Owner,
    vocoder: Vocoder,
    log_magnitude: Float32Array,
    source: ComplexArray | None,
    samples: int,
) -> Float32Array:
    return _array(owner, owner.call(vocoder, log_magnitude, source, samples), (len(log_magnitude), samples))


def build_runtime(owner: Owner, spec: RuntimeSpec, *given: Any) -> RuntimeSession:
    """A session whose every result is checked."""
    return _Session(owner, owner.built(spec, *given, members=("run",)))


@dataclass(frozen=True, slots=True)
class _Session:
    owner: Owner
    session: RuntimeSession

    @property
    def description(self) -> str:
        """Library, device and precision."""
        return str(getattr(self.session, "description", self.owner.record.partition(" ")[2]))

    def run(self, log_magnitude: Float32Array) -> Float32Array:
        """See :class:`styleshift.hooks.records.RuntimeSession`."""
        made = self.owner.call(self.session.run, log_magnitude)
        return _array(self.owner, made, log_magnitude.shape)


def _array(owner: Owner, made: Any, shape: tuple[int, ...]) -> Float32Array:
    """``made``, where it is a float32 array of this shape, and finite."""
    import numpy as np  # late: the registry is read where there is no sound

    dtype = getattr(made, "dtype", None)
    if dtype is None or not hasattr(made, "__array_interface__"):
        raise owner.fault(f"it returned {kind_of(made)}, not a NumPy array")
    if dtype != "float32":
        raise owner.fault(f"it returned {dtype}, not float32")
    if made.shape != shape:
        raise owner.fault(f"it returned {list(made.shape)}; {list(shape)} was wanted")
    if not np.isfinite(made).all():
        raise owner.fault("it returned NaN or infinity")
    found: Float32Array = made
    return found
