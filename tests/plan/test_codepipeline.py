"""The template for CodePipeline: what stands in it, and what never gets into it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.local.emulator.pipeline_rules import problems
from multi_env_lambda.local.emulator.pipelines import _of_template
from multi_env_lambda.model.codepipeline import CodePipeline
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.bucket_guards import guards_of
from multi_env_lambda.plan.codepipeline import pipeline_template, template_text
from multi_env_lambda.plan.github_workflow import merged_file
from multi_env_lambda.plan.pipeline_spec import CHECK_OUT, INSTALL, RUN, SPEC
from multi_env_lambda.plan.yaml_text import yaml_of
from multi_env_lambda.testing.local_cloud import sample_config
from tests.model.test_codepipeline import CONNECTION
from tests.plan.test_github_workflow import HOSTILE, LIBRARY, shape
from tests.tools.yaml_files import yaml_in

CODE = "ci/library/0/dispatcher.zip"
PEOPLE = ("arn:aws:iam::111111111111:user/grace",)


def asking(config: WorkspaceConfig, *names: str) -> WorkspaceConfig:
    places = tuple(attrs.evolve(place, approval=place.name in names) for place in config.environments)
    return attrs.evolve(config, environments=places)


HERE = CodePipeline(repository="units")
ELSEWHERE = CodePipeline(repository="https://github.com/acme/units", connection=CONNECTION)
CONFIG = asking(attrs.evolve(sample_config(), roles=Roles(prefix="acme", approvers=PEOPLE), codepipeline=HERE), "prod")


def written(config: WorkspaceConfig = CONFIG) -> str:
    return template_text(config, LIBRARY, CODE, runtime="python3.13")


def made(config: WorkspaceConfig = CONFIG) -> dict[str, Any]:
    return pipeline_template(config, LIBRARY, CODE, runtime="python3.13")


def pipeline(config: WorkspaceConfig = CONFIG) -> dict[str, Any]:
    found: dict[str, Any] = made(config)["Resources"]["Pipeline"]["Properties"]
    return found


def stages(config: WorkspaceConfig = CONFIG) -> dict[str, list[str]]:
    return {stage["Name"]: [action["Name"] for action in stage["Actions"]] for stage in pipeline(config)["Stages"]}


def test_source_plan_and_each_environment_in_its_order() -> None:
    assert stages() == {
        "Source": ["Source"],
        "Plan": ["Plan"],
        "sandbox": ["Deploy"],
        "test": ["Deploy"],
        "staging": ["Deploy"],
        "Ask-prod": ["Plan"],
        "prod": ["Approve", "Witness", "Deploy"],
        "Result": ["Result"],
    }
    orders = [action["RunOrder"] for action in pipeline()["Stages"][-2]["Actions"]]
    assert orders == [1, 2, 3]


BESIDE = attrs.evolve(
    CONFIG,
    environments=tuple(
        attrs.evolve(CONFIG.environments[0], name=name, stage=stage, account_id=account * 12, approval=asks)
        for name, stage, account, asks in (
            ("sandbox", "", "2", False),
            ("test-eu", "test", "3", False),
            ("test-us", "test", "4", False),
            ("test-us-b", "test", "4", False),
            ("prod-eu", "prod", "5", True),
            ("prod-us", "prod", "6", True),
            ("prod-ap", "prod", "7", False),
            ("last-a", "last", "8", True),
            ("last-b", "last", "9", False),
            ("last-c", "last", "9", False),
            ("last-d", "last", "8", True),
        )
    ),
)


def test_environments_of_a_stage_are_actions_beside_each_other_and_one_yes_is_for_all_that_ask() -> None:
    assert stages(BESIDE) == {
        "Source": ["Source"],
        "Plan": ["Plan"],
        "sandbox": ["Deploy"],
        "test": ["Deploy-test-eu", "Deploy-test-us", "Deploy-test-us-b"],
        "prod-ap": ["Deploy"],
        "Ask-prod": ["Plan"],
        "prod": ["Approve", "Witness", "Deploy-prod-eu", "Deploy-prod-us"],
        "Free-last": ["Deploy-last-b", "Deploy-last-c"],
        "Ask-last": ["Plan"],
        "last": ["Approve", "Witness", "Deploy-last-a", "Deploy-last-d"],
        "Result": ["Result"],
    }
    orders = {
        stage["Name"]: [action["RunOrder"] for action in stage["Actions"]] for stage in pipeline(BESIDE)["Stages"]
    }
    assert orders["test"] == [1, 1, 2], "those of one account and region one after the other"
    assert (orders["prod"], orders["last"]) == ([1, 2, 3, 3], [1, 2, 3, 4])
    (prod,) = [one for one in pipeline(BESIDE)["Stages"] if one["Name"] == "prod"]
    custom = prod["Actions"][0]["Configuration"]["CustomData"]
    assert custom.startswith("Deploy to prod the plans #{Ask-prod.MULTI_ENV_LAMBDA_DIGEST}: ")
    told = json.loads(prod["Actions"][1]["Configuration"]["UserParameters"])
    assert told["environments"] == ["prod-eu", "prod-us"] and told["environment"] == "prod"


def test_a_stage_of_several_is_skipped_where_none_of_them_changes() -> None:
    found = {
        stage["Name"]: stage["BeforeEntry"]["Conditions"][0]["Rules"][0]["Configuration"]["Value"]
        for stage in pipeline(BESIDE)["Stages"]
        if "BeforeEntry" in stage
    }
    assert found == {
        "sandbox": ":sandbox:",
        "test": ":test:",
        "prod-ap": ":prod-ap:",
        "prod": "none",
        "Free-last": ":Free-last:",
        "last": "none",
        "Result": "none",
    }


def test_a_person_may_say_yes_to_a_stage_and_the_witness_writes_for_its_environments_that_ask() -> None:
    assert BESIDE.roles is not None
    grants = {
        role.name: {action: grant.resources for grant in role.grants for action in grant.actions}
        for role in of_devops_roles(BESIDE, BESIDE.roles)
    }
    arn = "arn:aws:codepipeline:us-east-1:111111111111:acme-pipeline"
    yes = grants["acme-approver"]["codepipeline:PutApprovalResult"]
    assert set(yes) == {f"{arn}/prod/Approve", f"{arn}/last/Approve"}
    folders = {one.split("/")[2] for one in grants["acme-witness"]["s3:PutObject"]}
    assert folders == {"prod-eu", "prod-us", "last-a", "last-d"}


def test_more_environments_than_one_text_has_room_for_are_refused() -> None:
    def beside(count: int) -> WorkspaceConfig:
        first = CONFIG.environments[0]
        places = [
            attrs.evolve(first, name=f"{'p' * 36}-{number}", stage="prod", approval=True) for number in range(count)
        ]
        return attrs.evolve(CONFIG, environments=(first, *places))

    assert (
        list(problems(_of_template(json.loads(json.dumps(pipeline(beside(8))).replace('{"Ref": "Sources"}', '"b"')))))
        == []
    )
    with pytest.raises(ConfigurationError, match="the text for 9 environments has more than 1000 characters"):
        pipeline(beside(9))


def test_an_environment_that_asks_nobody_has_no_witness() -> None:
    config = asking(CONFIG)

    assert "Witness" not in made(config)["Resources"]
    assert not any(name.startswith("Ask-") for name in stages(config))


def test_what_waits_is_replaced_by_what_is_newer_and_never_runs_beside_it() -> None:
    assert (pipeline()["PipelineType"], pipeline()["ExecutionMode"]) == ("V2", "SUPERSEDED")
    assert pipeline()["RestartExecutionOnUpdate"] is False


def test_where_nothing_is_to_be_done_a_stage_is_skipped() -> None:
    found = {
        stage["Name"]: stage["BeforeEntry"]["Conditions"][0] for stage in pipeline()["Stages"] if "BeforeEntry" in stage
    }
    assert list(found) == ["sandbox", "test", "staging", "prod", "Result"]
    assert {condition["Result"] for condition in found.values()} == {"SKIP"}
    asked = found["prod"]["Rules"][0]["Configuration"]
    assert asked == {"Operator": "NE", "Value": "none", "Variable": "#{Ask-prod.MULTI_ENV_LAMBDA_DIGEST}"}


def test_a_push_starts_it_by_a_rule_or_by_a_trigger() -> None:
    there = attrs.evolve(CONFIG, codepipeline=ELSEWHERE)

    assert "Starter" in made()["Resources"] and "Triggers" not in pipeline()
    assert "Starter" not in made(there)["Resources"]
    (trigger,) = pipeline(there)["Triggers"]
    assert trigger["GitConfiguration"] == {
        "Push": [{"Branches": {"Includes": ["main"]}}],
        "SourceActionName": "Source",
    }


def test_the_pipeline_has_no_action_that_changes_it() -> None:
    kinds = {action["ActionTypeId"]["Provider"] for stage in pipeline()["Stages"] for action in stage["Actions"]}
    assert kinds == {"CodeBuild", "CodeCommit", "Lambda", "Manual"}


def test_no_script_depends_on_the_table() -> None:
    other = attrs.evolve(CONFIG, roles=Roles(prefix="emca"))
    specs = {made(config)["Resources"]["Build"]["Properties"]["Source"]["BuildSpec"] for config in (CONFIG, other)}

    assert specs == {SPEC}
    assert yaml.safe_load(SPEC)["phases"]["build"]["commands"] == [INSTALL, CHECK_OUT, RUN]


def test_the_text_is_the_template() -> None:
    assert yaml.safe_load(written()) == json.loads(json.dumps(made()))


def test_without_a_repository_there_is_nothing_to_write() -> None:
    with pytest.raises(ConfigurationError, match="has no `codepipeline`"):
        written(attrs.evolve(CONFIG, codepipeline=None))


@pytest.mark.parametrize("source", [HERE, ELSEWHERE])
@pytest.mark.parametrize("places", [(), ("prod",), ("sandbox", "prod")])
def test_the_rules_of_the_service_are_kept(source: CodePipeline, places: tuple[str, ...]) -> None:
    config = asking(attrs.evolve(CONFIG, codepipeline=source), *places)
    beside = attrs.evolve(BESIDE, codepipeline=source)
    for one in (config, beside):
        properties = json.loads(json.dumps(pipeline(one)).replace('{"Ref": "Sources"}', '"a-bucket"'))
        assert list(problems(_of_template(properties))) == []


@pytest.mark.slow
@pytest.mark.parametrize("source", [HERE, ELSEWHERE])
def test_cfn_lint_finds_nothing(tmp_path: Path, source: CodePipeline) -> None:
    path = tmp_path / "template.yml"
    path.write_text(written(attrs.evolve(CONFIG, codepipeline=source)), "utf-8")
    program = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([program, path], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_what_stands_above_and_below_the_marked_part_stays() -> None:
    own = f"# our own words\n{written()}  Ours:\n    Type: AWS::SNS::Topic\n"
    other = written(attrs.evolve(CONFIG, roles=Roles(prefix="emca")))
    found = merged_file(own, other)

    assert found == own.replace(written(), other)
    assert list(yaml.safe_load(found)["Resources"])[-1] == "Ours"


def table(**said: str) -> dict[str, Any]:
    devops = {key: said.get(key, usual) for key, usual in (("region", "us-east-1"), ("bucket", "artifacts"))}
    pipeline = {"repository": said.get("repository", "units")}
    return {
        "tool": {
            "multi_env_lambda": {
                "devops": {"account_id": "1" * 12, **devops},
                "environments": [
                    {"name": "sandbox", "account_id": "2" * 12},
                    {"name": said.get("name", "prod"), "account_id": "3" * 12, "approval": True},
                ],
                "roles": {"prefix": said.get("prefix", "acme"), "approvers": list(PEOPLE)},
                "ci": {"branch": said.get("branch", "main"), "codepipeline": pipeline},
            }
        }
    }


KEYS = ["repository", "name", "region", "bucket", "prefix", "branch"]


@given(key=st.sampled_from(KEYS), text=st.one_of(HOSTILE, st.sampled_from(["#{Plan.X}", "a#{b.c}", "*", "yes"])))
def test_no_text_of_a_table_becomes_anything_but_a_value(key: str, text: str) -> None:
    """Either the table is refused, or the file differs in values alone; CodePipeline replaces nothing in them."""
    try:
        config = read_workspace(table(**{key: text}), where="pyproject.toml")
    except ConfigurationError:
        return
    found, usual = written(config), written(read_workspace(table(), where="pyproject.toml"))
    assert shape(yaml_in(found)) == shape(yaml_in(usual))
    assert found.count("#{") == usual.count("#{")
    assert merged_file(found, found) == found


@given(
    st.recursive(
        st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.sampled_from(["a\nb\n", "a\n\nb\n", "a\n"])),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    assert yaml.safe_load(yaml_of({"Found": value})) == {"Found": value}


def test_the_witness_alone_may_write_its_approvals_and_nobody_else_says_yes() -> None:
    assert CONFIG.roles is not None
    grants = {
        role.name: {action: grant.resources for grant in role.grants for action in grant.actions}
        for role in of_devops_roles(CONFIG, CONFIG.roles)
    }
    approves = {name for name, found in grants.items() if "codepipeline:PutApprovalResult" in found}
    asks = {name for name, found in grants.items() if "lambda:InvokeFunction" in found}
    writes = {
        name
        for name, found in grants.items()
        if any(
            "/approvals/" in resource and resource.endswith("/witness.json")
            for resource in found.get("s3:PutObject", ())
        )
    }
    assert (approves, asks, writes) == ({"acme-approver"}, {"acme-pipeline"}, {"acme-witness"})
    assert grants["acme-approver"]["codepipeline:PutApprovalResult"] == (
        "arn:aws:codepipeline:us-east-1:111111111111:acme-pipeline/prod/Approve",
    )
    changes = ("codepipeline:UpdatePipeline", "lambda:UpdateFunctionCode", "iam:PassRole", "codepipeline:*", "*")
    assert not [(name, action) for name, found in grants.items() for action in changes if action in found]


def test_the_bucket_lets_the_witness_write_approvals_where_somebody_is_asked() -> None:
    found, nobody = guards_of(CONFIG), guards_of(asking(CONFIG))
    elsewhere = guards_of(attrs.evolve(CONFIG, codepipeline=None))
    assert found is not None and nobody is not None and elsewhere is not None
    assert elsewhere.approvers == nobody.approvers
    assert [arn.rpartition("/")[2] for arn in found.approvers] == ["acme-approver", "acme-witness"]
    assert [arn.rpartition("/")[2] for arn in nobody.approvers] == ["acme-approver"]


def test_the_role_of_builds_lets_in_the_pipeline_s_project_and_no_other() -> None:
    assert CONFIG.roles is not None
    trust = {role.name: role.trust for role in of_devops_roles(CONFIG, CONFIG.roles)}

    sources = [one["Condition"]["ArnEquals"]["aws:SourceArn"] for one in trust["acme-build"]["Statement"]]
    assert sources == ["arn:aws:codebuild:us-east-1:111111111111:project/acme-pipeline"]
    assert "acme-pipeline" not in json.dumps(trust["acme-plan"])
