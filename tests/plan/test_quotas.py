"""What a plan adds to an account is counted by its changes, and refused only if it cannot fit in any order."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from inline_snapshot import snapshot

from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.quota import BUILDS, QUOTAS, QuotaKind, Usage, console_link
from multi_env_lambda.model.release import Release, ReleaseTemplate
from multi_env_lambda.plan.quotas import Need, lacking, needs_of, refusal_of

ROLE, RULE, FUNCTION = "AWS::IAM::Role", "AWS::Events::Rule", "AWS::Lambda::Function"
VERSION, LAYER = "AWS::Lambda::Version", "AWS::Lambda::LayerVersion"
SOURCE = SourceArtifact(project="orders", version="0.1.0", digest="d", wheel_sha256="w", wheel_size=40)
LAYERED = LayerArtifact(project="orders", number=1, digest="d", python="3.13", architecture="arm64", layer_size=1000)
STAGE = ReleaseTemplate(
    environment="prod", account_id="5" * 12, region="us-east-1", stack_name="orders-prod", template_sha256="t"
)
RELEASE = Release(project="orders", artifacts=(SOURCE, LAYERED), stages=(STAGE,))


def change(type_: str, action: Any = "add", *, replacement: Any = "no", **properties: Any) -> ResourceChange:
    """``properties``: old and new value, as JSON."""
    told = tuple(PropertyChange(path=path, old=old, new=new) for path, (old, new) in properties.items())
    return ResourceChange(action=action, logical_id="X", type=type_, properties=told, replacement=replacement)


def needs(*changes: ResourceChange, running: str | None = "r") -> dict[QuotaKind, Need]:
    step = DeployStep(
        project="orders",
        environment="prod",
        action="deploy",
        release=RELEASE,
        running=running,
        running_version=running,
        why=(),
        changes=changes,
    )
    return dict(needs_of(step))


@pytest.mark.parametrize(
    ("changed", "kind", "need"),
    [
        (change(ROLE), "roles", Need(adds=1)),
        (change(ROLE, "remove"), "roles", Need(adds=0, frees=1)),
        (change(ROLE, "modify", replacement="yes"), "roles", Need(adds=1, frees=1)),
        (change(RULE), "rules", Need(adds=1)),
        (change(RULE, EventBusName=(None, '"default"')), "rules", Need(adds=1)),
        (change(VERSION), "code", Need(adds=40)),
        (change(LAYER), "code", Need(adds=1000)),
        (change(LAYER, "modify", replacement="yes"), "code", Need(adds=1000)),
        (change(FUNCTION, ReservedConcurrentExecutions=(None, "5")), "concurrency", Need(adds=5)),
        (change(FUNCTION, "modify", ReservedConcurrentExecutions=("5", "7")), "concurrency", Need(adds=2)),
        (change(FUNCTION, "modify", ReservedConcurrentExecutions=("5", None)), "concurrency", Need(adds=0, frees=5)),
    ],
)
def test_what_is_added_and_freed_is_counted(changed: ResourceChange, kind: QuotaKind, need: Need) -> None:
    assert needs(changed) == {kind: need}


@pytest.mark.parametrize(
    "changed",
    [
        change(ROLE, "modify"),
        change(RULE, EventBusName=(None, '"own"')),
        change(RULE, EventBusName=(None, '{"Ref":"Bus"}')),
        change(VERSION, "remove"),
        change(LAYER, "remove"),
        change(FUNCTION),
        change(FUNCTION, ReservedConcurrentExecutions=(None, "0")),
        change("AWS::SQS::Queue"),
    ],
)
def test_what_has_no_quota_here_or_stays_as_it_is_asks_for_nothing(changed: ResourceChange) -> None:
    assert needs(changed) == {}


def test_a_unit_that_never_ran_adds_its_stack_unless_it_exists() -> None:
    found = needs(running=None)
    assert found == {"stacks": Need(adds=1, name="orders-prod")}
    full = Usage(kind="stacks", used=10, limit=10)
    assert lacking(full, list(found.values())) == 11
    assert lacking(attrs.evolve(full, names=frozenset({"orders-prod"})), list(found.values())) == 0


@pytest.mark.parametrize(
    ("units", "needed"),
    [
        ([Need(adds=1), Need(adds=1)], 0),
        ([Need(adds=2), Need(adds=1)], 11),
        ([Need(adds=3), Need(adds=0, frees=1)], 0),
        ([Need(adds=3, frees=1)], 11),  # created before the old one is deleted
        ([Need(adds=2, frees=2), Need(adds=1, frees=1)], 0),
        ([Need(adds=0, frees=1)], 0),
        ([], 0),
    ],
)
def test_what_others_free_counts_and_what_a_unit_itself_frees_comes_too_late(units: list[Need], needed: int) -> None:
    assert lacking(Usage(kind="roles", used=8, limit=10), units) == needed


def test_an_account_that_is_over_its_limit_already_takes_what_adds_nothing() -> None:
    assert lacking(Usage(kind="roles", used=12, limit=10), [Need(adds=0, frees=1)]) == 0


@pytest.mark.parametrize(
    ("used", "text"),
    [
        (
            Usage(kind="roles", used=999, limit=1000),
            snapshot(
                (
                    "2 IAM roles: 999 of 1,000 are in use",
                    "ask for more with `aws service-quotas request-service-quota-increase "
                    "--service-code iam --quota-code L-FE177D64 --desired-value 1001 --region us-east-1`",
                )
            ),
        ),
        (
            Usage(kind="roles", used=4999, limit=5000),
            snapshot(
                (
                    "2 IAM roles: 4,999 of 5,000 are in use",
                    "AWS grants at most 5,000: delete what you do not need, or use another account",
                )
            ),
        ),
        (
            Usage(kind="concurrency", used=899, limit=900, kept=100),
            snapshot(
                (
                    "2 reserved concurrent calls of Lambda: 899 of 900 are in use, and Lambda keeps 100 unreserved",
                    "ask for more with `aws service-quotas request-service-quota-increase "
                    "--service-code lambda --quota-code L-B99A9384 --desired-value 1001 --region eu-west-1`",
                )
            ),
        ),
        (
            Usage(kind="code", used=75 * 1024**3 - 1, limit=75 * 1024**3),
            snapshot(
                (
                    "2 bytes of Lambda's storage for code and layers: 75.0 GB of 75.0 GB are in use",
                    "ask for more with `aws service-quotas request-service-quota-increase "
                    "--service-code lambda --quota-code L-2ACBD22F --desired-value 76 --region eu-west-1`; "
                    "or delete old versions with `prune`",
                )
            ),
        ),
    ],
    ids=["roles", "no more roles", "concurrency", "code"],
)
def test_a_refusal_has_all_numbers_and_the_command_that_asks_for_more(used: Usage, text: tuple[str, str]) -> None:
    added = [Need(adds=2)]
    assert refusal_of(used, added, lacking(used, added), "eu-west-1") == text


def test_roles_are_raised_in_one_region_and_everything_else_in_its_own() -> None:
    regions = {kind: console_link(quota, "eu-west-1").rpartition("region=")[2] for kind, quota in QUOTAS.items()}

    assert regions == dict.fromkeys(QUOTAS, "eu-west-1") | {"roles": "us-east-1"}
    assert console_link(BUILDS, "eu-west-1").startswith("https://eu-west-1.console.aws.amazon.com/servicequotas/")
