"""Draw the picture of how the front end computes, in docs/explanation: python tools/draw_front_end.py."""

from __future__ import annotations

import math
from pathlib import Path

TARGET = Path(__file__).parent.parent / "docs" / "explanation" / "front-end.svg"
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1")
LANES, HOPS = 4, 4  # drawn; the widest machines have 16 lanes


def text(
    x: float, y: float, words: str, size: int = 13, anchor: str = "start", weight: str = "normal"
) -> str:
    """One line of text."""
    style = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style} fill="#222">{words}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> str:
    """A filled rectangle."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
        f'fill-opacity="{opacity}" stroke="#444" stroke-width="0.6"/>'
    )


def arrow(x: float, y: float, length: float) -> str:
    """An arrow to the right."""
    return (
        f'<path d="M{x:.1f} {y:.1f} h{length - 7:.1f}" stroke="#444" stroke-width="1.5"/>'
        f'<path d="M{x + length:.1f} {y:.1f} l-8 -4 v8 z" fill="#444"/>'
    )


def signal() -> list[str]:
    """The waveform, cut into hops, and the frames that overlap on it."""
    parts = [text(30, 34, "1. Frames overlap: they are runs of the same hops", weight="bold")]
    left, width, middle = 30.0, 60.0, 80.0
    hops = LANES + HOPS - 1
    points = []
    for i in range(hops * 30 + 1):
        u = i / 30
        wave = math.sin(5.1 * u) * (0.6 + 0.4 * math.sin(1.3 * u)) + 0.25 * math.sin(17 * u)
        points.append(f"{left + u * width:.1f},{middle - 18 * wave:.1f}")
    parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="#444" stroke-width="1.2"/>')
    for h in range(hops + 1):
        parts.append(f'<path d="M{left + h * width:.1f} 50 v60" stroke="#aaa" stroke-dasharray="3 3"/>')
        if h < hops:
            parts.append(text(left + (h + 0.5) * width, 122, f"hop {h}", 11, "middle"))
    for frame in range(LANES):
        y = 134 + frame * 19
        parts.append(box(left + frame * width, y, HOPS * width, 14, COLOURS[frame], 0.75))
        parts.append(text(left + (frame + HOPS / 2) * width, y + 11, f"frame {frame}", 10, "middle"))
    return parts


def lanes() -> list[str]:
    """One hop of columns transposed; the rest of the frame is the same with the lanes moved."""
    parts = [text(500, 34, "2. Transpose one hop; move lanes for the rest", weight="bold")]
    for k in range(HOPS):
        x = 500 + k * 100
        for lane in range(LANES):
            parts.append(box(x, 50 + lane * 26, 84, 24, COLOURS[lane], 0.75))
            parts.append(text(x + 42, 66 + lane * 26, f"hop {lane + k}", 11, "middle"))
        parts.append(text(x + 42, 172, "transposed" if k == 0 else f"moved by {k}", 11, "middle"))
    parts.append(text(500, 196, "One vector: sample n of every frame, a frame in each lane.", 12))
    return parts


def passes() -> list[str]:
    """The transform, the magnitudes and the rows."""
    top = 262.0
    parts = [
        text(30, top - 22, "3. A scalar algorithm on vectors, one block of frames in cache", weight="bold")
    ]
    steps = [
        ("window", "times w[n]"),
        ("real FFT", "N/2 points, radix 8, 5, 4, 3"),
        ("split", "bins k and N/2 - k"),
        ("magnitude, log", "minimax polynomial"),
        ("normalise", "(y - mean) / scale"),
        ("transpose, cast", "float32 or float16 rows"),
    ]
    for i, (name, how) in enumerate(steps):
        x = 30 + i * 148
        parts.append(box(x, top, 126, 62, "#edf1f6"))
        parts.append(text(x + 63, top + 22, name, 13, "middle", "bold"))
        parts.append(text(x + 63, top + 41, how, 9, "middle"))
        if name == "real FFT":
            parts.append(text(x + 63, top + 53, "in place, depth first", 9, "middle"))
        if i + 1 < len(steps):
            parts.append(arrow(x + 126, top + 31, 22))
    for lane in range(LANES):
        y = top + 88 + lane * 20
        parts.append(box(770, y, 126, 15, COLOURS[lane], 0.75))
        parts.append(text(833, y + 12, f"frame {lane}: bins 0 .. N/2", 9, "middle"))
    parts.append(
        text(
            30,
            top + 104,
            "Going back, the same steps run in the other order, and the frames of the last block",
            12,
        )
    )
    parts.append(
        text(
            30,
            top + 122,
            "stay: overlap-add is a sum of vectors with their lanes moved, oldest frame first.",
            12,
        )
    )
    return parts


def main() -> None:
    """Write the picture."""
    body = "\n".join([*signal(), *lanes(), *passes()])
    TARGET.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 930 440" font-family="sans-serif">\n'
        f'<rect width="930" height="440" fill="white"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    main()
