"""An approval counts from somebody else: whoever assumes a role again under another name is nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import Approval, approval_key, approve, write_approval
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.testing.world import FakeWorld, fake_config

from .worlds import chain, deploy, outcomes, promote

ROLE = "arn:aws:sts::111111111111:assumed-role"
ADMIN = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"
POWER = "AWSReservedSSO_PowerUser_fedcba9876543210"
ADA = "arn:aws:iam::111111111111:user/ada"
GRACE = "arn:aws:iam::111111111111:user/grace"
OTHER_ADA = "arn:aws:iam::999999999999:user/ada"
ROLES = Roles(prefix="acme", developers=(ADA,), approvers=(GRACE,))
FEDERATED = "arn:aws:sts::111111111111:federated-user/grace"


def waiting(folder: Path, by_author: bool = False, roles: Roles | None = None) -> FakeWorld:
    config = fake_config(approvals_by_author=by_author, prod={"approval": True})
    fake = chain(folder, config=attrs.evolve(config, roles=roles))
    deploy(fake, "staging")
    return fake


def approved_by(fake: FakeWorld, *people: str) -> list[Approval]:
    digest = pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan.digest_of("prod")
    author, given = fake.platform.who, []
    for fake.platform.who in people:
        given.append(approve(fake.world, "prod", digest))
    fake.platform.who = author
    return given


@pytest.mark.parametrize(
    ("approver", "deployer", "outcome"),
    [
        (f"{ROLE}/dev/botocore-session-1", f"{ROLE}/dev/botocore-session-2", "blocked"),
        (f"{ROLE}/dev/ada", f"{ROLE}/dev/grace", "blocked"),
        (f"{ROLE}/{ADMIN}/ada@example.org", f"{ROLE}/{POWER}/ada@example.org", "blocked"),
        (FEDERATED, ADA, "blocked"),
        (ADA, ADA, "blocked"),
        (f"{ROLE}/{ADMIN}/grace@example.org", f"{ROLE}/{ADMIN}/ada@example.org", "deployed"),
        (f"{ROLE}/approver/x", f"{ROLE}/dev/x", "deployed"),
        (f"{ROLE}/{ADMIN}/grace@example.org", f"{ROLE}/github-deploy/GitHubActions", "deployed"),
        (GRACE, ADA, "deployed"),
    ],
)
def test_who_may_open_what_somebody_deploys(tmp_path: Path, approver: str, deployer: str, outcome: str) -> None:
    fake = waiting(tmp_path)
    approved_by(fake, approver)
    fake.platform.who = deployer

    assert promote(fake, "prod")["search"].outcome == outcome


def test_the_same_somebody_may_where_the_workspace_says_so(tmp_path: Path) -> None:
    fake = waiting(tmp_path, by_author=True)
    approved_by(fake, f"{ROLE}/dev/one")
    fake.platform.who = f"{ROLE}/dev/two"

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}


def test_a_refusal_shows_who_it_is_and_both_sessions(tmp_path: Path) -> None:
    fake = waiting(tmp_path)
    approved_by(fake, f"{ROLE}/dev/one")
    fake.platform.who = f"{ROLE}/dev/two"

    detail = promote(fake, "prod")["search"].detail

    assert detail.count("arn:aws:iam::111111111111:role/dev (") == 2
    assert "assumed-role/dev/one" in detail and "assumed-role/dev/two" in detail


def test_the_record_has_the_whole_arn_and_the_approval_also_who_that_is(tmp_path: Path) -> None:
    fake = waiting(tmp_path)
    session = f"{ROLE}/approver/grace"
    (given,) = approved_by(fake, session)
    promote(fake, "prod")

    key = approval_key("prod", given.digest, given.who, given.user_id)
    document = json.loads(fake.store.objects[key].body)
    latest = read_records(fake.world, fake.world.config.environments)["prod", "search"].latest
    assert (document["who"], document["principal"]) == (session, "arn:aws:iam::111111111111:role/approver")
    assert latest is not None and latest.approved == session


def test_ones_own_approval_never_stands_in_the_way_of_anothers(tmp_path: Path) -> None:
    fake = waiting(tmp_path)
    approved_by(fake, GRACE)
    fake.store.time += 60
    approved_by(fake, f"{ROLE}/dev/one")
    fake.platform.who = f"{ROLE}/dev/two"

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}


def test_an_old_approval_of_another_never_stands_in_the_way_of_a_new_one(tmp_path: Path) -> None:
    fake = waiting(tmp_path, by_author=True)
    approved_by(fake, GRACE)
    fake.store.time += 25 * 3600
    approved_by(fake, ADA)

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}


@pytest.mark.parametrize("who", ["the-ceo", "arn:aws:iam::111111111111:group/all", ""])
def test_an_approval_by_nobody_opens_nothing_and_stops_nobody(tmp_path: Path, who: str) -> None:
    fake = waiting(tmp_path)
    (given,) = approved_by(fake, GRACE)
    key = approval_key("prod", given.digest, GRACE, given.user_id)
    document = json.loads(fake.store.objects[key].body)
    fake.store.put_new(
        approval_key("prod", given.digest, who, "AIDAX"),
        json.dumps({**document, "who": who, "user_id": "AIDAX"}).encode(),
    )

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}


def test_a_caller_that_is_nobody_closes_the_environment_and_hides_no_result(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(prod={"approval": True}))
    deploy(fake, "test")
    staged = pipeline.plan(fake.world, Request(verb="deploy", target="prod", through=True)).plan
    fake.platform.who = GRACE
    approve(fake.world, "prod", staged.digest_of("prod"))
    fake.platform.who = "nobody"

    results = deploy(fake, "prod")

    assert results["search"].outcome == "blocked" and "'nobody'" in results["search"].detail
    assert read_records(fake.world, fake.world.config.environments)["staging", "search"].running is not None


def test_typing_opens_only_the_environment_that_was_typed(tmp_path: Path) -> None:
    rules = {"staging": {"approval": True}, "prod": {"approval": True}}
    fake = chain(tmp_path, config=fake_config(approvals_by_author=True, **rules))
    deploy(fake, "prod", Consent(typed=frozenset({"staging"})))

    recorded = read_records(fake.world, fake.world.config.environments)
    assert ("staging", "search") in recorded and ("prod", "search") not in recorded


def written_as(fake: FakeWorld, who: str, session: str) -> None:
    """An approval whose key IAM has let a session of this name write, whoever its text says it is."""
    (given,) = approved_by(fake, GRACE)
    document = json.loads(fake.store.objects.pop(approval_key("prod", given.digest, GRACE, given.user_id)).body)
    user_id = f"AROAAPPROVER:{session}"
    body = json.dumps({**document, "who": who, "user_id": user_id}).encode()
    fake.store.put_new(approval_key("prod", given.digest, who, user_id), body)


@pytest.mark.parametrize(
    ("who", "session", "roles", "opens"),
    [
        (GRACE, "grace", ROLES, True),
        (GRACE, "ada", ROLES, False),  # she says that it is somebody else's
        (GRACE, "eve", ROLES, False),  # whoever it is, it is not grace
        (GRACE, "eve", None, False),
        (OTHER_ADA, "ada", ROLES, False),  # it is hers, and she is deploying it
        (OTHER_ADA, "ada", None, True),  # nothing prescribes the name
    ],
)
def test_what_iam_says_of_an_approver_counts_more_than_what_she_says(
    tmp_path: Path, who: str, session: str, roles: Roles | None, opens: bool
) -> None:
    fake = waiting(tmp_path, roles=roles)
    fake.platform.who = ADA
    written_as(fake, who, session)

    assert (promote(fake, "prod")["search"].outcome == "deployed") == opens


def test_who_may_only_look_is_told_so_before_anything_is_written(tmp_path: Path) -> None:
    *before, prod = fake_config().environments
    reads = attrs.evolve(prod, prefix="acme", role_name="acme-prod-read", deployed_by=("build",))
    fake = chain(tmp_path, config=attrs.evolve(fake_config(), environments=(*before, reads)))
    deploy(fake, "staging")

    done = promote(fake, "prod")["search"]
    assert done.outcome == "blocked"
    assert "may look there and change nothing" in done.detail


def reviewed_as(fake: FakeWorld, who: str, user_id: str) -> None:
    """An approval that says who reviewed it at GitHub; IAM lets a job there alone end a key in ``github``."""
    digest = pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan.digest_of("prod")
    write_approval(fake.store, Approval(environment="prod", digest=digest, who=who, when="now", user_id=user_id))


@pytest.mark.parametrize(
    ("who", "user_id", "deployer", "by_author", "opens"),
    [
        ("github.com:12:grace", "github", f"{ROLE}/acme-build/github-1-1", False, True),
        ("github.com:12:grace", "github", ADA, False, False),  # she may be grace
        ("github.com:12:grace", "github", f"{ROLE}/acme-developer/ada", False, False),
        ("github.com:12:grace", "github", "arn:aws:sts::222222222222:assumed-role/acme-build/x", False, False),
        ("github.com:12:grace", "github", ADA, True, True),
        ("github.com:12:grace", "AROAAPPROVER:grace", f"{ROLE}/acme-build/github-1-1", False, False),
        ("github.com:12:grace", "witness", f"{ROLE}/acme-build/github-1-1", False, False),
        (GRACE, "github", f"{ROLE}/acme-build/github-1-1", False, False),
    ],
)
def test_a_review_at_github_opens_for_builds_and_is_what_its_key_says(
    tmp_path: Path, who: str, user_id: str, deployer: str, by_author: bool, opens: bool
) -> None:
    fake = waiting(tmp_path, by_author=by_author, roles=ROLES)
    reviewed_as(fake, who, user_id)
    fake.platform.who = deployer
    done = promote(fake, "prod")["search"]

    assert (done.outcome == "deployed") == opens, done.detail


def test_a_person_who_deploys_after_a_review_is_told_why_it_does_not_count(tmp_path: Path) -> None:
    fake = waiting(tmp_path, roles=ROLES)
    reviewed_as(fake, "github.com:12:grace", "github")
    fake.platform.who = ADA
    done = promote(fake, "prod")["search"]

    assert "was approved by grace at GitHub (github.com:12), which lets the build deploy" in done.detail
    assert "let the workflow deploy it" in done.hint


def test_a_review_never_stands_in_the_way_of_an_approval_that_counts(tmp_path: Path) -> None:
    fake = waiting(tmp_path, roles=ROLES)
    approved_by(fake, GRACE)
    fake.store.time += 60
    reviewed_as(fake, "github.com:12:grace", "github")
    fake.platform.who = ADA

    assert promote(fake, "prod")["search"].outcome == "deployed"
