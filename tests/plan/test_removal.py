"""What outlives a stack, and who still needs a unit."""

from __future__ import annotations

import json

import attrs

from multi_env_lambda.model.artifact import SourceArtifact
from multi_env_lambda.model.release import Release
from multi_env_lambda.plan.removal import Removal, Retained, kept_by, needed_by, retained


def template(**resources: object) -> str:
    return json.dumps({"Resources": resources})


def table(policy: str) -> dict[str, object]:
    return {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "orders"}, "DeletionPolicy": policy}


def release(project: str, *needs: str) -> Release:
    source = SourceArtifact(project=project, version="0.1.0", digest="d", wheel_sha256="aa")
    return Release(project=project, artifacts=(source,), stages=(), needs=needs)


def test_retained_resources_are_named_with_their_physical_name() -> None:
    found = retained(template(Data=table("Retain"), Plain=table("Delete")))

    assert [str(item) for item in found] == ["Data (AWS::DynamoDB::Table orders) stays"]


def test_what_stays_by_a_request_is_in_its_document() -> None:
    removal = Removal(
        project="orders", environment="prod", stack_name="orders-prod", release="r", version="0.1.0", keep=("Data",)
    )

    assert kept_by(json.loads(json.dumps(removal.to_dict()))) == ("Data",)
    assert kept_by({"digest": "d", "asked": {"verb": "destroy"}}) == ()


def test_retain_except_on_create_is_retained_by_a_deletion() -> None:
    assert retained(template(Data=table("RetainExceptOnCreate")))[0].fate == "stays"


def test_a_snapshot_is_what_is_left_of_a_database() -> None:
    assert retained(template(Data=table("Snapshot")))[0].fate == "leaves a snapshot"


def test_a_version_goes_with_its_function_but_a_layer_stays() -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "f"}}
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}, "DeletionPolicy": "Retain"}
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "l"}, "DeletionPolicy": "Retain"}

    found = retained(template(F=function, V=version, L=layer))

    assert found == (Retained(logical_id="L", type="AWS::Lambda::LayerVersion", fate="stays", name="l"),)


def test_a_unit_is_needed_by_whose_running_release_says_so() -> None:
    running = [release("orders", "customers"), release("search"), release("customers")]

    assert needed_by("customers", running) == ("orders",)


def test_what_stays_and_who_needs_it_is_part_of_what_is_approved() -> None:
    removal = Removal(project="orders", environment="prod", stack_name="orders-prod", release="r", version="1")

    assert removal.digest != attrs.evolve(removal, needed_by=("search",)).digest
    assert removal.digest != attrs.evolve(removal, release="s").digest
