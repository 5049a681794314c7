"""The check of a generator: shapes, gradients, weights and export."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.records import GeneratorSpec
from styleshift.testing.contract import built, checked, contract, require
from styleshift.testing.material import metadata

if TYPE_CHECKING:
    import torch
    from torch import nn

# 257 bins as the seed has them, and two sizes whose halves and quarters are awkward.
SPECTROGRAMS = (
    SpectrogramConfig(),
    SpectrogramConfig(sample_rate=16000, frame_length=256, hop_length=64, fft_length=256),
    SpectrogramConfig(sample_rate=8000, frame_length=200, hop_length=50, fft_length=202),
)


@contract("the check came upon an error")
def check_generator(
    spec: GeneratorSpec,
    options: Mapping[str, Any] | None = None,
    *,
    spectrograms: Sequence[SpectrogramConfig] = SPECTROGRAMS,
    export: bool = True,
) -> None:
    """Check a generator as training, checkpoints and export use it.

    Shape kept for every spectrogram size, several lengths and batches; finite, also on silence and on loud
    input; the same twice in eval mode; each item of a batch as if alone; input left alone; a gradient to the
    input and to every weight, in float32 the same as in float64; the same in channels-last memory format, and
    the same gradients there where no instance norm stands between; weights that can be stored and loaded;
    and, exported to ONNX with free batch and length, the same numbers from ONNX Runtime. Where it hands out
    features, they are tensors of four axes, the batch first.

    Args:
        spec: the record.
        options: as in a recipe's ``[generator]``; small ones make the check fast.
        spectrograms: spectrogram settings to build it for.
        export: False leaves the export out (it takes a few seconds).

    Raises:
        ContractError: in plain words.
    """
    import torch

    spec = checked(spec, GeneratorSpec)
    for spectrogram in spectrograms:
        torch.manual_seed(0)
        module = built(spec, options, spectrogram)
        learns = any(parameter.requires_grad for parameter in module.parameters())
        require(learns, "it has no weights that can learn")
        _wake(module)
        module.eval()
        _check_shapes(spec, module, spectrogram)
        _check_values(spec, module, spectrogram)
        _check_features(spec, module, spectrogram)
    _check_gradients(spec, module, spectrogram)
    _check_channels_last(spec, module, spectrogram)
    _check_weights(built(spec, options, spectrogram), module, _noise(1, spectrogram, 4 * spec.time_multiple))
    if export:
        _check_export(spec, module, spectrogram)


def _wake(module: nn.Module) -> None:
    """Move every weight a little: a last layer of zeros, a good start, would hide all that is before it."""
    import torch

    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))


def _noise(batch: int, spectrogram: SpectrogramConfig, frames: int) -> torch.Tensor:
    import torch

    return torch.randn(batch, 1, spectrogram.bins, frames)


def _call(module: nn.Module, given: torch.Tensor, what: str) -> torch.Tensor:
    import torch

    with contract(f"it cannot take {what} {list(given.shape)}"):
        result: torch.Tensor = module(given)
    require(result.dtype == given.dtype, f"{given.dtype} came back as {result.dtype}")
    require(torch.isfinite(result).all(), f"{what} {list(given.shape)} came back with values not finite")
    return result


def _check_shapes(spec: GeneratorSpec, module: nn.Module, spectrogram: SpectrogramConfig) -> None:
    import torch

    with torch.no_grad():
        for batch, lengths in ((1, 4), (1, 7), (2, 5)):
            given = _noise(batch, spectrogram, lengths * spec.time_multiple)
            before = given.clone()
            _call(module, given, "input")
            require(torch.equal(given, before), "it changes its input in place")


def _check_values(spec: GeneratorSpec, module: nn.Module, spectrogram: SpectrogramConfig) -> None:
    import torch

    frames = 4 * spec.time_multiple
    with torch.no_grad():
        given = _noise(2, spectrogram, frames)
        out = _call(module, given, "input")
        require(torch.equal(out, module(given)), "in eval mode it gives other numbers on a second call")
        alone = torch.cat([module(given[:1]), module(given[1:])])
        require(
            torch.allclose(out, alone, rtol=1e-3, atol=1e-4),
            "in eval mode an item of a batch comes out otherwise than alone",
        )
        _call(module, torch.zeros_like(given), "silence (all zeros)")
        _call(module, torch.full_like(given, -3.0), "silence (one constant)")
        _call(module, 20 * given, "loud input")


def _check_features(spec: GeneratorSpec, module: nn.Module, spectrogram: SpectrogramConfig) -> None:
    import torch

    if not hasattr(module, "features"):
        return
    with torch.no_grad():
        found = module.features(_noise(2, spectrogram, 4 * spec.time_multiple))  # type: ignore[operator]
    for part in found:
        require(
            part.ndim == 4 and part.is_floating_point(),
            f"features hold {part.dtype} {list(part.shape)}; float [batch, channel, bin, frame] is wanted",
        )


def _check_gradients(spec: GeneratorSpec, module: nn.Module, spectrogram: SpectrogramConfig) -> None:
    import torch

    module.train()
    # A batch of one: PyTorch's instance norm has had a wrong gradient there for channels-last tensors.
    given = _noise(1, spectrogram, 6 * spec.time_multiple).requires_grad_()
    weight = torch.randn_like(given)
    # Dropout would draw other numbers in float64.
    for part in module.modules():
        if isinstance(part, torch.nn.modules.dropout._DropoutNd):
            part.p = 0.0
    module.zero_grad()
    (module(given) * weight).sum().backward()
    gradient = given.grad
    require(gradient is not None, "no gradient reaches its input")
    assert gradient is not None
    require(torch.isfinite(gradient).all(), "the gradient at its input is not finite")
    require(gradient.abs().max() > 0, "the gradient at its input is zero")
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            found = parameter.grad
            require(found is not None, f"no gradient reaches the weight {name}: it is never used")
            require(torch.isfinite(found).all(), f"the gradient at the weight {name} is not finite")  # type: ignore[arg-type]
    exact = copy.deepcopy(module).double()
    same = given.detach().double().requires_grad_()
    (exact(same) * weight.double()).sum().backward()
    assert same.grad is not None
    error = float((gradient.double() - same.grad).norm() / same.grad.norm())
    require(error < 0.05, f"its input gradient in float32 is off by {error:.0%} from that in float64")
    module.eval()


def _check_channels_last(spec: GeneratorSpec, module: nn.Module, spectrogram: SpectrogramConfig) -> None:
    """Training lays weights out so, which may not change what is computed."""
    import torch
    from torch import nn

    last = copy.deepcopy(module).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    given = _noise(2, spectrogram, 6 * spec.time_multiple)
    # Training leaves networks with instance norm as they are; PyTorch's has had a wrong gradient there.
    learns = not any(isinstance(part, nn.InstanceNorm2d) for part in module.modules())
    found = []
    for network, one in ((module, given), (last, given.to(memory_format=torch.channels_last))):
        one = one.clone(memory_format=torch.preserve_format).requires_grad_(learns)
        with torch.set_grad_enabled(learns):
            out = _call(network, one, "input in channels-last memory format")
            if learns:
                network.zero_grad()
                out.square().sum().backward()  # type: ignore[no-untyped-call]
        weights = {name: weight.grad for name, weight in network.named_parameters() if weight.requires_grad}
        found.append((out.detach(), one.grad, weights if learns else {}))
    (out, gradient, weights), (other, other_gradient, others) = found
    require(
        torch.allclose(out, other, rtol=1e-3, atol=1e-4),
        "in channels-last memory format it gives other numbers: nothing may depend on how memory is laid out",
    )
    for where, plain, laid_out in (
        ("its input", gradient, other_gradient),
        *((f"the weight {name}", weights[name], others[name]) for name in weights),
    ):
        if plain is not None and laid_out is not None:
            error = float((plain - laid_out).norm() / plain.norm().clamp(min=1e-6))
            require(
                error < 0.05, f"in channels-last memory format the gradient at {where} is off by {error:.0%}"
            )


def _check_weights(twin: nn.Module, module: nn.Module, given: torch.Tensor) -> None:
    import torch

    state = module.state_dict()
    owners: dict[int, str] = {}
    for name, tensor in state.items():
        require(
            isinstance(tensor, torch.Tensor), f"the state {name} is {type(tensor).__name__}, not a tensor"
        )
        if tensor.numel():
            other = owners.setdefault(tensor.untyped_storage().data_ptr(), name)
            require(
                other == name, f"the weights {other} and {name} share memory: safetensors cannot store that"
            )
    with contract("its weights do not fit a second module of the same options"):
        twin.load_state_dict(state, strict=True)
    with torch.no_grad():
        require(
            torch.allclose(twin.eval()(given), module(given), rtol=1e-4, atol=1e-5),
            "loaded weights do not give the same output: something that matters is not in state_dict",
        )


def _check_export(spec: GeneratorSpec, module: nn.Module, spectrogram: SpectrogramConfig) -> None:
    import onnx

    from styleshift.bundle.export import PARITY_TOLERANCE, compare, trace

    wanted = replace(
        metadata(spectrogram), window_frames=8 * spec.time_multiple, time_multiple=spec.time_multiple
    )
    with tempfile.TemporaryDirectory() as folder, contract("its export fails"):
        path = Path(folder) / "generator.onnx"
        onnx.save(trace(module, wanted), path)
        compare(module, path, wanted, PARITY_TOLERANCE)
