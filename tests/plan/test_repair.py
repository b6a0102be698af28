"""What a repair changes, and what has no state to which it could be put back."""

from __future__ import annotations

import json

import attrs
import pytest

from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.record import Record
from multi_env_lambda.plan.aliases import rewritten, unwritten
from multi_env_lambda.plan.imports import NO_STACK
from multi_env_lambda.plan.repair import lost_already, merged, not_repairable
from tests.plan.record_values import deployment

FUNCTION = "AWS::Lambda::Function"
RECORD = Record(project="orders", environment="prod", running=deployment(), latest=deployment())


def modified(path: str) -> ResourceChange:
    found = (PropertyChange(path=path, old="1", new="2"),)
    return ResourceChange(action="modify", logical_id="Main", type=FUNCTION, properties=found)


def test_what_is_found_of_one_resource_in_several_ways_is_one_change() -> None:
    (found,) = merged([modified("Timeout"), modified("Code.CodeSha256")], ())

    assert [item.path for item in found.properties] == ["Timeout", "Code.CodeSha256"]


def test_what_the_templates_say_would_be_lost_is_not_hidden() -> None:
    loss = ResourceChange(action="remove", logical_id="Main", type=FUNCTION, destructive=True)

    assert merged([modified("Timeout")], [loss]) == (loss,)


@pytest.mark.parametrize(
    ("action", "kind", "told"),
    [("add", "AWS::DynamoDB::Table", 1), ("modify", "AWS::DynamoDB::Table", 0), ("add", FUNCTION, 0)],
)
def test_only_what_is_made_anew_and_held_data_was_lost(action: str, kind: str, told: int) -> None:
    change = ResourceChange(action=action, logical_id="It", type=kind)  # type: ignore[arg-type]

    assert len(lost_already([change], None, None)) == told


@pytest.mark.parametrize(
    ("policy", "inside", "kept"),
    [("Retain", False, True), ("RetainExceptOnCreate", False, True), ("Retain", True, False), ("Delete", False, False)],
    ids=["left its stack", "left it", "deleted itself", "went with its stack"],
)
def test_what_its_policy_kept_when_it_left_its_stack_is_not_lost(policy: str, inside: bool, kept: bool) -> None:
    change = ResourceChange(action="add", logical_id="It", type="AWS::SQS::Queue")
    before = json.dumps({"Resources": {"It": {"Type": change.type, "DeletionPolicy": policy}}})

    (note,) = lost_already([change], before, before if inside else NO_STACK)

    assert ("was retained by its policy" in note, "was deleted with its content" in note) == (kept, not kept)


def test_what_is_sent_does_not_go_whatever_the_comparison_says() -> None:
    added = ResourceChange(action="remove", logical_id="It", type="AWS::DynamoDB::Table")
    anew = ResourceChange(action="add", logical_id="It", type="AWS::DynamoDB::Table")

    assert merged([added], (), {"It"}) == ()
    assert merged([anew, added], (), {"It"}) == (anew,)
    assert merged([added], ()) == (added,)


def test_what_runs_by_its_record_can_be_put_back() -> None:
    assert not_repairable("orders", "prod", RECORD) is None


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (None, "it does not run there"),
        (attrs.evolve(RECORD, running=None), "it does not run there"),
        (attrs.evolve(RECORD, latest=deployment("s", outcome="shifting", version="0.2.0")), "0.2.0 is being deployed"),
    ],
    ids=["no record", "nothing runs", "traffic moves"],
)
def test_what_has_no_state_to_go_back_to_is_refused(record: Record | None, told: str) -> None:
    refused = not_repairable("orders", "prod", record)

    assert refused is not None and told in refused.what


def template(version: str, **alias: object) -> str:
    properties = {"FunctionName": "orders-main", "Name": "live", "FunctionVersion": version, **alias}
    return f'{{"Resources": {{"Live": {{"Type": "AWS::Lambda::Alias", "Properties": {_json(properties)}}}}}}}'


def _json(value: object) -> str:
    return json.dumps(value)


def test_an_alias_is_written_where_its_template_says_something_else() -> None:
    old, new = template("1"), template("2")

    assert (unwritten(old, old), rewritten(old, old)) == ({"Live"}, frozenset())
    assert (unwritten(old, new), rewritten(old, new)) == (frozenset(), {"orders-main"})
    assert (unwritten(None, new), rewritten(None, new)) == (frozenset(), frozenset())


def test_weights_that_the_template_says_are_nobodys_hand() -> None:
    weights = {"RoutingConfig": {"AdditionalVersionWeights": [{"FunctionVersion": "1", "FunctionWeight": 0.1}]}}

    assert rewritten(template("1"), template("2", **weights)) == frozenset()
