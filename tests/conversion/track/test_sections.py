"""Sections follow one another without a gap, and lie around the same attacks wherever the file begins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from track_models import pieces

from styleshift.conversion.track.sections import AttackFinder, Layout, Section, sections

RATE = 8000


def layout(samples: int, **changes: int) -> Layout:
    values = {
        "samples": samples,
        "hop": 64,
        "multiple": 4,
        "attack": 200,
        "spacing": 2 * RATE,
        "longest": 8 * RATE // 256 * 256,
        "context": 10,
        "least": 128 - 1,
    }
    return Layout(**{**values, **changes})


def divide(samples: np.ndarray, cut: int = 3000, **changes: int) -> list[Section]:
    return list(sections(pieces(samples, cut), layout(len(samples), **changes)))


def music(seconds: float, seed: int = 0) -> np.ndarray:
    """Decaying notes that begin now and then, ``[n, 2]`` float32."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    sound = 0.001 * random.standard_normal(len(time))
    for begin in np.cumsum(random.uniform(0.2, 0.9, int(seconds * 2))):
        since = np.maximum(time - begin, 0)
        pitch, strength = random.uniform(100, 2000), random.uniform(0.02, 0.2)
        sound += strength * (since > 0) * np.exp(-4 * since) * np.sin(2 * np.pi * pitch * since)
    return np.stack([sound, 0.5 * sound], axis=1).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.001, 0.1, 1.5, 3, 20, 61.3])
def test_sections_follow_one_another_and_hold_what_they_say(seconds: float) -> None:
    samples = music(seconds)
    found = divide(samples)
    assert found[0].start == 0
    assert found[-1].end == len(samples)
    assert all(one.end == other.start for one, other in pairwise(found))
    for section in found:
        assert section.begin <= section.start < section.end <= section.begin + section.samples.shape[1]
        silence = max(0, -section.begin)
        assert not section.samples[:, :silence].any()
        there = samples[section.begin + silence : section.begin + section.samples.shape[1]]
        np.testing.assert_array_equal(section.samples[:, silence:], there.T)


def test_sections_do_not_depend_on_how_the_samples_come() -> None:
    samples = music(40)
    once = [(part.begin, part.start, part.end) for part in divide(samples, len(samples))]
    assert len(once) > 4
    for cut in (1, 777, 8192, 100_000):
        parts = divide(samples[: 20 * RATE] if cut == 1 else samples, cut)
        other = [(part.begin, part.start, part.end) for part in parts]
        if cut == 1:
            assert other[:2] == once[:2]
        else:
            assert other == once


@pytest.mark.parametrize("cut", [1, 64, 1000, 12345, 3 * RATE, 15 * RATE + 7])
def test_the_same_music_falls_into_the_same_sections_wherever_its_file_begins(cut: int) -> None:
    samples = music(60)
    whole = {(part.begin, part.start, part.end) for part in divide(samples)}
    rest = [(part.begin + cut, part.start + cut, part.end + cut) for part in divide(samples[cut:])]
    same = [part in whole for part in rest]
    assert sum(same) >= 5
    first = same.index(True)
    assert all(same[first:]), "once the two agree they agree to the end"
    # The first attack that both know is at most two spacings from the cut, and sections meet halfway.
    assert rest[first][1] - cut < 6 * RATE


def test_context_is_there_and_a_short_section_fills_a_window() -> None:
    samples = music(60)
    inner = divide(samples)[1:-1]
    for part in inner:
        assert part.start - part.begin >= 10 * 64
        assert part.begin + part.samples.shape[1] - part.end >= 10 * 64
    for part in divide(samples, least=5 * RATE // 64):
        assert part.samples.shape[1] >= 5 * RATE // 64 * 64
    short = music(1.0)
    (only,) = divide(short, least=5 * RATE // 64)
    assert (only.start, only.end) == (0, len(short))


@pytest.mark.parametrize("signal", ["silence", "constant", "rise"])
def test_without_attacks_no_section_grows_without_end(signal: str) -> None:
    ramp = np.linspace(0, 0.5, 90 * RATE, dtype=np.float32)[:, None]
    samples = {"silence": 0 * ramp, "constant": 0 * ramp + 0.1, "rise": ramp}[signal]
    found = divide(samples)
    assert len(found) >= 5
    assert max(part.end - part.start for part in found) <= 1.5 * 8 * RATE


@given(st.lists(st.floats(0, 1), min_size=50, max_size=400), st.integers(1, 60))
def test_attacks_are_the_strongest_far_around(values: list[float], size: int) -> None:
    """Against the definition, sample by sample."""
    powers = np.array(values)
    finder = AttackFinder(4, 20)
    found = []
    for start in range(0, len(powers), size):
        found += finder.push(powers[start : start + size])
    found += finder.finish()

    def strength(at: int) -> float:
        return float((powers[at : at + 4].mean() + 1e-9) / (powers[at - 4 : at].mean() + 1e-9))

    strengths = {at: strength(at) for at in range(4, len(powers) - 4)}
    for at in found:
        others = [value for other, value in strengths.items() if 0 < abs(other - at) <= 20]
        assert strengths[at] >= max(others) * (1 - 1e-4)
    for at, value in strengths.items():
        others = [other for place, other in strengths.items() if 0 < abs(place - at) <= 20]
        if value > max(others) * (1 + 1e-4):
            assert at in found
    assert all(other - one > 20 for one, other in pairwise(found))


def test_an_attack_is_found_to_the_sample() -> None:
    powers = np.full(20 * RATE, 1e-6)
    for begin in (3 * RATE + 17, 9 * RATE + 300):
        powers[begin : begin + RATE] = 0.04
    finder = AttackFinder(200, 2 * RATE)
    assert {3 * RATE + 17, 9 * RATE + 300} <= {*finder.push(powers), *finder.finish()}


@pytest.mark.parametrize("multiple", [1, 4, 16])
def test_frames_are_counted_in_whole_steps_of_the_network_from_the_attack(multiple: int) -> None:
    samples = music(60)
    longest = 8 * RATE // (64 * multiple) * 64 * multiple
    finder = AttackFinder(200, 2 * RATE)
    attacks = np.array(finder.push(np.square(samples, dtype=np.float64).sum(axis=1)) + finder.finish())
    inner = divide(samples, multiple=multiple, least=16 * multiple - 1, longest=longest)[:-1]
    assert len(inner) > 4
    for part in inner:
        steps = (attacks - part.begin) % (64 * multiple)
        own = attacks[(attacks >= part.start) & (attacks < part.end)]
        assert len(own) <= 1
        assert len(own) == 0 or steps[attacks == own[0]] == 0
        # Windows move by whole steps from the first one to the last.
        frames = 1 + part.samples.shape[1] // 64
        assert part.end + 10 * 64 > len(samples) or (frames - 16 * multiple) % multiple == 0
