import numpy as np
import pytest

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, compress, compressed, expanded, magnitude, silence


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_log1p_and_its_inverse(gain: float, variant: str) -> None:
    config = SpectrogramConfig(gain=gain)
    m = np.concatenate([[0.0], np.logspace(-20, 10, 10_007)]).astype(np.float32)
    exact = np.log1p(gain * m.astype(np.float64))
    y = compress(m, config)
    np.testing.assert_allclose(y, exact, rtol=5e-7)
    # Undone exactly from the same float32 numbers.
    np.testing.assert_allclose(magnitude(y, config), np.expm1(y.astype(np.float64)) / gain, rtol=1e-6)
    np.testing.assert_allclose(magnitude(y, config)[m < 1 / gain], m[m < 1 / gain], rtol=1e-6)


def test_log_and_its_inverse(variant: str) -> None:
    config = SpectrogramConfig(compression="log", floor=1e-4)
    m = np.concatenate([[0.0], np.logspace(-8, 8, 5003)]).astype(np.float32)
    y = compress(m, config)
    np.testing.assert_allclose(y, np.log(np.maximum(m.astype(np.float64), 1e-4)), rtol=5e-7, atol=1e-7)
    np.testing.assert_allclose(magnitude(y, config), np.exp(y.astype(np.float64)), rtol=1e-6)


def test_no_compression() -> None:
    config = SpectrogramConfig(compression="none")
    m = np.float32([0.0, 0.5, 3.0])
    np.testing.assert_array_equal(compress(m, config), m)
    np.testing.assert_array_equal(magnitude(m - 1, config), [0.0, 0.0, 2.0])


def test_magnitudes_are_never_negative() -> None:
    for compression in ("log1p", "log", "none"):
        config = SpectrogramConfig(compression=compression)  # type: ignore[arg-type]
        m = magnitude(np.float32([-1e9, -3.0, -1e-3, 0.0]), config)
        assert (m >= 0).all()
        assert np.isfinite(m).all()


def test_shapes_and_types() -> None:
    config = SpectrogramConfig()
    values = np.random.default_rng(0).uniform(0, 5, (2, 3, 5)).astype(np.float16)
    for function in (compress, magnitude):
        assert function(values, config).shape == (2, 3, 5)
        assert function(values, config).dtype == np.float32
        assert function(values[:, ::2], config).shape == (2, 2, 5)
        assert function(np.zeros((0, 4)), config).shape == (0, 4)
        assert function(3.0, config).shape == ()
    np.testing.assert_array_equal(
        magnitude(values.transpose(2, 0, 1), config), magnitude(values, config).transpose(2, 0, 1)
    )
    with pytest.raises(ConfigError, match="magnitude is complex128; it must be real"):
        compress(np.zeros(3, np.complex128), config)


def test_not_a_number_stays_one(variant: str) -> None:
    for compression in ("log1p", "log", "none"):
        config = SpectrogramConfig(compression=compression)  # type: ignore[arg-type]
        assert np.isnan(compress(np.float32([np.nan]), config)).all()
        assert np.isnan(magnitude(np.float32([np.nan]), config)).all()


@pytest.mark.parametrize(
    "config",
    [
        SpectrogramConfig(gain=1000.0),
        SpectrogramConfig(compression="log"),
        SpectrogramConfig(compression="none"),
    ],
    ids=lambda config: config.compression,
)
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_the_formula_in_python_is_that_of_the_extension(config: SpectrogramConfig, kind: str) -> None:
    torch = pytest.importorskip("torch")
    make = torch.from_numpy if kind == "torch" else np.asarray
    m = np.concatenate([[0.0], np.logspace(-12, 6, 4001)]).astype(np.float32)
    log = compress(m, config)
    found = compressed(make(m), config)
    assert type(found) is type(make(m))
    assert np.asarray(found).dtype == np.float32
    np.testing.assert_allclose(np.asarray(found), log, rtol=1e-6, atol=1e-6)
    below = np.concatenate([log, log - 1, [silence(config) - 3]]).astype(np.float32)
    np.testing.assert_allclose(
        np.asarray(expanded(make(below), config)), magnitude(below, config), rtol=2e-6, atol=1e-12
    )
    np.testing.assert_allclose(compress(np.float32([0.0]), config), [silence(config)], rtol=1e-6)
    assert np.asarray(expanded(make(log.astype(np.float64)), config)).dtype == np.float64
