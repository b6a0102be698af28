"""A Glue job imports what its unit has locked, a compiled module too, in every environment that it is promoted to."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.local.strict import RULES
from tests.rules import keeping

from .stage import Done, Stage, commit, sample_stage

pytestmark = [
    pytest.mark.local_cloud,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(find_python("3.9") is None, reason="this machine has no Python 3.9"),
    pytest.mark.skipif(sys.platform != "linux", reason="the locked wheel is for Linux"),
]

JOB = '''"""Says what it was given, from where."""

import markupsafe
import six
from markupsafe import _speedups


def main(arguments):
    print(six.__version__, markupsafe.__version__, _speedups.__file__.rpartition("/")[2])
    print([name for name in ("six", "markupsafe", "nightly") if "unit-" not in __import__(name).__file__])
'''


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    kept = [rule for rule in RULES if not rule.startswith(("late-", "stale-", "throttling"))]
    with keeping(*kept), sample_stage(tmp_path_factory.mktemp("job") / "workspace") as stage:
        path = stage.root / "projects/nightly/pyproject.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("dependencies = []", 'dependencies = ["six==1.16.0", "markupsafe==3.0.2"]'))
        (stage.root / "projects/nightly/nightly/job.py").write_text(JOB, encoding="utf-8")
        yield stage


@pytest.fixture(scope="module")
def deployed(stage: Stage) -> Done:
    locked = stage.script("lock", "nightly", local=False)
    assert locked.code == 0, locked.err
    commit(stage.root)
    return stage.script("deploy", "--to", "test", "--only", "nightly", "--yes", "--json")


def logged(stage: Stage, place: str, stream: str) -> list[str]:
    """What the newest run there wrote."""
    logs, group = stage.client(place, "logs"), f"/aws-glue/python-jobs/{stream}"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    newest = max(streams, key=lambda one: int(one["creationTime"]))["logStreamName"]
    return [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=newest)["events"]]


def said(stage: Stage, place: str) -> list[str]:
    done = stage.script("invoke", "nightly", "calendar", place)
    assert (done.code, done.out) == (0, "SUCCEEDED\n"), "\n".join(logged(stage, place, "error"))
    return logged(stage, place, "output")


def test_it_runs_with_what_is_locked_in_glues_own_python(stage: Stage, deployed: Done) -> None:
    assert deployed.outcomes() == {(place, "nightly"): "deployed" for place in ("sandbox", "test")}, deployed.err
    for place in ("sandbox", "test"):
        assert said(stage, place) == ["1.16.0 3.0.2 _speedups.cpython-39-x86_64-linux-gnu.so", "[]"]


def test_one_flipped_byte_of_the_library_stops_the_run(stage: Stage, deployed: Done) -> None:
    """Whoever may write into the bucket does not decide what runs."""
    s3, bucket = stage.client("devops", "s3"), stage.config.devops.bucket
    (key,) = [key for key in stage.artifacts() if key.endswith("/library.zip")]
    body = bytearray(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    body[len(body) // 2] ^= 1
    s3.put_object(Bucket=bucket, Key=key, Body=bytes(body))

    done = stage.script("invoke", "nightly", "calendar", "test")

    assert (done.out, done.code) == ("FAILED\n", 13)
    assert "its bytes have the SHA-256" in logged(stage, "test", "error")[-1]
    promoted = stage.script("deploy", "--to", "staging", "--only", "nightly", "--yes", "--json")
    assert promoted.code != 0 and "its bytes have the SHA-256" in promoted.err + promoted.out
