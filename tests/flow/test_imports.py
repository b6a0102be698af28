"""A word of consent brings in what was shown with it, and nothing else of that name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import StackError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.record import Deployment, PhysicalResource, current_key
from multi_env_lambda.testing.world import FakeWorld

from .worlds import chain, deploy

AGREED = Consent(allowed=frozenset({"import:acme-shared"}))
DOCS = PhysicalResource(logical_id="Docs", type="AWS::S3::Bucket", physical_id="acme-shared")
LEDGER = PhysicalResource(logical_id="Ledger", type="AWS::DynamoDB::Table", physical_id="acme-shared")
Adopts = Callable[[tuple[PhysicalResource, ...]], bool]


def met(folder: Path, *taken: PhysicalResource, left: tuple[PhysicalResource, ...] = ()) -> FakeWorld:
    """The last attempt met these; the template wants a bucket and a table of that name. ``left``: what was kept."""
    fake = chain(folder)
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    fake.tree.resources["search"] = {
        "Docs": {"Type": DOCS.type, **kept, "Properties": {"BucketName": "acme-shared"}},
        "Ledger": {"Type": LEDGER.type, **kept, "Properties": {"TableName": "acme-shared"}},
    }
    fake.platform.failing["search-sandbox"] = "taken"
    deploy(fake)
    fake.platform.failing.clear()
    key = current_key("sandbox", "search")
    record = fake.world.ledger.records("sandbox")["search"]
    assert record.latest is not None
    record = attrs.evolve(record, latest=attrs.evolve(record.latest, taken=taken, left=left))
    assert fake.store.replace(key, record.to_bytes(), etag=fake.store.objects[key].etag)
    return fake


def adopts_of(fake: FakeWorld, consent: Consent = AGREED) -> Adopts:
    """What CloudFormation's refusal would ask, in a deploy with the word."""
    asked: list[Adopts] = []
    deploys = fake.platform.deploy

    def deploy_(environment: Any, request: Any, held: Any, say: Any) -> Any:
        if request.name == "search-sandbox":
            asked.append(request.adopts)
        return deploys(environment, request, held, say)

    fake.platform.deploy = deploy_  # type: ignore[method-assign]
    assert deploy(fake, consent=consent)["search"].outcome == "deployed"
    return asked[0]


@pytest.mark.parametrize(("shown", "other"), [(DOCS, LEDGER), (LEDGER, DOCS)])
def test_a_word_is_for_what_was_shown_and_not_for_another_of_that_name(
    tmp_path: Path, shown: PhysicalResource, other: PhysicalResource
) -> None:
    adopts = adopts_of(met(tmp_path, shown))

    assert (adopts((shown,)), adopts((other,)), adopts((shown, other))) == (True, False, False)


def test_one_word_is_for_all_of_that_name_that_were_shown(tmp_path: Path) -> None:
    assert adopts_of(met(tmp_path, DOCS, LEDGER))((DOCS, LEDGER))


def test_what_earlier_attempts_met_is_asked_until_one_succeeds(tmp_path: Path) -> None:
    fake = met(tmp_path, DOCS)
    fake.platform.failing["search-sandbox"] = "it was interrupted"
    assert deploy(fake, consent=AGREED)["search"].outcome == "failed"
    assert latest(fake).taken == (DOCS,)

    fake.platform.failing.clear()
    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"
    assert latest(fake).taken == ()


def test_what_was_kept_comes_in_without_a_word_while_its_tags_show_that_it_is_the_same(tmp_path: Path) -> None:
    fake = met(tmp_path, left=(DOCS,))
    fake.platform.tags["search-sandbox"] = frozenset({"arn:aws:s3:::acme-shared"})

    adopts = adopts_of(fake, Consent())
    assert (adopts((DOCS,)), adopts((LEDGER,))) == (True, False)


def test_what_has_the_name_of_what_was_kept_is_asked_for_like_anything_else(tmp_path: Path) -> None:
    fake = met(tmp_path, left=(DOCS,))
    deploys = fake.platform.deploy

    def taken(environment: Any, request: Any, held: Any, say: Any) -> Any:
        if request.name != "search-sandbox" or request.adopts((DOCS,)):
            return deploys(environment, request, held, say)
        error = StackError("stack search-sandbox", "it is there already", hint="rename it")
        error.taken = ((DOCS.logical_id, DOCS.type, DOCS.physical_id),)
        raise error

    fake.platform.deploy = taken  # type: ignore[method-assign]
    assert deploy(fake)["search"].outcome == "failed"
    assert (latest(fake).taken, latest(fake).left) == ((DOCS,), (DOCS,))
    asked = deploy(fake)["search"]
    assert asked.outcome == "blocked" and "nothing shows that it is this stack's" in asked.detail
    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"


def test_tags_that_cannot_be_read_stop_before_anything_is_changed(tmp_path: Path) -> None:
    fake = met(tmp_path, left=(DOCS,))
    adopts = adopts_of(fake, Consent())

    def denied(*_: object) -> frozenset[str]:
        raise StackError("stack search-sandbox", "AccessDenied: tag:GetResources", hint="allow it")

    fake.platform.tagged = denied  # type: ignore[method-assign]
    with pytest.raises(StackError, match="tag:GetResources"):
        adopts((DOCS,))


def latest(fake: FakeWorld) -> Deployment:
    found = fake.world.ledger.records("sandbox")["search"].latest
    assert found is not None
    return found
