"""What the command lines of the benchmarks share."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser_of(doc: str | None, *places: str) -> argparse.ArgumentParser:
    """A parser whose help is a benchmark's docstring, and that takes these paths in their order."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for place in places:
        parser.add_argument(place, type=Path)
    return parser


def pair_parser(doc: str | None) -> argparse.ArgumentParser:
    """For benchmarks of a pair of domains: the folder of both, and which goes in and which comes out."""
    parser = parser_of(doc, "data")
    parser.add_argument("source")
    parser.add_argument("target")
    return parser
