"""The contract that every engine keeps."""

import pytest

ray = pytest.importorskip("ray")

from styleshift_ray import styleshift_engines  # noqa: E402

from styleshift.testing import check_engine, check_plugin  # noqa: E402


def test_the_plugin_is_complete() -> None:
    check_plugin("styleshift_ray")


@pytest.mark.usefixtures("installed")
def test_the_contract_is_kept() -> None:
    (spec,) = styleshift_engines()
    check_engine(spec)
    ray.shutdown()
