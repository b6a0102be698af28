"""Two environments of one stage in the pipeline on the local cloud: asked for once, and deployed at the same time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multi_env_lambda.model.codepipeline import APPROVE, digests_in

from .bootstrapped import BUCKET
from .pipeline_yard import Yard, pipeline_yard

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

BESIDE = ("staging", "prod")


def test_one_yes_is_for_all_that_stand_beside_each_other_and_they_are_deployed_at_once(tmp_path: Path) -> None:
    with pipeline_yard(tmp_path / "workspace", beside=True) as yard:
        count = len(yard.executions())
        first = yard.push("the first")
        execution = yard.started(count + 1)
        assert yard.stood(execution) == "waits", yard.log()
        assert yard.runs() == [first, first, "", ""], yard.log()
        said = yard.actions(execution)["live", APPROVE]["input"]["resolvedConfiguration"]["CustomData"]
        digests = digests_in(said, "live", BESIDE)
        assert tuple(digests) == BESIDE and "customers" in said
        before = {place: yard.approvals(place) for place in BESIDE}
        yard.answer(yard.grace())

        assert yard.stood(execution) == "Succeeded", yard.log()
        assert yard.runs() == [first] * 4
        for place, digest in digests.items():
            assert approved(yard, place, before[place]) == {
                "digest": digest,
                "who": f"arn:aws:sts::{'1' * 12}:assumed-role/acme-approver/grace",
            }
        one, other = (yard.actions(execution)["live", f"Deploy-{place}"] for place in BESIDE)
        assert one["startTime"] < other["lastUpdateTime"] and other["startTime"] < one["lastUpdateTime"]
        assert "was not said" not in yard.log() and "nothing could be said" not in yard.log(), yard.log()
        kept = yard.made.run("history", "customers", "prod", "--json").answer
        assert all(text in json.dumps(kept) for text in (execution, first[:12], "Ada"))


def approved(yard: Yard, place: str, before: list[str]) -> dict[str, str]:
    (key,) = set(yard.approvals(place)) - set(before)
    found = json.loads(yard.made.root("devops", "s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return {name: found[name] for name in ("digest", "who")}
