"""What is sent for units with equal locks: each layer once per bucket, whoever needs it, and whenever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.stage import ENVIRONMENTS, ROOT
from tests.tools.faults import KillAfter

from .yard import Cost, Yard, add_locked, open_equal_locks

pytestmark = pytest.mark.local_cloud

UNITS = 5
COPY = ("CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload")


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with open_equal_locks(tmp_path / "workspace", UNITS) as opened:
        yield opened


def of_layers(cost: Cost) -> Counter[str]:
    return Counter(call.name for call in cost.calls if call.label.endswith("/layer.zip"))


def layers(yard: Yard) -> dict[str, str]:
    """Every published layer, with its SHA-256."""
    keys = [item.key for item in yard.store.list("projects/") if item.key.endswith("/layer.zip")]
    looked = {key: yard.store.head(key) for key in keys}
    return {key: found.sha256 for key, found in looked.items() if found is not None}


@pytest.mark.long
def test_a_layer_is_sent_once_and_copied_for_all_other_units(yard: Yard) -> None:
    _, cost = yard.cost("deploy", ENVIRONMENTS[0], "--yes", "--json")

    assert of_layers(cost) == {"PutObject": 1, **dict.fromkeys(COPY, UNITS - 1)}, str(cost)
    found = layers(yard)
    assert len(found) == UNITS and len(set(found.values())) == 1 and "" not in found.values()

    add_locked(yard.stage.root, "later")
    yard.on_a_fresh_machine()
    done, later = yard.cost("deploy", ENVIRONMENTS[0], "--yes", "--json")

    assert done.touched() == {(ENVIRONMENTS[0], "later")}
    assert of_layers(later) == dict.fromkeys(COPY, 1), str(later)
    assert not [call.label for call in later.calls if "projects/unit-" in call.label]
    assert len(layers(yard)) == UNITS + 1 and len(set(layers(yard).values())) == 1

    _, promoted = yard.cost("promote", ENVIRONMENTS[1], "--yes", "--json")
    assert of_layers(promoted) == {"HeadObject": UNITS + 1}, str(promoted)


@pytest.mark.parametrize(
    "call", [call if call == "UploadPartCopy" else pytest.param(call, marks=pytest.mark.long) for call in COPY]
)
def test_a_process_that_is_killed_while_it_copies_is_finished_by_the_same_command(yard: Yard, call: str) -> None:
    running: list[subprocess.Popen[bytes]] = []
    yard.proxy.set_rules(KillAfter(match=f"{call} *", nth=2, kill=lambda: running[0].kill()))
    env = {**os.environ, **yard.stage.credentials(yard.proxy.endpoint), "PYTHONPATH": os.fspath(ROOT)}
    argv = [sys.executable, "bin/automation/deploy.py", ENVIRONMENTS[0], "--yes"]
    nowhere = subprocess.DEVNULL
    running.append(subprocess.Popen(argv, cwd=yard.stage.root, env=env, stdout=nowhere, stderr=nowhere))
    assert running[0].wait(timeout=120) == -signal.SIGKILL
    yard.proxy.set_rules()

    yard.deployed(ENVIRONMENTS[0])

    found = layers(yard)
    assert len(found) == UNITS and len(set(found.values())) == 1 and "" not in found.values()
    assert all(next(iter(yard.store.earlier(key)), None) is None for key in found)
