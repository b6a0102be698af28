"""The statements of the first environment's roles reach environments of branches, and no other environment's."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.plan.access_of_branches import any_branchs, beside, has_branches, with_branches
from multi_env_lambda.plan.grant import grant_of
from multi_env_lambda.testing.world import fake_config

FIRST = Environment(name="sandbox", account_id="2" * 12, region="us-east-1", prefix="acme", protect=True)
CONFIG = attrs.evolve(fake_config(), environments=(FIRST,), ci=CiRules(branches=("feature/*",)))


def test_it_acts_as_the_roles_of_the_first_one_and_under_its_boundary() -> None:
    own = beside(FIRST, "b-x-tymznrwk")

    assert (own.role_for("deploy"), own.execution_role_arn) == (FIRST.role_for("deploy"), FIRST.execution_role_arn)
    assert (own.boundary_arn, own.role_path, own.protect) == (FIRST.boundary_arn, FIRST.role_path, False)
    assert beside(attrs.evolve(FIRST, prefix=""), "b-x").beside == ""


def test_the_name_that_stands_for_all_becomes_the_pattern_of_all() -> None:
    name = any_branchs(CONFIG).name
    own = [
        grant_of("Change", "deploy", ["stack/*-sandbox/*"], "x:A"),
        grant_of("Tagged", "deploy", ["*"], "x:B", condition={"StringLike": {"name": "*-sandbox"}}),
        grant_of("Same", "deploy", ["role/acme-sandbox-execution"], "x:C"),
    ]
    more = [
        grant_of("Change", "deploy", [f"stack/*-{name}/*"], "x:A"),
        grant_of("Tagged", "deploy", ["*"], "x:B", condition={"StringLike": {"name": f"*-{name}"}}),
        grant_of("Same", "deploy", ["role/acme-sandbox-execution"], "x:C"),
    ]

    found = {grant.sid: grant for grant in with_branches(own, more)}

    assert found["Change"].resources == ("stack/*-sandbox/*", "stack/*-b-*/*")
    assert found["TaggedOfBranches"].condition == {"StringLike": {"name": "*-b-*"}}
    assert found["Same"] == own[2] and found["Tagged"] == own[1]
    assert name not in repr(found)


def test_only_the_first_environment_has_them_and_only_where_the_table_says_so() -> None:
    second = attrs.evolve(FIRST, name="prod")
    assert has_branches(CONFIG, FIRST) and not has_branches(CONFIG, second)
    assert not has_branches(attrs.evolve(CONFIG, ci=CiRules()), FIRST)
