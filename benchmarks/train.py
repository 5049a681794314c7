"""Training against a plain PyTorch CycleGAN loop: the same networks, batch and crops, in turn, in one run.

    python benchmarks/train.py                                        the recipe small
    python benchmarks/train.py --recipe seed --set data.crop_frames=256 --set generator.channels=32

The plain loop is written the usual way: float32, eager, a DataLoader with workers, one optimiser step for the
generators and one for the discriminators. Both run without matched frames, judging or checkpoints. Prints
steps a second of each (medians over rounds), their ratio, the share of our time spent waiting for crops, and
the share of the matrix peak: the floating-point operations of one step, counted by PyTorch, against
the rate of a product of two large square matrices in that precision, measured in the same run.
`cpu_ratio` is the same in processor time of the training process, which neighbours disturb less.
"""

from __future__ import annotations

import copy
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command `styleshift train` does, for both

import numpy as np
import soundfile
import torch
from command_line import parser_of
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from styleshift.corpus import Corpus, CropSampler, precompute
from styleshift.networks.kernels import twice_differentiable
from styleshift.progress import Reporter
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.data import measure
from styleshift.training.device import choose_device, compile_networks
from styleshift.training.graph import choose_steps
from styleshift.training.losses import discriminator_adversarial_loss, generator_adversarial_loss
from styleshift.training.model import CycleGAN
from styleshift.training.sources import choose_resident, make_loader
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step
from styleshift.workspace import Workspace


def make_corpora(root: Path, recipe: Recipe) -> list[Corpus]:
    """Two domains, X first."""
    make_audio(root / "audio", recipe.spectrogram.sample_rate)
    place = Workspace(root / "workspace")
    precompute(root / "audio", place, recipe.spectrogram)
    return [Corpus.open(place.spectrograms / domain) for domain in ("x", "y")]


def make_audio(folder: Path, rate: int) -> None:
    """Two domains of four minutes of decaying notes each."""
    random = np.random.default_rng(0)
    for domain, base in (("x", 220.0), ("y", 330.0)):
        (folder / domain).mkdir(parents=True)
        for number in range(4):
            time_axis = np.arange(60 * rate) / rate
            wave = (
                0.2 * np.sin(2 * np.pi * base * (1 + number / 7) * time_axis) * np.exp(-3 * (time_axis % 0.5))
            )
            wave += 0.01 * random.standard_normal(len(wave))
            soundfile.write(folder / domain / f"{number}.wav", wave, rate)


class PlainCrops(Dataset[tuple[Tensor, Tensor]]):
    """Random crops of both domains, as a map-style data set."""

    def __init__(self, corpora: list[Corpus], frames: int, length: int) -> None:
        self.tracks = [[track.array() for track in corpus.tracks] for corpus in corpora]
        self.frames, self.length = frames, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        random = np.random.default_rng(index)
        made = []
        for tracks in self.tracks:
            track = tracks[random.integers(len(tracks))]
            start = random.integers(track.shape[1] - self.frames + 1)
            crop = np.asarray(track[0, start : start + self.frames], np.float32).T
            made.append(torch.from_numpy(np.ascontiguousarray(crop))[None])
        return made[0], made[1]


