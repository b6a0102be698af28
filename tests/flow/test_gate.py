"""What opens an environment: an approval of this very plan, by somebody else, that is what its key says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.flow.consent import NO_CONSENT
from multi_env_lambda.flow.gate import APPROVAL_HOURS, Gate, agreed, approval_key, approve
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import FakeWorld, fake_config

from .worlds import chain, deploy

ADA, GRACE = (f"arn:aws:iam::111111111111:user/{name}" for name in ("ada", "grace"))


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    """Everything runs in staging, and prod wants an approval."""
    found = chain(tmp_path, config=fake_config(prod={"approval": True}))
    deploy(found, "staging")
    return found


def digest_of(fake: FakeWorld) -> str:
    return pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan.digest_of("prod")


def approved(fake: FakeWorld, who: str, environment: str, digest: str) -> str:
    """Approve as somebody; gives the key."""
    before, fake.platform.who = fake.platform.who, who
    found = approve(fake.world, environment, digest)
    fake.platform.who = before
    return approval_key(environment, digest, found.who, found.user_id)


def decided(fake: FakeWorld, digest: str) -> Gate:
    return agreed(fake.world, "prod", digest, NO_CONSENT, hint="have it approved")


def is_open(fake: FakeWorld, digest: str) -> bool:
    return decided(fake, digest).closed is None


def test_the_approval_of_somebody_else_opens_and_is_told(fake: FakeWorld) -> None:
    digest = digest_of(fake)
    approved(fake, GRACE, "prod", digest)

    assert (decided(fake, digest).closed, decided(fake, digest).approved) == (None, GRACE)


def test_an_approval_of_another_plan_opens_nothing(fake: FakeWorld) -> None:
    approved(fake, GRACE, "prod", "0" * 64)

    assert not is_open(fake, digest_of(fake))


@pytest.mark.parametrize("field", ["environment", "digest", "who", "user_id"])
def test_an_approval_of_something_else_that_was_copied_here_opens_nothing(fake: FakeWorld, field: str) -> None:
    digest = digest_of(fake)
    key = approved(fake, GRACE, "prod", digest)
    item = fake.store.objects[key]
    document = json.loads(item.body)
    other = {"environment": "test", "digest": "0" * 64, "who": GRACE.replace("grace", "hedy"), "user_id": "AIDA"}
    item.body, item.etag = json.dumps({**document, field: other[field]}).encode(), "copied"

    assert not is_open(fake, digest)


@pytest.mark.parametrize("body", [b"", b"junk", b'{"format":99}', b'{"format":2,"environment":"prod"}'])
def test_what_is_no_approval_opens_nothing_and_stops_nobody(fake: FakeWorld, body: bytes) -> None:
    digest = digest_of(fake)
    fake.store.put_new(f"environments/prod/approvals/{digest}/0/junk.json", body)
    assert not is_open(fake, digest)

    approved(fake, GRACE, "prod", digest)
    assert is_open(fake, digest)


@pytest.mark.parametrize("last", [ADA, GRACE])
def test_the_authors_own_approval_does_not_stand_in_the_way(fake: FakeWorld, last: str) -> None:
    digest = digest_of(fake)
    for who in (GRACE, ADA) if last == ADA else (ADA, GRACE):
        fake.store.time += 60
        approved(fake, who, "prod", digest)

    assert decided(fake, digest).approved == GRACE


def test_the_authors_own_approval_alone_opens_nothing(fake: FakeWorld) -> None:
    digest = digest_of(fake)
    approved(fake, ADA, "prod", digest)

    closed = decided(fake, digest).closed
    assert closed is not None and "who is deploying it" in closed.what


@pytest.mark.parametrize(("seconds", "opens"), [(0, True), (APPROVAL_HOURS * 3600, True), (90_000, False)])
def test_an_approval_is_good_for_a_day_by_the_stores_clock_and_can_be_renewed(
    fake: FakeWorld, seconds: int, opens: bool
) -> None:
    digest = digest_of(fake)
    approved(fake, GRACE, "prod", digest)
    fake.store.time += seconds
    assert is_open(fake, digest) is opens

    approved(fake, GRACE, "prod", digest)
    assert is_open(fake, digest)


def test_an_environment_without_approval_is_open(fake: FakeWorld) -> None:
    assert agreed(fake.world, "test", "0" * 64, NO_CONSENT, hint="") == Gate(consent=NO_CONSENT)
