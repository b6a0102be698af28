"""Rules that one asks for: who the organisation's role trusts, and when a metric is seen."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from botocore.exceptions import ClientError

import multi_env_lambda.local
from multi_env_lambda.errors import LocalCloudError
from multi_env_lambda.local.server import _server_python, down, ensure_running, status
from multi_env_lambda.local.strict import RULES, VARIABLE, rules_of
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

_LATE = """
import json, os, sys
sys.path.append(sys.argv.pop(1))
from emulator import late_metrics
from emulator.names import load
clock = [600.0]
late_metrics.patch(now=lambda: clock[0])
cloudwatch = load("ministack.services.cloudwatch")
cloudwatch.time.time = lambda: clock[0]
for namespace in ("AWS/Lambda", "Own"):
    cloudwatch.record_metric(namespace, "Errors", 1)
shown = []
for clock[0] in (600.0, 719.0, 720.0):
    seen = []
    for namespace in ("AWS/Lambda", "Own"):
        query = {"Namespace": namespace, "MetricName": "Errors", "StartTime": "1970-01-01T00:00:00Z",
            "EndTime": "1970-01-01T01:00:00Z", "Period": 60, "Statistics": ["Sum"]}
        body = cloudwatch._get_metric_statistics({}, query, False, True)[2]
        seen.append(len(json.loads(body)["Datapoints"]))
    shown.append(seen)
print(json.dumps(shown))
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    down(tmp_path)


def test_rules_are_named_one_by_one_or_all() -> None:
    assert rules_of({}) == frozenset()
    assert rules_of({VARIABLE: " late-metrics ,management-account"}) == rules_of({VARIABLE: "all"}) == frozenset(RULES)
    with pytest.raises(LocalCloudError, match=r"the rule `late`, which there is not\n.*write some of late-metrics"):
        rules_of({VARIABLE: "late"})


@pytest.mark.local_cloud
def test_the_organisations_role_trusts_the_management_account_only(
    root: Path, local_config: WorkspaceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = attrs.evolve(local_config.environment("prod"), role_name="deployer")
    config = attrs.evolve(local_config, environments=(*local_config.environments[:-1], own))
    lenient = ensure_running(root, config)
    assert client_of(lenient, config.environment("sandbox"), "sts").get_caller_identity()["Account"] == "2" * 12
    pid = status(root).pid

    monkeypatch.setenv(VARIABLE, "management-account")
    strict = ensure_running(root, config)
    assert status(root).pid != pid
    for place in (config.devops, config.environment("sandbox")):
        with pytest.raises(ClientError, match="AccessDenied"):
            client_of(strict, place, "sts")
    assert client_of(strict, own, "sts").get_caller_identity()["Account"] == own.account_id


@pytest.mark.local_cloud
def test_what_lambda_measured_is_seen_when_its_minute_is_over_and_one_more() -> None:
    folder = Path(multi_env_lambda.local.__file__).parent
    argv = [_server_python(), "-I", "-c", _LATE, folder]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[0, 1], [0, 1], [1, 1]]