class PlainLoop:
    """CycleGAN as it is usually written.

    Args:
        recipe: sizes, losses and rates.
        model: its networks, and their scales.
        corpora: X and Y.
        device: where it trains.
        strong: as it is written by one who wants it fast: channels last, and autocast to bfloat16.
    """

    def __init__(
        self,
        recipe: Recipe,
        model: CycleGAN,
        corpora: list[Corpus],
        device: torch.device,
        strong: bool = False,
    ) -> None:
        self.weights, self.device, self.strong = recipe.loss, device, strong
        if strong:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.G, self.F = model.translator("x2y"), model.translator("y2x")
        self.D_X, self.D_Y = model.discriminators["x"], model.discriminators["y"]
        rate = recipe.optimiser
        betas = (rate.beta1, rate.beta2)
        generators = [*self.G.parameters(), *self.F.parameters()]
        discriminators = [*self.D_X.parameters(), *self.D_Y.parameters()]
        self.generators = torch.optim.Adam(generators, rate.generator_lr, betas)
        self.discriminators = torch.optim.Adam(discriminators, rate.discriminator_lr, betas)
        data = PlainCrops(corpora, recipe.data.crop_frames, 1 << 20)
        self.batches: Iterator[list[Tensor]] = iter(
            DataLoader(data, recipe.schedule.batch, shuffle=True, num_workers=2, persistent_workers=True)
        )

    def step(self) -> dict[str, float]:
        """One step, without kernels of ours; the losses as numbers, as such loops print them."""
        with twice_differentiable():
            return self._step()

    def _step(self) -> dict[str, float]:
        x, y = (side.to(self.device) for side in next(self.batches))
        x, y = self.G.source.normalise(x), self.F.source.normalise(y)
        kind, weights = self.weights.adversarial, self.weights
        g_loss, d_loss = generator_adversarial_loss, discriminator_adversarial_loss
        l1 = nn.functional.l1_loss
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.strong):
            fake_y, fake_x = self.G.translate(x), self.F.translate(y)
            gan = g_loss(kind, self.D_Y(fake_y)) + g_loss(kind, self.D_X(fake_x))
            cycle = l1(self.F.translate(fake_y), x) + l1(self.G.translate(fake_x), y)
            total = weights.gan * gan + weights.cycle * cycle
            if weights.identity:
                total = total + weights.identity * (l1(self.G.translate(y), y) + l1(self.F.translate(x), x))
        self.generators.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.generators.step()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.strong):
            real_or_fake = d_loss(kind, self.D_Y(y), self.D_Y(fake_y.detach()))
            real_or_fake = real_or_fake + d_loss(kind, self.D_X(x), self.D_X(fake_x.detach()))
        self.discriminators.zero_grad()
        real_or_fake.backward()  # type: ignore[no-untyped-call]
        self.discriminators.step()
        return {"gan": gan.item(), "cycle": cycle.item(), "discriminator": real_or_fake.item()}


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a product of two square matrices: what the processor can do at best."""
    size = 8192 if device.type == "cuda" else 1024
    one, other = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = 0.0
    for _ in range(10):
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(5):
            one @ other
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = max(best, 5 * 2 * size**3 / (time.perf_counter() - began))
    return best


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10, help="a round")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    off = ["warm_start.share=0", "warm_start.weight=0", "schedule.validation_seconds=0"]
    recipe = load_recipe(options.recipe, [*options.set, *off])
    device = choose_device(options.device)
    with tempfile.TemporaryDirectory() as folder:
        corpora = make_corpora(Path(folder), recipe)
        x, y = (
            CropSampler(corpus, recipe.data.crop_frames, seed=side) for side, corpus in enumerate(corpora)
        )
        model = CycleGAN(recipe, measure(x, 32), measure(y, 32)).to(device)
        plain = PlainLoop(recipe, copy.deepcopy(model), corpora, device)
        state = TrainingState(recipe, model, 0)
        if recipe.schedule.compile:
            compile_networks(model, Reporter())
        resident = choose_resident([x, y], state)["used"]
        loader = make_loader((corpora[0], corpora[1]), [x, y], state, 0, Reporter(), resident)

        take = choose_steps(state, Reporter())
        rows: list[Tensor] = []

        def ours() -> None:  # what a turn of Trainer.fit does
            losses = train_step(state, next(loader), take)
            rows.append(torch.stack(list(losses.values())))
            if state.step % recipe.schedule.log_every == 0:
                torch.stack(rows).mean(dim=0).tolist()  # the one time that the device is waited for
                rows.clear()

        def timed(step: object) -> tuple[float, float]:
            assert callable(step)
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(options.steps):
                step()
            if device.type == "cuda":
                torch.cuda.synchronize()
            return (time.perf_counter() - wall) / options.steps, (time.process_time() - cpu) / options.steps

        timed(ours), timed(plain.step)
        with FlopCounterMode(display=False) as counter:
            ours()
        operations = counter.get_total_flops()
        before, rounds = loader.waited, []
        for _ in range(options.rounds):
            rounds.append((timed(ours), timed(plain.step)))
        total = sum(ours_wall for (ours_wall, _), _ in rounds) * options.steps
        waited = loader.waited - before
        peak = matrix_rate(device, torch.bfloat16 if state.half else torch.float32)
        loader.close()
    wall = [statistics.median(pair[side][0] for pair in rounds) for side in (0, 1)]
    cpu = [statistics.median(pair[side][1] for pair in rounds) for side in (0, 1)]
    print(
        json.dumps(
            {
                "recipe": recipe.name,
                "device": str(device),
                "bfloat16": state.half,
                "threads": torch.get_num_threads(),
                "batch": recipe.schedule.batch,
                "steps_per_second": round(1 / wall[0], 3),
                "plain_steps_per_second": round(1 / wall[1], 3),
                "ratio": round(wall[1] / wall[0], 3),
                "cpu_ratio": round(cpu[1] / cpu[0], 3),
                "data_wait": round(waited / total, 4),
                "gflop_a_step": round(operations / 1e9, 2),
                "matrix_share": round(operations / wall[0] / peak, 4),
            }
        )
    )


if __name__ == "__main__":
    main()
