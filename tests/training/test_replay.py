"""Past fakes: what comes out is old or new, each once, as drawing them one by one would give them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styleshift.training.replay import ReplayBuffer


def exchange(buffer: ReplayBuffer, numbers: list[float], random: torch.Generator) -> list[float]:
    fakes = torch.tensor(numbers).view(-1, 1, 1, 1)
    given: Tensor = buffer.exchange(fakes, buffer.draw(len(numbers), random))
    return [float(number) for number in given.flatten()]


def one_by_one(size: int, count: int, random: torch.Generator) -> tuple[list[float], list[float]]:
    """Section 2.3 of the paper in plain Python: what comes out, and what is kept."""
    kept, given = list[float](), list[float]()
    for number in map(float, range(count)):
        if len(kept) < size:
            kept.append(number)
            given.append(number)
        elif torch.rand((), generator=random) < 0.5:
            place = int(torch.randint(size, (), generator=random))
            given.append(kept[place])
            kept[place] = number
        else:
            given.append(number)
    return given, kept


@pytest.mark.parametrize("batch", [1, 2, 5, 12])
def test_batches_are_exchanged_as_their_fakes_one_by_one(batch: int) -> None:
    """Also where a batch takes out what it has just put in, and fills the last places."""
    wanted, kept = one_by_one(4, 120, torch.Generator().manual_seed(3))
    buffer, random, given = ReplayBuffer(4), torch.Generator().manual_seed(3), list[float]()
    for first in range(0, 120, batch):
        given += exchange(buffer, [float(number) for number in range(first, first + batch)], random)
    assert given == wanted
    assert buffer.kept is not None
    assert [float(number) for number in buffer.kept.flatten()] == kept
    old = [number for place, number in enumerate(given) if place != number]
    assert 40 <= len(old) <= 76  # half of 116, give or take
    assert len(set(old)) == len(old)  # each goes out once


def test_it_goes_on_with_what_was_kept_before_it_was_full() -> None:
    whole, parts = ReplayBuffer(6), ReplayBuffer(6)
    random = [torch.Generator().manual_seed(1) for _ in range(2)]
    for buffer, numbers in zip((whole, parts), random, strict=True):
        exchange(buffer, [0.0, 1.0, 2.0, 3.0], numbers)
    resumed = ReplayBuffer(6)
    assert parts.kept is not None
    resumed.load(parts.kept.clone())
    for first in range(4, 40, 4):
        batch = [float(number) for number in range(first, first + 4)]
        assert exchange(resumed, batch, random[1]) == exchange(whole, batch, random[0])


def test_of_size_none_it_gives_back_what_comes_and_draws_nothing() -> None:
    random = torch.Generator().manual_seed(0)
    before = random.get_state()
    buffer = ReplayBuffer(0)
    assert exchange(buffer, [1.0, 2.0], random) == [1.0, 2.0]
    assert buffer.kept is None
    assert torch.equal(random.get_state(), before)
