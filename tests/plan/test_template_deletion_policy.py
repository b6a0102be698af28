"""A policy of deletion that CloudFormation would refuse is refused before the first write: it keeps nothing."""

from __future__ import annotations

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.check import check_document

TABLE, VOLUME = "AWS::DynamoDB::Table", "AWS::EC2::Volume"


def check(type_: str, **policies: object) -> None:
    resources = {"Ledger": {"Type": type_, "Properties": {}, **policies}}
    conditions = {"IsProd": {"Fn::Equals": ["prod", "prod"]}}
    check_document({"Conditions": conditions, "Resources": resources}, where="orders")


@pytest.mark.parametrize(
    ("type_", "attribute", "policy", "message", "hint"),
    [
        (TABLE, "DeletionPolicy", "Snapshot", "takes no snapshot of AWS::DynamoDB::Table", "write `Retain`"),
        (TABLE, "UpdateReplacePolicy", "Snapshot", "takes no snapshot of AWS::DynamoDB::Table", "write `Retain`"),
        (TABLE, "DeletionPolicy", "retain", 'Resources.Ledger.DeletionPolicy is "retain"', "did you mean `Retain`?"),
        (VOLUME, "DeletionPolicy", "Keep", "expected Delete, Retain, RetainExceptOnCreate or Snapshot", ""),
        (
            TABLE,
            "UpdateReplacePolicy",
            "RetainExceptOnCreate",
            "expected Delete, Retain or Snapshot",
            "use one of these",
        ),
    ],
)
def test_what_cloudformation_does_not_take_is_refused(
    type_: str, attribute: str, policy: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check(type_, **{attribute: policy})

    assert message in caught.value.what
    assert hint in caught.value.hint


@pytest.mark.parametrize("policy", ["Delete", "Retain", {"Fn::If": ["IsProd", "Retain", "Delete"]}])
@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_what_it_takes_of_every_type_passes(attribute: str, policy: object) -> None:
    check(TABLE, **{attribute: policy})


def test_a_snapshot_of_what_has_one_passes() -> None:
    check(VOLUME, DeletionPolicy="Snapshot", UpdateReplacePolicy="Snapshot")
