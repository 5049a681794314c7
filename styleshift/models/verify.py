"""Whether a model does on this machine what a model must."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from styleshift.bundle.load import load_bundle
from styleshift.errors import BundleError
from styleshift.hooks.records import NoOptions
from styleshift.models.shelf import ShelvedModel
from styleshift.system.hashing import file_sha256
from styleshift.workspace import shipped_models

CHECKSUMS = "SHA256SUMS"
# A star in the place of the second space stands for binary reading.
_CHECKSUM = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")


def verify_model(model: ShelvedModel) -> str:
    """Read a model whole and run it on a window of music-like noise and on silence.

    Args:
        model: as :func:`styleshift.models.shelf.list_models` finds it.

    Returns:
        The digest of its bytes.

    Raises:
        BundleError: it is damaged, is not the file that was shipped, or gives what cannot be heard.
    """
    from styleshift.runtimes.plugin import load_onnxruntime

    bundle = load_bundle(model.path)
    if model.place == "shipped":
        wanted = read_checksums(shipped_models()).get(model.path.name)
        if wanted != bundle.digest:
            raise BundleError(
                f"{model.path} is not the file that was shipped: its digest is {bundle.digest[:12]}, "
                f"{wanted[:12] if wanted else 'and none is listed'}",
                "pip install --force-reinstall styleshift",
            )
    metadata = bundle.metadata
    session = load_onnxruntime(NoOptions(), model.path, "cpu", 1)
    shape = (1, 1, metadata.spectrogram.bins, metadata.window_frames)
    heard = np.abs(np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    for what, window in (("noise", heard), ("silence", np.zeros(shape, np.float32))):
        try:
            found = session.run(window)
        except Exception as error:  # ONNX Runtime raises many types of its own
            raise BundleError(f"{model.path} cannot be run: {str(error).splitlines()[0]}") from error
        if found.shape != shape or not np.isfinite(found).all():
            raise BundleError(f"{model.path} makes no sound of {what}: its output is not finite or not whole")
    return bundle.digest


def read_checksums(folder: Path) -> dict[str, str]:
    """Digest by file name, as ``sha256sum`` writes them; nothing where there is no such list.

    Raises:
        BundleError: a line is not a digest and a name.
    """
    path = folder / CHECKSUMS
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    found = {}
    for number, line in enumerate(lines, 1):
        match = _CHECKSUM.fullmatch(line)
        if match is None:
            raise BundleError(
                f"{path}, line {number}: {line!r} is not a digest and a name",
                "pip install --force-reinstall styleshift",
            )
        found[match[2]] = match[1]
    return found


def write_checksums(folder: Path) -> None:
    """List every model of a folder with its digest, for ``sha256sum --check`` and :func:`verify_model`."""
    rows = [f"{file_sha256(path)}  {path.name}\n" for path in sorted(folder.glob("*.onnx"))]
    (folder / CHECKSUMS).write_text("".join(rows), encoding="ascii")
