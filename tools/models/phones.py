"""Makes the network that tells the sounds of speech apart: ``styleshift/voice/phones.safetensors``.

    pip install pocketsphinx
    python tools/models/phones.py RECORDINGS [RECORDINGS ...] [--steps 4000] [--output FILE]

RECORDINGS are folders of speech, 16 kHz, whose licence lets weights ship: the training folders of LibriSpeech
and VCC 2016 (``phones.txt`` beside the weights). PocketSphinx hears the words of each recording and aligns
the states of their phones with it. The network learns these from the envelope alone, of recordings that are
shaken as :mod:`styleshift.training.self_pairs` does or moved to any pitch, and is tried on every fifteenth
recording of those named, which it does not learn from.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from styleshift.evaluation.load import find_recordings
from styleshift.frontend import stft
from styleshift.frontend.transform import compress
from styleshift.networks.phones import PhoneNetwork
from styleshift.recipes import load_recipe
from styleshift.training.pitch import PitchFront, shifter_of
from styleshift.training.self_pairs import perturbed
from styleshift.voice.phones import PHONES

RATE = 16000
ALIGNED_SECONDS = 0.01  # from one frame of PocketSphinx to the next
HELD_OUT = 15  # one recording of so many
BATCH, FRAMES = 16, 128
LOWEST_HZ, HIGHEST_HZ, OCTAVE = 90.0, 260.0, 1.9
GAIN, TILT = 0.7, 0.5  # nepers, deviations
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording.

    Attributes:
        plain: ``[1, 1, bin, frame]`` compressed log magnitudes.
        states: ``[frame]``, which state of which phone; ``UNKNOWN`` where nobody says.
        middle_hz: median pitch.
    """

    plain: Tensor
    states: Tensor
    middle_hz: float


def aligned(samples: np.ndarray) -> list[tuple[str, int, float, float]]:
    """Phone, number of the state, start and end in seconds, of the words that PocketSphinx hears."""
    from pocketsphinx import Decoder

    decoder = Decoder(loglevel="FATAL")
    sound = (16000 * samples / max(1e-9, float(np.abs(samples).max()))).astype("<i2").tobytes()

    def listen() -> None:
        decoder.start_utt()
        decoder.process_raw(sound, full_utt=True)
        decoder.end_utt()

    listen()
    if not decoder.hyp():
        return []
    decoder.set_alignment()
    listen()
    return [
        (phone.name, number, state.start * ALIGNED_SECONDS, (state.start + state.duration) * ALIGNED_SECONDS)
        for word in decoder.get_alignment()
        for phone in word
        for number, state in enumerate(phone)
    ]


