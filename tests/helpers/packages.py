"""Packages that look installed."""

from __future__ import annotations

import textwrap
from pathlib import Path


def write_package(site: Path, package: str, source: str, *, version: str = "1.2.3", module: str = "") -> Path:
    """Write ``package`` into ``site`` as pip would leave it, its module holding ``source``."""
    module = module or package.replace("-", "_")
    site.mkdir(parents=True, exist_ok=True)
    (site / f"{module}.py").write_text(textwrap.dedent(source))
    info = site / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[styleshift]\nplugin = {module}\n")
    return site
