"""One local cloud for the tests of this folder that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .shop import Shop, open_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Three units, deployed everywhere."""
    with open_shop(tmp_path_factory.mktemp("shop") / "workspace") as opened:
        done = opened.deploy()
        assert done.code == 0, done.err
        yield opened
