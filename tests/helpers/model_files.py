"""Small model files for tests, and a plugin that fails in every way."""

from __future__ import annotations

from pathlib import Path

from packages import write_package

from styleshift.testing.material import SMALL, make_model, metadata

__all__ = ["SMALL", "make_model", "make_trouble", "metadata"]

TROUBLE = '''
"""A plugin for tests: a vocoder that fails in every way, told by the length of what it is given."""
import os, signal, time
import numpy as np
from styleshift.hooks import NoOptions, VocoderSpec, hookimpl

CRASH, HANG, RAISE = 8000, 9000, 10000

def build(options, spectrogram, device):
    from styleshift.frontend import istft, magnitude
    def invert(log_magnitude, source, samples):
        # Up to a hop of silence may have been put before a short recording.
        told = {n for n in (CRASH, HANG, RAISE) if n <= samples < n + spectrogram.hop_length}
        if CRASH in told:
            os.kill(os.getpid(), signal.SIGSEGV)
        if HANG in told:
            time.sleep(1000)
        if RAISE in told:
            raise RuntimeError("the vocoder tripped")
        phase = np.exp(1j * np.angle(source))
        return istft(magnitude(log_magnitude, spectrogram) * phase, spectrogram, length=samples)
    return invert

@hookimpl
def styleshift_vocoders():
    return [VocoderSpec("trouble", "for tests", build, NoOptions)]

if limit := os.environ.get("TROUBLE_DISK"):
    # A disk with room for so many bytes in all files that are there.
    import errno, pathlib
    from styleshift.audio import write
    real = write.RememberingFile.write
    folder, _, room = limit.partition("=")
    def full(self, data):
        used = sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())
        if self.error is None and used + len(memoryview(data).cast("B")) > int(room):
            self.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, data)
    write.RememberingFile.write = full
'''


def make_trouble(folder: Path) -> Path:
    """Install the plugin of ``TROUBLE`` into a folder that goes on ``PYTHONPATH``."""
    return write_package(folder, "styleshift-trouble", TROUBLE)
