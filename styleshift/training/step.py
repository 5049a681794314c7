"""One CycleGAN step: what every loss is, and which network it moves."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from styleshift.frontend.compression import silence
from styleshift.training import losses
from styleshift.training.augment import DECIBEL
from styleshift.training.data import Batch
from styleshift.training.inputs import StepInputs, prepare
from styleshift.training.state import TrainingState

Losses = dict[str, Tensor]

PAIR_RANGE_DB = 60.0
"""Below the loudest bin of a crop, where the distance to its counterpart ends."""


def train_step(
    state: TrainingState, batch: Batch, take: Callable[[TrainingState, StepInputs], Losses] | None = None
) -> Losses:
    """Move the generators once, then the discriminators once; only the generators while warming up.

    Args:
        state: is changed.
        batch: one batch of crops.
        take: takes the step that is prepared; None is :func:`take_step`.

    Returns:
        Every loss by name, unweighted, as detached scalars on the device.
    """
    inputs = prepare(state, batch)
    losses = (take or take_step)(state, inputs)
    state.warmed = not inputs.phase.warming
    state.step += 1
    return losses


def take_step(state: TrainingState, inputs: StepInputs) -> Losses:
    """One step on what is prepared.

    Of one phase to the next, all is done alike: nothing here depends on a number that changes from step to
    step, but for tensors on the device, and no value comes back from there.
    """
    inputs = inputs.on(state.device)
    model, values = state.model, inputs.values
    x = model.translator("x2y").source.normalise(values["x"])
    y = model.translator("y2x").source.normalise(values["y"])
    model.discriminators.requires_grad_(False)
    try:
        with torch.autocast(state.device.type, torch.bfloat16, enabled=state.half):
            objective = warming_losses if inputs.phase.warming else generator_losses
            total, named, fakes = objective(state, x, y, inputs)
        _advance(state, state.generator_optimiser, model.generating(), total)
        model.update_averages(values["average"])
    finally:
        model.discriminators.requires_grad_(True)
    if fakes:
        with torch.autocast(state.device.type, torch.bfloat16, enabled=state.half):
            real = {"x": x, "y": y, "x_cycled": x, "y_cycled": y}
            total, more = discriminator_losses(state, real, fakes, inputs)
        _advance(state, state.discriminator_optimiser, model.discriminators, total)
        named |= more
    return {name: value.detach() for name, value in named.items()}


def warming_losses(
    state: TrainingState, x: Tensor, y: Tensor, inputs: StepInputs
) -> tuple[Tensor, Losses, dict[str, Tensor]]:
    """How far both generators are from the matched frames, and nothing else; see ``WarmStartConfig``.

    Arguments and results as of :func:`generator_losses`; there are no fakes for discriminators.
    """
    named: Losses = {}
    for direction, source in (("x2y", x), ("y2x", y)):
        translator, given = state.model.translator(direction), inputs.values.get(f"given.{direction}")
        converted = translator.translate(source) if given is None else translator.generate(given)
        named[f"match_{direction}"] = _match(state, direction, converted, inputs)
    return torch.stack(list(named.values())).sum(), named, {}


def _match(state: TrainingState, direction: str, converted: Tensor, inputs: StepInputs) -> Tensor:
    """How far a conversion is from its matched bins where it has them, else from its matched bands."""
    assert state.bands is not None
    bins = inputs.values.get(f"matched_bins.{direction}")
    if bins is None:
        return losses.l1_loss(state.bands(converted.float()), inputs.values[f"matched_bands.{direction}"])
    scale = state.model.translator(direction).target
    loudest = scale.plain(bins).amax(dim=(2, 3), keepdim=True)
    floor = (loudest - PAIR_RANGE_DB * DECIBEL).clamp(min=silence(state.recipe.spectrogram))
    return losses.log_spectral_distance(converted, bins, state.bands, scale.normalise(floor))


def generator_losses(
    state: TrainingState, x: Tensor, y: Tensor, inputs: StepInputs
) -> tuple[Tensor, Losses, dict[str, Tensor]]:
    """The objective of both generators on normalised crops ``[batch, 1, bin, frame]``.

    Args:
        state: is read.
        x: of domain X.
        y: of domain Y.
        inputs: the random choices of the step, and what each direction should give, where that is known.

    Returns:
        The weighted sum; every term by name, unweighted; the fakes by the discriminator that they are for.
    """
    named: Losses = {}
    fakes: dict[str, Tensor] = {}
    total = torch.zeros((), device=x.device)
    for direction, source, other in (("x2y", x, y), ("y2x", y, x)):
        for name, (weight, value) in _terms(state, direction, source, other, inputs, fakes).items():
            named[name] = value
            total = total + weight * value
    return total, named, fakes


def _terms(
    state: TrainingState,
    direction: str,
    source: Tensor,
    other: Tensor,
    inputs: StepInputs,
    fakes: dict[str, Tensor],
) -> dict[str, tuple[float | Tensor, Tensor]]:
    """Weight and value of all that a direction adds to the objective; its fakes are added to ``fakes``."""
    weights, model, drawn = state.recipe.loss, state.model, inputs.values
    kind = weights.adversarial
    here, there, back = ("x", "y", "y2x") if direction == "x2y" else ("y", "x", "x2y")
    forward = model.translator(direction)
    ratio = forward.ratio(source)
    hidden = drawn.get(f"hidden.{direction}")
    given = source if hidden is None else source.masked_fill(hidden, 0.0)
    fake = fakes[there] = forward.translate(given, ratio)
    deceit = losses.generator_adversarial_loss(kind, model.discriminate(there, fake))
    terms: dict[str, tuple[float | Tensor, Tensor]] = {f"g_loss_{direction}": (weights.gan, deceit)}
    if weights.cycle or weights.second_adversarial:
        # A voice goes back to where it was, not to the middle of its domain.
        home = None if ratio is None else 1 / ratio
        # Noise, so that nothing can be hidden in inaudible detail (Chu et al. 2017).
        noise = drawn.get(f"noise.{direction}")
        cycled = model.translator(back).translate(fake if noise is None else fake + noise, home)
        terms[f"cycle_{here}"] = (weights.cycle, losses.l1_loss(cycled, source))
        if weights.second_adversarial:
            fakes[f"{here}_cycled"] = cycled
            second = losses.generator_adversarial_loss(kind, model.discriminate(f"{here}_cycled", cycled))
            terms[f"g_loss_{here}_cycled"] = (weights.second_adversarial, second)
    if weights.patch_nce:
        nce = model.patch_nce(direction, source, fake, inputs.layers("places", direction))
        terms[f"patch_nce_{direction}"] = (weights.patch_nce, nce)
    if inputs.phase.identity or weights.patch_nce_identity:
        # As the generator would see real audio of its target: on the scale of its source.
        given = model.translator(back).target.normalise(model.translator(back).source.plain(other))
        same = forward.translate(given)
        if inputs.phase.identity:
            terms[f"identity_{there}"] = (drawn["identity"], losses.l1_loss(same, other))
        if weights.patch_nce_identity:
            places = inputs.layers("places_identity", direction)
            nce = model.patch_nce(direction, given, same, places)
            terms[f"patch_nce_identity_{there}"] = (weights.patch_nce_identity, nce)
    if weights.feature_matching:
        with torch.no_grad():
            real = model.features(there, other)
        distance = losses.feature_matching_loss(real, model.features(there, fake))
        terms[f"feature_matching_{direction}"] = (weights.feature_matching, distance)
    if weight := state.recipe.warm_start.weight:
        own = drawn.get(f"given.{direction}")
        converted = fake if own is None else forward.generate(own)
        terms[f"match_{direction}"] = (weight, _match(state, direction, converted, inputs))
    if weights.spectral_flux:
        flux = losses.spectral_flux_loss(source, fake)
        terms[f"spectral_flux_{direction}"] = (weights.spectral_flux, flux)
    if state.losses:
        heard = forward.source.plain(source), forward.target.plain(fake)
        for name, (share, loss) in state.losses.items():
            terms[f"losses.{name}_{direction}"] = (share, loss(*heard))
    return terms


def discriminator_losses(
    state: TrainingState, real: dict[str, Tensor], fakes: dict[str, Tensor], inputs: StepInputs
) -> tuple[Tensor, Losses]:
    """The objective of all discriminators on normalised crops; fakes go through the replay buffer.

    Returns:
        The weighted sum, and every term by name, unweighted.
    """
    weights, discriminate, named = state.recipe.loss, state.model.discriminate, {}
    total = torch.zeros((), device=state.device)
    for side, fake in fakes.items():
        past = state.replay[side].exchange(fake, inputs.values[f"replay.{side}"])
        named[f"d_loss_{side}"] = losses.discriminator_adversarial_loss(
            weights.adversarial, discriminate(side, real[side]), discriminate(side, past)
        )
        total = total + named[f"d_loss_{side}"]
        if weights.r1:
            named[f"r1_{side}"] = losses.r1_penalty(state.model.discriminators[side], real[side])
            total = total + weights.r1 * named[f"r1_{side}"]
    return total, named


def _advance(
    state: TrainingState, optimiser: torch.optim.Optimizer, networks: nn.Module, total: Tensor
) -> None:
    optimiser.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    state.group.average_gradients(networks)
    if state.recipe.optimiser.clip_grad_norm:
        nn.utils.clip_grad_norm_(networks.parameters(), state.recipe.optimiser.clip_grad_norm)
    optimiser.step()