def spoken(path: Path, front: PitchFront) -> Spoken:
    """A recording, read and aligned."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != RATE:
        raise SystemExit(f"{path} has {rate} Hz, not {RATE}")
    config = front.shifter.config
    mono = samples.mean(axis=1)
    plain = compress(np.abs(stft(mono, config)).astype(np.float32), config)
    states = torch.full((len(plain),), UNKNOWN)
    hop = config.hop_length / RATE
    for phone, number, start, end in aligned(mono):
        # Noises and breaths are silence to a network of phones.
        index = PHONES.index(phone if phone in PHONES else "SIL")
        states[math.ceil(start / hop) : math.ceil(end / hop)] = 3 * index + number
    crop = torch.from_numpy(plain.T.copy())[None, None]
    return Spoken(crop, states, float(front.target_hz / front.ratio(crop)[0]))


class Crops:
    """Random crops of recordings, each as often as it is long."""

    def __init__(self, recordings: list[Spoken], front: PitchFront) -> None:
        self.recordings, self.front = recordings, front
        lengths = np.array([len(one.states) for one in recordings], float)
        self.shares, self.choose = lengths / lengths.sum(), np.random.default_rng(0)
        self.random = torch.Generator().manual_seed(0)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Envelopes ``[batch, 1, bin, frame]``, natural logs, and the states ``[batch, frame]``."""
        chosen = self.choose.choice(len(self.recordings), BATCH, p=self.shares)
        crops, states, ratios = [], [], []
        for one in (self.recordings[index] for index in chosen):
            start = int(self.choose.integers(max(1, len(one.states) - FRAMES)))
            plain, there = (part[..., start : start + FRAMES] for part in (one.plain, one.states))
            missing = FRAMES - len(there)
            crops.append(functional.pad(plain, (0, missing, 0, 0), mode="replicate"))
            states.append(functional.pad(there, (0, missing), value=UNKNOWN))
            ratios.append(self.choose.uniform(LOWEST_HZ, HIGHEST_HZ) / one.middle_hz)
        plain, half = torch.cat(crops), BATCH // 2
        detour = math.log(OCTAVE) * self.choose.choice([-1, 1])
        shaken = perturbed(self.front, plain[:half], torch.tensor(detour), self.random)
        moved = self.front(plain[half:], torch.tensor(ratios[half:], dtype=torch.float32))
        smooth = self.front.envelope @ self.front.log(torch.cat([shaken, moved]))
        along = torch.linspace(-1, 1, smooth.shape[2])[:, None]
        gain, tilt = (torch.randn(BATCH, 1, 1, 1, generator=self.random) * by for by in (GAIN, TILT))
        return smooth + gain + tilt * along, torch.stack(states)


@torch.no_grad()
def agreement(network: PhoneNetwork, recordings: list[Spoken], front: PitchFront) -> tuple[float, float]:
    """Shares of frames in which the network names the state, and the phone, that PocketSphinx does."""
    hits = np.zeros(3)
    for one in recordings:
        # Moved by an octave towards the other voices, as in front of a generator.
        ratio = OCTAVE if one.middle_hz < 150 else 1 / OCTAVE
        named = network(front.envelope @ front.log(front(one.plain, torch.tensor([ratio])))).argmax(dim=1)[0]
        known = one.states != UNKNOWN
        same = [(a == b)[known].sum().item() for a, b in ((named, one.states), (named // 3, one.states // 3))]
        hits += (*same, known.sum().item())
    return hits[0] / hits[2], hits[1] / hits[2]


def train(recordings: list[Spoken], front: PitchFront, steps: int) -> PhoneNetwork:
    """A network that learned from all of these but every fifteenth."""
    held_out, learned = recordings[::HELD_OUT], [one for i, one in enumerate(recordings) if i % HELD_OUT]
    torch.manual_seed(0)
    network, crops = PhoneNetwork(front.shifter.config), Crops(learned, front)
    bands = torch.cat([network.bands(crops.batch()[0]) for _ in range(20)])
    network.mean[:] = bands.mean(dim=(0, 2))[:, None]
    network.scale.fill_(1 / float((bands - network.mean).std()))
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1.5e-3, total_steps=steps)
    for step in range(1, steps + 1):
        smooth, states = crops.batch()
        loss = functional.cross_entropy(network(smooth), states, ignore_index=UNKNOWN, label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 500 == 0 or step == steps:
            state, phone = agreement(network, held_out, front)
            print(f"step {step}: loss {loss.item():.2f}, states {state:.3f}, phones {phone:.3f}", flush=True)
    return network


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--output", type=Path, default=Path("styleshift/voice/phones.safetensors"))
    options = parser.parse_args()
    front = PitchFront(shifter_of(load_recipe("voice")), 200.0)
    paths = [path for folder in options.recordings for path in find_recordings(folder, "recordings")]
    recordings = [spoken(path, front) for path in paths]
    heard = [one for one in recordings if (one.states != UNKNOWN).any()]
    print(f"{len(heard)} of {len(paths)} recordings aligned")
    network = train(heard, front, options.steps)
    save_file({name: value.half() for name, value in network.state_dict().items()}, options.output)


if __name__ == "__main__":
    main()
