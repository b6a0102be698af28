"""The witness: which yes becomes an approval, and which does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.model.codepipeline import said_of, said_of_group, waiting_plans
from multi_env_lambda.model.record import approvals_folder
from multi_env_lambda.operations.witness import MOST_SECONDS, Witness, bear_witness
from multi_env_lambda.testing.memory_store import MemoryStore
from multi_env_lambda.witness import handler

EXECUTION = "0a1b2c3d-0000-1111-2222-0123456789ab"
DIGEST = "0123456789abcdef" * 4
GRACE = "arn:aws:sts::111111111111:assumed-role/acme-approver/grace"


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


@attrs.define
class Said:
    """What CodePipeline says, in memory."""

    found: list[dict[str, Any]]
    asked: list[str] = attrs.field(factory=list)

    def actions(self, execution: str) -> list[dict[str, Any]]:
        self.asked.append(execution)
        return self.found


def action(now: float, **more: Any) -> dict[str, Any]:
    text = more.pop("text", said_of("prod", DIGEST, "1 unit: orders"))
    return {
        "stageName": "prod",
        "actionName": "Approve",
        "status": "Succeeded",
        "startTime": at(now - 60),
        "lastUpdateTime": at(now - 5),
        "updatedBy": GRACE,
        "input": {"resolvedConfiguration": {"CustomData": text}},
        **more,
    }


def asked(store: MemoryStore, *found: dict[str, Any]) -> Witness:
    return Witness(store=store, pipeline=Said(list(found)), account_id="1" * 12, role="acme-approver")


def test_it_writes_what_she_has_read_in_her_name() -> None:
    store = MemoryStore()
    (approval,) = bear_witness(asked(store, action(store.now())), "prod", EXECUTION)

    assert (approval.digest, approval.who, approval.proven_name) == (DIGEST, GRACE, "grace")
    (item,) = store.list(f"{approvals_folder('prod')}{DIGEST}/")
    assert item.key.endswith("/witness.json")


def test_asked_again_about_the_same_yes_it_renews_nothing_and_a_new_yes_does() -> None:
    store = MemoryStore()
    yes = action(store.now())
    bear_witness(asked(store, yes), "prod", EXECUTION)
    (first,) = store.list(approvals_folder("prod"))
    bear_witness(asked(store, yes), "prod", EXECUTION)
    assert list(store.list(approvals_folder("prod"))) == [first]

    bear_witness(asked(store, {**yes, "lastUpdateTime": at(store.now() - 1)}), "prod", EXECUTION)
    (again,) = store.list(approvals_folder("prod"))
    assert again.key == first.key and again.etag != first.etag


WRONG: dict[str, dict[str, Any]] = {
    "nobody has answered": {"status": "InProgress"},
    "somebody has said no": {"status": "Failed"},
    "another stage": {"stageName": "test"},
    "another action": {"actionName": "Deploy"},
    "a build": {"updatedBy": "arn:aws:sts::111111111111:assumed-role/acme-build/AWSCodeBuild-1"},
    "a role that is called alike": {"updatedBy": "arn:aws:sts::111111111111:assumed-role/acme-approver2/grace"},
    "another account": {"updatedBy": "arn:aws:sts::222222222222:assumed-role/acme-approver/grace"},
    "a user without the role": {"updatedBy": "arn:aws:iam::111111111111:user/grace"},
    "the account itself": {"updatedBy": "arn:aws:iam::111111111111:root"},
    "nobody that is named": {"updatedBy": None},
    "the plan of another environment": {"text": said_of("test", DIGEST, "1 unit")},
    "two plans": {"text": said_of("prod", DIGEST, f"or {'f' * 64}")},
    "no plan": {"text": said_of("prod", "none", "none")},
    "a text that was never resolved": {"input": {"configuration": {"CustomData": said_of("prod", DIGEST, "")}}},
}


@pytest.mark.parametrize("why", WRONG)
def test_whatever_else_it_sees_it_writes_nothing(why: str) -> None:
    store = MemoryStore()
    with pytest.raises(Refused):
        bear_witness(asked(store, action(store.now(), **WRONG[why])), "prod", EXECUTION)
    assert list(store.list("")) == []


OTHER = "fedcba9876543210" * 4
PLANS = {"prod-eu": DIGEST, "prod-us": OTHER}
PLACES = (*PLANS, "prod-ap")


def of_group(plans: dict[str, str], summary: str = "1 unit: orders", name: str = "prod") -> str:
    return said_of_group(name, waiting_plans(plans), summary)


def test_one_yes_to_several_is_an_approval_of_each_plan_that_was_shown_and_of_no_other_environment() -> None:
    store = MemoryStore()
    yes = action(store.now(), text=of_group(PLANS))
    approvals = bear_witness(asked(store, yes), "prod", EXECUTION, PLACES)

    assert [(one.environment, one.digest, one.who) for one in approvals] == [
        ("prod-eu", DIGEST, GRACE),
        ("prod-us", OTHER, GRACE),
    ]
    keys = [item.key for item in store.list("")]
    assert len(keys) == 2 and all(key.endswith("/witness.json") for key in keys)


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("an environment that is not in this stage", of_group({**PLANS, "staging": "a" * 64})),
        ("one twice", of_group({"prod-eu": DIGEST}).replace(": 1", f", prod-eu {OTHER}: 1")),
        ("another digest in its words", of_group(PLANS, f"or {'f' * 64}")),
        ("the words in capitals", of_group(PLANS, f"or {'F' * 64}")),
        ("another stage", of_group(PLANS, name="last")),
        ("the text of a single environment", said_of("prod", DIGEST, "1 unit")),
        ("nothing that waits", said_of_group("prod", "none", "none")),
        ("a digest that is cut", of_group({"prod-eu": DIGEST[:63]})),
        ("something in front of it", f"Please {of_group(PLANS)}"),
    ],
)
def test_a_text_that_names_anything_else_is_no_yes_to_several(why: str, text: str) -> None:
    store = MemoryStore()
    with pytest.raises(Refused):
        bear_witness(asked(store, action(store.now(), text=text)), "prod", EXECUTION, PLACES)
    assert list(store.list("")) == [], why


def test_which_environments_a_stage_has_is_no_path() -> None:
    store = MemoryStore()
    with pytest.raises(Refused, match="about no environment"):
        bear_witness(asked(store, action(store.now(), text=of_group(PLANS))), "prod", EXECUTION, ("../prod",))


@pytest.mark.parametrize("age", [MOST_SECONDS + 1, -301.0])
def test_an_old_yes_or_one_of_the_future_is_none(age: float) -> None:
    store = MemoryStore()
    with pytest.raises(Refused, match="hours ago"):
        bear_witness(asked(store, action(store.now(), lastUpdateTime=at(store.now() - age))), "prod", EXECUTION)


def test_of_a_stage_that_was_tried_again_the_last_word_counts() -> None:
    store = MemoryStore()
    first = action(store.now(), startTime=at(store.now() - 600))
    no = action(store.now(), status="Failed")
    with pytest.raises(Refused, match="nobody has approved"):
        bear_witness(asked(store, first, no), "prod", EXECUTION)


@pytest.mark.parametrize(
    ("environment", "execution"),
    [("../prod", EXECUTION), ("prod/x", EXECUTION), ("", EXECUTION), ("prod", "x"), ("prod", "")],
)
def test_what_it_is_asked_about_is_an_environment_of_an_execution(environment: str, execution: str) -> None:
    store = MemoryStore()
    with pytest.raises(Refused):
        bear_witness(asked(store, action(store.now())), environment, execution)


@pytest.mark.parametrize("event", [None, [], {}, {"CodePipeline.job": None}, {"CodePipeline.job": {"id": 1}}])
def test_what_is_no_job_of_a_pipeline_is_refused_before_anything_is_asked(event: Any) -> None:
    with pytest.raises(ConfigurationError, match="no job of CodePipeline"):
        handler(event, None)


def test_without_its_settings_it_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        handler({"CodePipeline.job": {"id": "1", "data": {}}}, None)
