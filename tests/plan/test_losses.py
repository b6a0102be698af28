"""What a change set would lose, read from what CloudFormation says of it, and whose word lets it go."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.record import Deployment, Loss, Record
from multi_env_lambda.plan.losses import loss_question, loss_questions, losses, unagreed

TABLE = "AWS::DynamoDB::Table"
LOSS = Loss(logical_id="Ledger", type=TABLE, physical_id="ledger", fate="deleted")


def change(action: str, **more: Any) -> dict[str, Any]:
    named = {"LogicalResourceId": "Ledger", "PhysicalResourceId": "ledger", "ResourceType": TABLE}
    return {"Type": "Resource", "ResourceChange": {"Action": action, **named, **more}}


def template(**more: Any) -> str:
    return json.dumps({"Resources": {"Ledger": {"Type": TABLE, **more}}})


@pytest.mark.parametrize(
    ("changed", "fate"),
    [
        (change("Remove", PolicyAction="Delete"), "deleted"),
        (change("Remove"), "deleted"),
        (change("Remove", PolicyAction="Retain"), None),
        (change("Remove", PolicyAction="Snapshot"), None),
        (change("Modify", Replacement="True", PolicyAction="ReplaceAndDelete"), "replaced"),
        (change("Modify", Replacement="True", PolicyAction="ReplaceAndRetain"), None),
        (change("Modify", Replacement="True", PolicyAction="ReplaceAndSnapshot"), None),
        (change("Modify", Replacement="Conditional"), "perhaps replaced"),
        (change("Modify", Replacement="False"), None),
        (change("Dynamic"), "perhaps replaced"),
        (change("Add"), None),
        (change("Modify", Replacement="True", ResourceDriftStatus="DELETED"), None),
        (change("Modify", Replacement="True", ResourceDriftStatus="MODIFIED"), "replaced"),
        (change("Import"), None),
        (change("Remove", ResourceType="AWS::Lambda::Function"), None),
        ({"Type": "Hook"}, None),
    ],
)
def test_what_of_a_change_set_holds_data_and_goes(changed: dict[str, Any], fate: str | None) -> None:
    assert [loss.fate for loss in losses([changed], template())] == ([] if fate is None else [fate])


def test_what_may_be_replaced_is_kept_by_the_policy_of_its_template() -> None:
    perhaps = [change("Modify", Replacement="Conditional")]

    assert losses(perhaps, template(UpdateReplacePolicy="Retain")) == ()
    assert [loss.fate for loss in losses(perhaps, "Resources: in another notation")] == ["perhaps replaced"]


def test_the_question_has_both_names() -> None:
    question = loss_question("billing", LOSS)

    assert question.answer == "replace:billing/Ledger"
    assert "Ledger (AWS::DynamoDB::Table ledger) would be deleted, with the data in it" in question.text


def test_what_is_only_possible_is_said_to_be_possible() -> None:
    perhaps = loss_question("billing", attrs.evolve(LOSS, fate="perhaps replaced"))

    assert "Ledger (AWS::DynamoDB::Table ledger) may be replaced, with the data in it" in perhaps.text


@pytest.mark.parametrize(("name", "lost"), [("/mine/audit", 1), ("/aws/lambda/billing-sandbox-main", 0)])
def test_a_log_group_holds_data_of_its_own_unless_it_is_a_functions(name: str, lost: int) -> None:
    gone = change("Remove", ResourceType="AWS::Logs::LogGroup", PhysicalResourceId=name)

    assert len(losses([gone], "{}")) == lost


def stopped_by(loss: Loss) -> Record:
    latest = Deployment(
        sequence=1, action="deploy", outcome="failed", release="r", version="1", layer=None, who="", when="", commit=""
    )
    return Record(project="billing", environment="sandbox", latest=attrs.evolve(latest, losses=(loss,)))


@pytest.mark.parametrize(
    ("loss", "new", "asks"),
    [
        (LOSS, "{}", True),
        (LOSS, template(), False),
        (attrs.evolve(LOSS, fate="replaced"), template(), True),
        (attrs.evolve(LOSS, fate="replaced"), template(UpdateReplacePolicy="Retain"), False),
        (attrs.evolve(LOSS, fate="replaced"), "{}", False),
    ],
)
def test_what_stopped_an_attempt_is_asked_while_the_template_may_still_do_it(loss: Loss, new: str, asks: bool) -> None:
    assert bool(loss_questions(stopped_by(loss), "billing", new)) == asks


def test_a_word_is_for_what_it_names_and_a_take_over_for_what_it_showed() -> None:
    other = attrs.evolve(LOSS, logical_id="Users")
    shown = "AWS::DynamoDB::Table Users (ledger) would be deleted, with the data in it"

    assert unagreed("billing", [LOSS, other], [loss_question("billing", LOSS)]) == (other,)
    assert unagreed("orders", [LOSS], [loss_question("billing", LOSS)]) == (LOSS,)
    assert unagreed("billing", [LOSS, other], [Question(kind="take over", text=shown, answer="take-over:billing")]) == (
        LOSS,
    )
    assert unagreed("billing", [LOSS], [Question(kind="import", text=shown, answer="import:billing/ledger")]) == (LOSS,)
