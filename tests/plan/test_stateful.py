"""What holds data, and what of it is made anew, as AWS's schemas say."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from multi_env_lambda.local.emulator import replacements
from multi_env_lambda.plan.stateful import MAY_REPLACE, REPLACED_BY, STATEFUL

_ALSO_ALWAYS = {("AWS::DynamoDB::Table", "KeySchema"), ("AWS::RDS::DBInstance", "Engine")}
"""In some cases only by the schema: a key that changes, another database."""
_OF_A_CLUSTER = {"AWS::DocDB::DBInstance", "AWS::Neptune::DBInstance"}


def paths_of(type_: str, key: str) -> set[str]:
    """Those that are no part of another, and no part of each item of a list."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema
    found = {path.removeprefix("/properties/") for path in schema.get(key, []) if "*" not in path}
    return {path for path in found if not any(path.startswith(f"{other}/") for other in found)}


@pytest.mark.parametrize("type_", sorted(STATEFUL - {name for name, paths in MAY_REPLACE.items() if "*" in paths}))
def test_the_properties_that_make_a_new_one_are_those_of_the_schema(type_: str) -> None:
    always = {path for path in REPLACED_BY[type_] if (type_, path) not in _ALSO_ALWAYS}

    assert always == paths_of(type_, "createOnlyProperties")
    assert MAY_REPLACE[type_] == {
        path for path in paths_of(type_, "conditionalCreateOnlyProperties") if (type_, path) not in _ALSO_ALWAYS
    }


def test_all_that_cfn_lint_calls_stateful_is_known() -> None:
    listed = json.loads((files("cfnlint") / "data/AdditionalSpecs/StatefulResources.json").read_text("utf-8"))

    assert set(listed["ResourceTypes"]) - STATEFUL == _OF_A_CLUSTER


def test_the_local_cloud_makes_anew_what_the_plan_says() -> None:
    for type_, names in replacements.REPLACED_BY.items():
        assert set(names) == {path for path in REPLACED_BY[type_] if "/" not in path}
    for type_, names in {**dict.fromkeys(replacements.REPLACED_BY, ()), **replacements.MAY_REPLACE}.items():
        whole = {path for path in REPLACED_BY[type_] if "/" in path} | MAY_REPLACE[type_]
        assert set(names) == {path.partition("/")[0] for path in whole}
