"""What the runs on a world in memory share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.village import ALL, Repository, Village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path, Repository(dict(ALL)))
