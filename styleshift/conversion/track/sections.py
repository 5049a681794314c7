"""Where a recording is divided for its conversion: around its own attacks, wherever its file begins.

A network that looks at every sixteenth frame, and even a spectrogram of frames of 46 ms, answer differently
when all they see is moved by a part of their step. Laid out from the file's first sample, frames and windows
would lie elsewhere in the music as soon as its head is cut off. So the recording falls into sections, each
around an attack, and the frames and windows of each are counted from there: the same music is seen in the
same way in every file that holds it, but for a few seconds next to the file's ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from styleshift.arrays import Float32Array, Float64Array
from styleshift.bundle.metadata import BundleMetadata
from styleshift.conversion.track.queues import ArrayQueue
from styleshift.frontend import SpectrogramConfig

# Energies of so many seconds before and after a sample are compared where attacks are sought.
ATTACK_SECONDS = 0.025
# An attack is the strongest of half a window to both sides, within these limits. Attacks are then some two to
# four times as far apart.
SPACING_SECONDS = 2.0, 10.0
# Where there is none for so many times as long, a section ends all the same.
SPACINGS = 6
# Energies of rounding errors and of silence are alike to the finder: 70 dB below the reference level.
_QUIET = 1e-9
# Always so many samples are looked at together, however they come, so that sums round in the same way.
_BLOCK = 1 << 13


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a recording, with what lies around it.

    Attributes:
        samples: ``[channels, n]`` float32, from sample ``begin`` of the recording on.
        begin: a whole number of the network's steps before the section's attack; below 0: silence was put
            before the recording.
        start: the first sample that is kept of this section.
        end: the first that is not; the next section's start, or the end of the recording.
    """

    samples: Float32Array
    begin: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a recording is divided.

    Attributes:
        samples: of the recording, 1 or more.
        hop: samples from one frame to the next.
        multiple: frames from one step of the network to the next.
        attack: samples whose energy before and after a point is compared.
        spacing: samples; an attack counts if there is no stronger one so near.
        longest: samples; where no attack follows so soon, it is as if there were one. Whole steps.
        context: hops that are wanted before and after each section.
        least: hops that a section has with its context at least, where the recording is that long.
    """

    samples: int
    hop: int
    multiple: int
    attack: int
    spacing: int
    longest: int
    context: int
    least: int

    def around(self, start: int, attack: int, end: int) -> tuple[int, int]:
        """The samples to cut out for a section: from the first one on, up to the second one."""
        most = self._steps(-(-attack // self.hop))
        before = min(most, self._steps(-(-(attack - start) // self.hop) + self.context))
        after = max(0, -(-(end - attack) // self.hop)) + self.context
        # Windows move by whole steps, the last one too.
        after += (self.least - after) % self.multiple
        there = (self.samples - attack) // self.hop
        missing = self.least - before - min(after, there)
        if missing > 0:
            before = min(most, before + self._steps(missing // 2))
            after = max(after, self.least - before)
            if after > there:
                before = min(most, max(before, self._steps(self.least - there)))
        last = self.samples if after >= there else attack + after * self.hop
        return attack - before * self.hop, last

    def _steps(self, hops: int) -> int:
        """As many hops, or a few more, as are whole steps of the network."""
        return -(-hops // self.multiple) * self.multiple


def layout_for(metadata: BundleMetadata, samples: int, context: int) -> Layout:
    """Sections for a model: about as long as its windows, within reason.

    Shorter ones would spend more on what is thrown away, longer ones be found later after a cut.

    Args:
        metadata: of the model.
        samples: of the recording, at the model's rate.
        context: frames that are wanted on both sides of each section.
    """
    spectrogram, window = metadata.spectrogram, metadata.window_frames
    hop, rate = spectrogram.hop_length, spectrogram.sample_rate
    seconds = min(max(window * hop / rate / 2, SPACING_SECONDS[0]), SPACING_SECONDS[1])
    step = hop * metadata.time_multiple
    return Layout(
        samples=samples,
        hop=hop,
        multiple=metadata.time_multiple,
        attack=max(1, round(ATTACK_SECONDS * rate)),
        spacing=round(seconds * rate),
        longest=max(1, round(SPACINGS * seconds * rate / step)) * step,
        context=context,
        # Then there are as many frames as a window has, and all of them are of music.
        least=window + 1 - spectrogram.frames(2 * lead(spectrogram) + hop),
    )


def lead(spectrogram: SpectrogramConfig) -> int:
    """Samples of silence before and after, so that whole frames reach every sample; whole hops."""
    if spectrogram.center:
        return 0
    return -(-spectrogram.frame_length // spectrogram.hop_length) * spectrogram.hop_length


class AttackFinder:
    """Finds the samples where music becomes louder most suddenly, each alone far around.

    Whether a sample is one depends on the ``spacing`` samples on both sides and on nothing else, neither on
    the sample that counting began with nor on the level of the whole.

    Args:
        attack: samples before and after whose energies are compared.
        spacing: samples on both sides in which there is no stronger attack.
    """

    def __init__(self, attack: int, spacing: int) -> None:
        self._attack = attack
        self._spacing = spacing
        self._powers = np.zeros(0)  # not yet both halves of a comparison
        self._strengths = np.zeros(attack)  # of the samples from `_first` on; none has any at the very start
        self._first = 0
        self.decided = 0  # of samples before this one it is known whether they are attacks

    def push(self, powers: Float64Array) -> list[int]:
        """Take squares ``[n]`` of samples in; return the attacks of which nothing to come can change."""
        self._powers = np.concatenate([self._powers, powers])
        size = self._attack
        if len(self._powers) <= 2 * size:
            return []
        sums = np.cumsum(np.concatenate([[0.0], self._powers]))
        energies = (sums[size:] - sums[:-size]) / size
        strengths = (energies[size:-1] + _QUIET) / (energies[: -size - 1] + _QUIET)
        self._powers = self._powers[len(strengths) :]
        self._strengths = np.concatenate([self._strengths, strengths])
        return self._decide(self._first + len(self._strengths) - self._spacing)

    def finish(self) -> list[int]:
        """The attacks up to the end."""
        return self._decide(self._first + len(self._strengths))

    def _decide(self, until: int) -> list[int]:
        found = []
        while self.decided < until:
            # Two attacks are further apart than this: of so many samples only the strongest can be one.
            low = self.decided - self._first
            high = min(low + self._spacing, until - self._first)
            best = low + int(np.argmax(self._strengths[low:high]))
            strength = self._strengths[best]
            before = self._strengths[max(0, best - self._spacing) : best]
            after = self._strengths[best + 1 : best + 1 + self._spacing]
            if strength > before.max(initial=0.0) and strength >= after.max(initial=0.0):
                found.append(self._first + best)
            self.decided = self._first + high
        forget = self.decided - self._spacing - self._first
        if forget > 0:
            self._strengths = self._strengths[forget:]
            self._first += forget
        return found


def sections(blocks: Iterable[Float32Array], layout: Layout) -> Iterator[Section]:
    """Divide a recording that comes in pieces, halfway between one attack and the next.

    Args:
        blocks: ``[n, channels]`` float32 at the reference level, ``layout.samples`` samples in all.
        layout: how.

    Yields:
        Sections in order; each begins where the one before ends, the last ends with the recording. Memory:
        the longest sections with their context.
    """
    finder = AttackFinder(layout.attack, layout.spacing)
    waiting = ArrayQueue()  # from sample `kept` on
    kept = arrived = start = 0
    attacks: deque[int] = deque()  # from that of the section that begins at `start` on
    last = 0  # the newest of them

    def ready(known: int) -> Iterator[Section]:
        """The sections that are complete, where every attack before ``known`` is known."""
        nonlocal start, kept
        while start < layout.samples and (attacks or known == layout.samples):
            attack = attacks[0] if attacks else 0
            if len(attacks) > 1:
                end = (attacks[0] + attacks[1]) // 2
            elif known == layout.samples:
                end = known
            else:
                return
            begin, until = layout.around(start, attack, end)
            if arrived < until:
                return
            waiting.drop(max(0, begin) - kept)
            kept = max(0, begin)
            samples = waiting.peek(until - kept).T
            yield Section(_after_silence(samples, kept - begin), begin, start, end)
            start = end
            if attacks:
                attacks.popleft()

    def learn(found: list[int], known: int) -> None:
        nonlocal last
        for attack in (*found, known):
            while attack - last > layout.longest:
                last += layout.longest
                attacks.append(last)
            if attack != known:
                last = attack
                attacks.append(attack)

    for block in _even(blocks):
        waiting.push(block)
        arrived += len(block)
        learn(finder.push(np.square(block, dtype=np.float64).sum(axis=1)), finder.decided)
        yield from ready(finder.decided)
    assert arrived == layout.samples, "there are more or fewer samples than were announced"
    learn(finder.finish(), layout.samples)
    yield from ready(layout.samples)


def _after_silence(samples: Float32Array, silence: int) -> Float32Array:
    if silence:
        return np.pad(samples, ((0, 0), (silence, 0)))
    return np.ascontiguousarray(samples)


def _even(blocks: Iterable[Float32Array]) -> Iterator[Float32Array]:
    """The same samples in blocks of one length."""
    waiting = ArrayQueue()
    for block in blocks:
        waiting.push(block)
        while len(waiting) >= _BLOCK:
            yield waiting.take(_BLOCK)
    if len(waiting):
        yield waiting.take(len(waiting))
