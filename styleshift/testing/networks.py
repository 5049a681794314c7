"""What networks are asked for by the checks of generators and discriminators.

The checks import this module when they are called, and PyTorch with it.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from styleshift.frontend.config import SpectrogramConfig
from styleshift.testing.contract import contract, require

_DROPOUT = torch.nn.modules.dropout._DropoutNd


def noise(batch: int, spectrogram: SpectrogramConfig, frames: int) -> Tensor:
    """``[batch, 1, bins, frames]``, as normalised crops are spread."""
    return torch.randn(batch, 1, spectrogram.bins, frames)


def wake(module: nn.Module) -> None:
    """Move every weight a little: a last layer of zeros, a good start, would hide all that is before it."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))


def run(module: nn.Module, given: Tensor, what: str = "input") -> Tensor:
    """What a network makes of an input: it is finite, and the input is left alone."""
    before = given.clone()
    with contract(f"it cannot take {what} {list(given.shape)}"):
        made: Tensor = module(given)
    require(torch.isfinite(made).all(), f"of {what} {list(given.shape)} it makes values that are not finite")
    require(torch.equal(given, before), "it changes its input in place")
    return made


def check_values(module: nn.Module, given: Tensor) -> None:
    """In eval mode: the same twice, each item of a batch as if alone, finite on silence and loud input."""
    with torch.no_grad():
        made = run(module, given)
        require(torch.equal(made, module(given)), "in eval mode it gives other numbers on a second call")
        alone = torch.cat([module(item[None]) for item in given])
        same = torch.allclose(made, alone, rtol=1e-3, atol=1e-4)
        require(same, "in eval mode an item of a batch comes out otherwise than alone")
        run(module, torch.zeros_like(given), "silence (all zeros)")
        run(module, torch.full_like(given, -3.0), "silence (one constant)")
        run(module, 20 * given, "loud input")


def check_gradients(module: nn.Module, gradient: Tensor | None) -> None:
    """After a backward pass: of the input and of every weight, finite."""
    for name, found in [
        ("its input", gradient),
        *((f"the weight {name}", one.grad) for name, one in module.named_parameters() if one.requires_grad),
    ]:
        require(found is not None, f"no gradient reaches {name}: it is never used")
        require(torch.isfinite(found).all(), f"the gradient at {name} is not finite")  # type: ignore[arg-type]
    require(gradient is not None and gradient.abs().max() > 0, "the gradient at its input is zero")


def check_precision(module: nn.Module, given: Tensor) -> None:
    """While it learns: gradients reach everything, and that of the input is the same as in float64."""
    module.train()
    for part in module.modules():
        if isinstance(part, _DROPOUT):
            part.p = 0.0  # it would draw other numbers in float64
    given, weight = given.requires_grad_(), torch.randn_like(given)
    module.zero_grad()
    (module(given) * weight).sum().backward()
    check_gradients(module, given.grad)
    exact = copy.deepcopy(module).double()
    same = given.detach().double().requires_grad_()
    (exact(same) * weight.double()).sum().backward()
    assert given.grad is not None
    assert same.grad is not None
    error = float((given.grad.double() - same.grad).norm() / same.grad.norm())
    require(error < 0.05, f"its input gradient in float32 is off by {error:.0%} from that in float64")
    module.eval()


def check_channels_last(module: nn.Module, given: Tensor) -> None:
    """Training lays weights out so, which may not change what is computed."""
    last = copy.deepcopy(module).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # Training leaves networks with instance norm as they are; PyTorch's has had a wrong gradient there.
    learns = not any(isinstance(part, nn.InstanceNorm2d) for part in module.modules())
    found = []
    for network, one in ((module, given), (last, given.to(memory_format=torch.channels_last))):
        one = one.clone(memory_format=torch.preserve_format).requires_grad_(learns)
        with torch.set_grad_enabled(learns):
            out = run(network, one, "input in channels-last memory format")
            if learns:
                network.zero_grad()
                out.square().sum().backward()  # type: ignore[no-untyped-call]
        gradients = {f"the weight {name}": weight.grad for name, weight in network.named_parameters()}
        found.append((out.detach(), {"its input": one.grad, **gradients} if learns else {}))
    (out, plain), (other, laid_out) = found
    require(
        torch.allclose(out, other, rtol=1e-3, atol=1e-4),
        "in channels-last memory format it gives other numbers: nothing may depend on how memory is laid out",
    )
    for where, gradient in plain.items():
        if gradient is not None:
            error = float((gradient - laid_out[where]).norm() / gradient.norm().clamp(min=1e-6))  # type: ignore[operator]
            require(
                error < 0.05, f"in channels-last memory format the gradient at {where} is off by {error:.0%}"
            )


def check_weights(module: nn.Module, twin: nn.Module, given: Tensor) -> None:
    """They can be stored, and loaded into another module of the same options, which then is the same."""
    owners: dict[int, str] = {}
    for name, tensor in module.state_dict().items():
        kind = type(tensor).__name__
        require(isinstance(tensor, Tensor), f"the state {name} is {kind}, not a tensor")
        if tensor.numel():
            other = owners.setdefault(tensor.untyped_storage().data_ptr(), name)
            shared = f"the weights {other} and {name} share memory: safetensors cannot store that"
            require(other == name, shared)
    with contract("its weights do not fit a second module of the same options"):
        twin.load_state_dict(module.state_dict(), strict=True)
    with torch.no_grad():
        require(
            torch.allclose(twin.eval()(given), module.eval()(given), rtol=1e-4, atol=1e-5),
            "loaded weights do not give the same output: something that matters is not in state_dict",
        )
