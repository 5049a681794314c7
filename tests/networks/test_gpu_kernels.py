"""The Triton kernels against float64, with gradients: in Triton's interpreter, which needs no GPU.

Of styleshift.networks.gpu_kernels. Where there is a GPU, they are compiled for it.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.networks.fused import FusedSequential
from styleshift.networks.kernels import gpu_problem, keeps_channels_last
from styleshift.networks.layers import ChannelNorm, InstanceNorm2d

pytest.importorskip("triton", reason="Triton is not installed (it comes with PyTorch for CUDA)")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LAYOUTS = [torch.contiguous_format, torch.channels_last]
# bfloat16 has 8 bits, and the interpreter cuts off what a GPU rounds: half as much again at the mean.
TYPES = [(torch.float32, 1e-5), (torch.bfloat16, 0.004 if DEVICE == "cuda" else 0.008)]


@pytest.fixture(scope="module")
def kernels() -> Any:
    # Interpreted as tests/conftest.py says, before anybody imports Triton.
    return importlib.import_module("styleshift.networks.gpu_kernels")


def made(shape: tuple[int, ...], layout: torch.memory_format, dtype: torch.dtype, seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=random).to(DEVICE, dtype).to(memory_format=layout)


def apart(one: Tensor, other: Tensor) -> float:
    one, other = one.detach(), other.detach()
    return float((one.double() - other.double()).norm() / other.double().norm().clamp(min=1e-3))


def alike(input: Tensor, found: tuple[Tensor, ...], wanted: tuple[Tensor, ...], error: float) -> None:
    """The value and its gradients: first that of the input, as coarse as its type, then those of weights."""
    assert found[0].dtype == input.dtype
    assert found[0].stride() == input.stride()
    for one, other, most in zip(found, wanted, (error, error, 0.001, 0.001), strict=False):
        assert apart(one, other) < most


def weights(channels: int, seed: int) -> Tensor:
    return (1 + 0.3 * torch.randn(channels, generator=torch.Generator().manual_seed(seed))).to(DEVICE)


@pytest.mark.parametrize(("dtype", "error"), TYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 8, 6, 5), (1, 24, 9, 30), (1, 64, 1, 1)])
def test_norm_silu_is_its_definition(
    kernels: Any, shape: tuple[int, ...], layout: torch.memory_format, dtype: torch.dtype, error: float
) -> None:
    input, gradient = made(shape, layout, dtype, 0), made(shape, layout, dtype, 1)
    scale = weights(shape[1], 2).view(1, -1, 1, 1)
    ours = (input.clone().requires_grad_(), scale.clone().requires_grad_())
    value = kernels.GpuNormSiLU.apply(*ours)
    found = torch.autograd.grad(value, ours, gradient)
    exact = (input.double().requires_grad_(), scale.double().requires_grad_())
    root = (exact[0].square().mean(dim=1, keepdim=True) + 1e-6).sqrt()
    expected = functional.silu(exact[0] / root * exact[1])
    wanted = torch.autograd.grad(expected, exact, gradient.double())
    alike(input, (value, *found), (expected, *wanted), error)


@pytest.mark.parametrize("slope", [0.0, 0.2])
@pytest.mark.parametrize(("dtype", "error"), TYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 16, 6, 5), (1, 70, 20, 9), (1, 4, 1, 7), (2, 3, 9, 1)])
def test_instance_norm_with_its_activation_is_its_definition(
    kernels: Any,
    shape: tuple[int, ...],
    layout: torch.memory_format,
    dtype: torch.dtype,
    error: float,
    slope: float,
) -> None:
    """Far from zero too, where a careless variance would be lost; more channels and pixels than a tile."""
    input, gradient = 8 + made(shape, layout, dtype, 0), made(shape, layout, dtype, 1)
    given = (input.requires_grad_(), weights(shape[1], 2).requires_grad_(), weights(shape[1], 3) - 1)
    given = (*given[:2], given[2].requires_grad_())
    value = kernels.GpuInstanceNormActivation.apply(*given, slope)
    found = torch.autograd.grad(value, given, gradient)
    exact = tuple(part.detach().double().requires_grad_() for part in given)
    normed = functional.instance_norm(exact[0], weight=exact[1], bias=exact[2])
    expected = functional.leaky_relu(normed, slope)
    wanted = torch.autograd.grad(expected, exact, gradient.double())
    alike(input, (value, *found), (expected, *wanted), error)


def test_a_gradient_in_the_other_layout_is_the_same(kernels: Any) -> None:
    """PyTorch's own instance norm once gave a wrong one there, silently."""
    for shape in ((1, 16, 6, 5), (2, 16, 6, 5)):
        gradients = []
        for layout in LAYOUTS:
            input = made(shape, torch.contiguous_format, torch.float32, 0).requires_grad_()
            value = kernels.GpuInstanceNormActivation.apply(input, weights(16, 2), weights(16, 3), 0.0)
            value = kernels.GpuNormSiLU.apply(value, weights(16, 4).view(1, -1, 1, 1))
            value.backward(made(shape, torch.contiguous_format, torch.float32, 1).to(memory_format=layout))
            gradients.append(input.grad)
        assert torch.equal(*gradients)


