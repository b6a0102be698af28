"""A template that is too long to be sent lies in the bucket, whichever it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from multi_env_lambda.aws.index import read_release
from multi_env_lambda.flow.address import address_of
from multi_env_lambda.model.release import Release, ReleaseTemplate
from multi_env_lambda.testing.world import FakeWorld

from .test_losses import failing_with_a_table
from .worlds import chain, deploy

LONG = {"Type": "AWS::CloudFormation::WaitConditionHandle", "Metadata": {"About": "x" * 60_000}, "Properties": {}}


def released(fake: FakeWorld) -> tuple[Release, ReleaseTemplate]:
    record = fake.world.ledger.records("sandbox")["search"]
    assert record.release is not None
    release = read_release(fake.store, fake.world.cache, "search", record.release)
    stage = release.stage("sandbox")
    assert stage is not None
    return release, stage


def lies_at(fake: FakeWorld, address: str | None) -> str:
    assert address is not None
    path, _, version = address.partition("?versionId=")
    found = fake.store.objects[path.partition(f"/{fake.world.config.devops.bucket}/")[2]]
    assert version
    return found.body.decode("ascii")


def test_one_that_was_published_lies_where_it_was_published_and_any_other_beside_it(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.resources["search"] = {"Long": LONG}
    deploy(fake)
    release, stage = released(fake)
    published = fake.platform.stacks["sandbox", "search-sandbox"].template
    other = json.dumps({"Resources": {"Long": LONG}})
    objects = len(fake.store.objects)

    assert address_of(fake.world, release, stage, "{}") is None
    assert lies_at(fake, address_of(fake.world, release, stage, published)) == published
    assert len(fake.store.objects) == objects
    for _ in range(2):
        assert lies_at(fake, address_of(fake.world, release, stage, other)) == other
    assert len(fake.store.objects) == objects + 1
    assert f"{release.folder}/sandbox.{hashlib.sha256(other.encode()).hexdigest()}.template.json" in fake.store.objects


def test_a_put_back_that_keeps_a_table_has_an_address_for_its_long_template(tmp_path: Path) -> None:
    fake = failing_with_a_table(tmp_path, always={"Long": LONG})
    sent: list[tuple[str, Callable[[str], str | None]]] = []
    deploys = fake.platform.deploy

    def spied(environment: Any, request: Any, held: Any, say: Any) -> Any:
        sent.append((request.template, request.address_of))
        return deploys(environment, request, held, say)

    fake.platform.deploy = spied  # type: ignore[method-assign]
    assert deploy(fake)["search"].error == "CheckFailed"
    for template, address in sent:
        assert lies_at(fake, address(template)) == template
    assert [len(sent), "Ledger" in sent[-1][0]] == [2, True]
