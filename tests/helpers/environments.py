"""Fresh virtual environments, for tests of what users install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


def run(*words: str | Path, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def build_wheels(into: Path, *sources: Path, options: tuple[str | Path, ...] = ()) -> list[Path]:
    """The wheels of these folders, built without a network."""
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"),
        *("--disable-pip-version-check", "-w", into, *options, *sources),
        folder=into.parent,
    )
    return sorted(into.glob("*.whl"))


class Environment:
    """A virtual environment that sees this one's libraries, and packages of its own before them.

    Args:
        folder: where it is made.
        editable: it also sees what is installed here as an editable package, such as styleshift.
    """

    def __init__(self, folder: Path, *, editable: bool = True) -> None:
        venv.create(folder, with_pip=False)
        self.bin = folder / "bin"
        self.site = next((folder / "lib").glob("python*/site-packages"))
        here = sysconfig.get_path("purelib")
        # addsitedir also obeys the .pth files there: an editable installation is one.
        line = f"import site; site.addsitedir({here!r})\n" if editable else f"{here}\n"
        (self.site / "zz_libraries.pth").write_text(line)
        script = Path(sys.executable).with_name("styleshift").read_text().split("\n", 1)[1]
        command = self.bin / "styleshift"
        command.write_text(f"#!{self.bin / 'python'}\n{script}")
        command.chmod(0o755)

    def install(self, wheels: list[Path]) -> None:
        options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
        self.pip("install", *options, *wheels)

    def uninstall(self, *packages: str) -> None:
        self.pip("uninstall", "--yes", "--quiet", "--disable-pip-version-check", *packages)

    def pip(self, *words: str | Path) -> None:
        run(sys.executable, "-m", "pip", "--python", self.bin / "python", *words, folder=self.bin)

    def styleshift(self, folder: Path, *words: str, code: int = 0) -> list[dict]:
        done = run(self.bin / "styleshift", *words, "--json", folder=folder, code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]