def test_long_images_are_summed_in_spans(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "MOST_SPANS", 3)
    input = made((1, 64, 7, 50), torch.channels_last, torch.float32, 0)
    value = kernels.GpuInstanceNormActivation.apply(input, weights(64, 2), weights(64, 3), 0.2)
    normed = functional.instance_norm(
        input.double(), weight=weights(64, 2).double(), bias=weights(64, 3).double()
    )
    assert apart(value, functional.leaky_relu(normed, 0.2)) < 1e-5


def test_layers_take_them_where_an_image_is_on_a_gpu(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And give what they give without; in penalties, and where no gradient is wanted, they are PyTorch's."""
    calls = []
    for function in (kernels.GpuNormSiLU, kernels.GpuInstanceNormActivation):
        real = function.apply
        monkeypatch.setattr(function, "apply", lambda *given, real=real: calls.append(1) or real(*given))
    layers = (nn.Conv2d(3, 16, 3), InstanceNorm2d(16), nn.LeakyReLU(0.2), ChannelNorm(16), nn.SiLU())
    plain, fused = nn.Sequential(*layers), FusedSequential(*layers)
    input = made((2, 3, 6, 5), torch.contiguous_format, torch.float32, 0).requires_grad_()
    wanted = plain(input)
    monkeypatch.setattr("styleshift.networks.kernels._on_gpu", lambda _: torch.is_grad_enabled())
    found = fused(input)
    assert calls == [1, 1]
    assert torch.allclose(found, wanted, atol=1e-5)
    one, other = (torch.autograd.grad(value.square().sum(), input)[0] for value in (found, wanted))
    assert torch.allclose(one, other, atol=1e-4)
    with torch.no_grad():
        assert torch.allclose(fused(input), wanted, atol=1e-5)
    assert calls == [1, 1]


COMPILE = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from styleshift.networks import gpu_kernels

floats = ("scale", "dscale", "sums", "parts", "weight", "bias", "of_gradient")
types = {"slope": "fp32", **dict.fromkeys(floats, "*fp32")}
types |= dict.fromkeys(("x", "y", "gradient", "dx"), "*bf16")
fixed = {"BLOCK_P": 64, "BLOCK_C": 64, "sc": 1}
for name, more in (
    ("_norm_silu", {}), ("_norm_silu_back", {}), ("_norm_apply", {}), ("_norm_back", {}),
    ("_span_sums", {"BACK": False}), ("_span_sums", {"BACK": True}),
):
    kernel = getattr(gpu_kernels, name)
    known = {key: value for key, value in {**fixed, **more}.items() if key in kernel.arg_names}
    signature = {key: "constexpr" if key in known else types.get(key, "i32") for key in kernel.arg_names}
    values = {(kernel.arg_names.index(key),): value for key, value in known.items()}
    source = ASTSource(fn=kernel, signature=signature, constexprs=values)
    made = compile(source, target=GPUTarget("cuda", 90, 32))
    assert made.asm["cubin"]
"""


@pytest.mark.slow
def test_they_compile_for_a_gpu() -> None:
    """Which needs none: Triton brings NVIDIA's assembler. The interpreter takes more than the compiler."""
    environment = {**os.environ, "TRITON_INTERPRET": "0"}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_without_triton_layers_are_pytorch_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styleshift.networks.kernels.find_spec", lambda _: None)
    gpu_problem.cache_clear()
    assert gpu_problem() == "Triton is not installed"
    assert not keeps_channels_last(16, torch.device("cuda"))
    gpu_problem.cache_clear()
