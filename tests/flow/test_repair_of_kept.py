"""What holds data and no running release knows: our own rollback left it, somebody added it, or its stack is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.account import StackRequest
from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.plan.ownership import stack_tags
from multi_env_lambda.testing.memory_stack import MemoryStack
from multi_env_lambda.testing.world import FakeWorld

from .worlds import StillDescribed, chain, deploy, promote, repair, rollback

AT = ("sandbox", "search-sandbox")
TABLE = "AWS::DynamoDB::Table"
TIMEOUT = PropertyDifference(path="/Timeout", expected="3", actual="60", kind="NOT_EQUAL")
CHANGED = ResourceDrift(
    logical_id="MainFunction", resource_type="AWS::Lambda::Function", status="MODIFIED", differences=(TIMEOUT,)
)
GONE = ResourceDrift(logical_id="Data", resource_type=TABLE, status="DELETED", differences=())
RETAIN = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
QUEUE = {"Type": "AWS::SQS::Queue", **RETAIN, "Properties": {"QueueName": "search-sandbox-MainQueue"}}
TOPIC = {"Type": "AWS::SNS::Topic", **RETAIN, "Properties": {"TopicName": "search-sandbox-News"}}


def started(folder: Path) -> FakeWorld:
    fake = chain(folder)
    deploy(fake, only=("search",))
    return attrs.evolve(fake, world=attrs.evolve(fake.world, sleep=lambda _: None))


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    """Rolled back past the release that added a table."""
    fake = started(tmp_path)
    fake.tree.data["search"] = "invoices"
    deploy(fake, only=("search",))
    assert rollback(fake, "search", "sandbox").outcome == "deployed"
    assert "Data" in there(fake)
    return fake


def there(fake: FakeWorld) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fake.platform.stacks[AT].template)["Resources"]
    return found


def sent_by_hand(fake: FakeWorld, **resources: Any) -> None:
    stack = fake.platform.stacks[AT]
    stack.template = json.dumps({"Resources": {**there(fake), **resources}})


def names(fake: FakeWorld) -> tuple[str, ...]:
    (found,) = find_drift(fake.world, "search", "sandbox")
    assert not found.problem
    return found.names


def planned(fake: FakeWorld, verb: str = "repair", **ask: Any) -> DeployStep:
    request = Request(verb=verb, target="sandbox", only=("search",), **ask)  # type: ignore[arg-type]
    (step,) = pipeline.plan(fake.world, request).plan.deploys
    return step


def said(changes: tuple[ResourceChange, ...]) -> list[tuple[str, str]]:
    return [(item.action, item.logical_id) for item in changes]


def test_what_our_own_rollback_left_is_no_drift_and_nothing_to_repair(fake: FakeWorld) -> None:
    assert names(fake) == ()
    assert repair(fake, "sandbox", "search")["search"].outcome == "unchanged"
    assert promote(fake, "test", only=("search",))["search"].outcome == "deployed"


def test_what_is_wrong_beside_it_is_put_right_and_it_stays_with_one_note(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED,)

    step = planned(fake)
    assert said(step.changes) == [("modify", "MainFunction")]
    assert [note.split(":")[0] for note in step.notes] == [
        "Data (AWS",
    ]
    assert repair(fake, "sandbox", "search")["search"].outcome == "deployed"
    assert names(fake) == () and "Data" in there(fake)


def test_a_second_rollback_keeps_it_and_calls_it_nothing_new(tmp_path: Path) -> None:
    fake = started(tmp_path)
    fake.tree.content["search"] = "s2"
    deploy(fake, only=("search",))
    fake.tree.data["search"] = "invoices"
    deploy(fake, only=("search",))
    rollback(fake, "search", "sandbox")

    assert "Data" not in [name for _, name in said(planned(fake, "rollback", release="0.1.0").changes)]
    assert rollback(fake, "search", "sandbox", release="0.1.0").outcome == "deployed"
    assert names(fake) == () and "Data" in there(fake)


def test_what_was_left_and_is_deleted_by_hand_is_made_anew_and_said_to_be_lost(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (GONE,)

    step = planned(fake)
    assert said(step.changes) == [("add", "Data")]
    assert step.notes == (f"Data ({TABLE}) was deleted with its content, and is recreated empty",)
    assert repair(fake, "sandbox", "search")["search"].outcome == "deployed"


def test_what_came_with_a_release_that_was_put_back_is_no_drift(tmp_path: Path) -> None:
    fake = started(tmp_path)
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"never":true}')
    fake.tree.data["search"] = "invoices"

    assert deploy(fake, only=("search",))["search"].error == "CheckFailed"
    assert "Data" in there(fake) and names(fake) == ()


def test_a_table_of_somebody_elses_template_is_drift_and_stays_and_is_known_after_the_repair(tmp_path: Path) -> None:
    fake = started(tmp_path)
    role = {"Type": "AWS::IAM::Role", "Properties": {}}
    sent_by_hand(fake, Data={"Type": TABLE, "Properties": {}}, Theirs=role)
    assert names(fake) == ("Data added", "Theirs added")

    step = planned(fake)
    assert said(step.changes) == [("remove", "Theirs")] and step.questions == ()
    assert [note for note in step.notes if note.startswith("Data")] == list(step.notes) and len(step.notes) == 1
    assert repair(fake, "sandbox", "search")["search"].outcome == "deployed"
    assert "Data" in there(fake) and "Theirs" not in there(fake)
    assert names(fake) == ()

    refused = deploy(fake, only=("search",), force=True)["search"]
    assert (refused.outcome, refused.hint.endswith("`--agree replace:search/Data`")) == ("blocked", True)
    agreed = Consent(allowed=frozenset({"replace:search/Data"}))
    assert deploy(fake, only=("search",), force=True, consent=agreed)["search"].outcome == "deployed"
    assert "Data" not in there(fake)


def test_beside_a_table_of_somebody_else_our_own_that_is_gone_is_shown(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.data["search"] = "invoices"
    deploy(fake, only=("search",))
    sent_by_hand(fake, Theirs={"Type": TABLE, "Properties": {}})
    fake.platform.drifted[AT] = (GONE,)

    step = planned(fake)

    assert said(step.changes) == [("add", "Data")]
    assert [note.split(" (")[0] for note in step.notes] == ["Theirs", "Data"]
    assert "was deleted with its content" in step.notes[1]


def test_what_cannot_stay_alone_is_asked_for_by_the_word_that_the_repair_takes(tmp_path: Path) -> None:
    fake = started(tmp_path)
    sent_by_hand(fake, Data={"Type": TABLE, "Properties": {"TableName": {"Ref": "Unknown"}}})

    refused = repair(fake, "sandbox", "search")["search"]
    assert refused.outcome == "blocked" and refused.hint.endswith("`--agree replace:search/Data`")
    agreed = Consent(allowed=frozenset({"replace:search/Data"}))
    assert repair(fake, "sandbox", "search", consent=agreed)["search"].outcome == "deployed"
    assert names(fake) == () and "Data" not in there(fake)


@pytest.fixture
def without_stack(tmp_path: Path) -> FakeWorld:
    """The stack was deleted by hand; its queue and its topic stayed."""
    fake = chain(tmp_path)
    fake.tree.resources["search"] = {"MainQueue": QUEUE, "News": TOPIC}
    fake.tree.data["search"] = "invoices"
    deploy(fake, only=("search",))
    del fake.platform.stacks[AT]
    fake.platform.tags["search-sandbox"] = frozenset({"arn:aws:sns:us-east-1:222222222222:search-sandbox-News"})
    return attrs.evolve(fake, world=attrs.evolve(fake.world, sleep=lambda _: None))


def returning(fake: FakeWorld) -> list[StackRequest]:
    asked: list[StackRequest] = []
    deploys = fake.platform.deploy

    def deploy_(environment: Any, request: StackRequest, held: Any, say: Any) -> str:
        asked.append(request)
        return deploys(environment, request, held, say)

    fake.platform.deploy = deploy_  # type: ignore[method-assign]
    return asked


def test_what_a_stack_that_is_gone_kept_is_asked_for_at_once_and_comes_back_in(without_stack: FakeWorld) -> None:
    word = "import:search/search-sandbox-MainQueue"
    refused = repair(without_stack, "sandbox", "search")["search"]
    assert refused.outcome == "blocked" and f"`--agree {word}`" in refused.hint

    asked = returning(without_stack)
    agreed = Consent(allowed=frozenset({word}))
    assert repair(without_stack, "sandbox", "search", consent=agreed)["search"].outcome == "deployed"
    assert sorted(item.logical_id for item in asked[0].returning) == ["MainQueue", "News"]
    assert names(without_stack) == ()


def test_what_a_stack_kept_is_asked_for_while_the_stack_is_still_described_as_it_was(without_stack: FakeWorld) -> None:
    running = without_stack.world.ledger.records("sandbox")["search"].running
    assert running is not None
    tags = stack_tags(without_stack.world.config.id, "search", "sandbox")
    platform = StillDescribed(lambda _: "")
    platform.stacks = {AT: MemoryStack(template="{}", tags=tags, updates=1, stack_id=running.stack_id)}
    platform.tags = without_stack.platform.tags
    world = attrs.evolve(without_stack.world, platform=platform)

    refused = repair(attrs.evolve(without_stack, world=world), "sandbox", "search")["search"]

    assert refused.outcome == "blocked" and "`--agree import:search/search-sandbox-MainQueue`" in refused.hint


def test_only_what_went_with_its_stack_is_said_to_be_lost(without_stack: FakeWorld) -> None:
    notes = {note.split(" (")[0]: note for note in planned(without_stack).notes}

    assert "was deleted with its content" in notes["Data"]
    assert "was retained by its policy" in notes["MainQueue"] and "was deleted with" not in notes["MainQueue"]


def test_what_a_rollback_had_left_in_a_stack_that_is_gone_is_said_to_be_lost(fake: FakeWorld) -> None:
    del fake.platform.stacks[AT]

    assert planned(fake).notes == (
        f"Data ({TABLE} search-sandbox-Data) was deleted with the stack; the release does not have it, so it is not "
        "recreated",
    )


def test_what_a_template_of_somebody_else_let_go_is_asked_for_as_well(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.resources["search"] = {"MainQueue": QUEUE}
    deploy(fake, only=("search",))
    stack = fake.platform.stacks[AT]
    stack.template = json.dumps({"Resources": {k: v for k, v in there(fake).items() if k != "MainQueue"}})

    step = planned(fake)

    assert said(step.changes) == [("add", "MainQueue")] and "was retained by its policy" in step.notes[0]
    assert [question.answer for question in step.questions] == ["import:search/search-sandbox-MainQueue"]
