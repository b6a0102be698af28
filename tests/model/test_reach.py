"""Names of units and environments that the roles of another environment in the same account may change."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.api.unit_tables import read_units
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.reach import reaching
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace
from multi_env_lambda.plan.access_of_branches import beside
from multi_env_lambda.testing.local_cloud import sample_config

SHARED = "333333333333"


def config(*together: str, prefix: str = "acme", **changed: object) -> WorkspaceConfig:
    """The sample's environments; those that are named share an account."""
    found = sample_config()
    places = tuple(
        attrs.evolve(one, prefix=prefix, account_id=SHARED if one.name in together else one.account_id)
        for one in found.environments
    )
    return attrs.evolve(found, roles=Roles(prefix="acme"), environments=places, **changed)  # type: ignore[arg-type]


def why(found: WorkspaceConfig, unit: str, key: str = "main") -> str:
    """Why the unit is refused; empty: it is not."""
    text = f'[project]\nname = "{unit}"\nversion = "1"\n[tool.multi_env_lambda.functions.{key}]\nhandler = "a.b"\n'
    projects, broken = read_units(Path("."), {f"projects/{unit}": tomllib.loads(text)}, found)
    assert len(projects) + len(broken) == 1
    return "".join(str(one.error) for one in broken)


@pytest.mark.parametrize(("unit", "key"), [("load-test", "main"), ("x-test-y", "main"), ("orders", "a-test-b")])
def test_a_unit_within_reach_of_another_environments_roles_is_refused_with_both_names(unit: str, key: str) -> None:
    said = why(config("test", "prod"), unit, key)

    name = f"{unit}-prod-{key}" if key != "main" else f"{unit}-prod"
    assert f"would be called `{name}`, and the roles of `test` in the same account" in said
    assert "`*-test-*`" in said and "let `prod` have an account of its own" in said
    assert why(config(), unit, key) == "", "in an account of its own nothing is within reach"
    assert why(config("test", "prod", prefix=""), unit, key) == "", "one role serves everybody, as before"


@pytest.mark.parametrize(
    ("unit", "key"), [("test", "main"), ("latest", "main"), ("orders", "load-test"), ("tests", "m")]
)
def test_a_name_that_no_pattern_matches_is_nobodys_business(unit: str, key: str) -> None:
    assert why(config("test", "prod"), unit, key) == ""


def test_another_region_is_out_of_reach() -> None:
    found = config("test", "prod")
    places = tuple(attrs.evolve(one, region="eu-west-1") if one.name == "test" else one for one in found.environments)
    assert why(attrs.evolve(found, environments=places), "load-test") == ""


def test_what_branches_have_reaches_units_whose_names_say_b() -> None:
    ci = CiRules(branches=("feature/*",))

    assert "`*-b-*`" in why(config("sandbox", "prod", ci=ci), "plan-b")
    assert why(config("sandbox", "prod"), "plan-b") == ""
    assert why(config(ci=ci), "plan-b") == "", (
        "beside the environments of branches lies only the first one, with its roles"
    )


def test_a_branchs_own_environment_is_within_reach_of_its_own_roles_and_so_is_allowed() -> None:
    found = config("sandbox", "prod", ci=CiRules(branches=("feature/*",)))
    first, *_, prod = found.environments
    own = beside(first, "b-feature-x-abcdefgh")

    assert why(attrs.evolve(found, environments=(own,)), "orders") == ""
    assert why(attrs.evolve(found, environments=(own,)), "plan-b") == "", "the same roles serve it"
    called_so = attrs.evolve(own, beside=prod.name)
    assert reaching("orders-b-feature-x-abcdefgh-", called_so, [attrs.evolve(own, name="b")]) is not None


NAMES = st.from_regex(r"[a-d](-?[a-d]){0,6}", fullmatch=True)


@given(unit=NAMES, own=NAMES, other=NAMES)
def test_what_is_not_refused_matches_no_pattern_of_the_other_roles(unit: str, own: str, other: str) -> None:
    here = attrs.evolve(config().environments[0], name=own)
    there = attrs.evolve(here, name=other)
    stack = f"{unit}-{own}"
    made = [f"{stack}-main", f"{stack}-Main-1A2B", f"{stack}-bucket-{SHARED}-us-east-1"]

    if own != other and reaching(f"{stack}-", here, [there]) is None:
        assert not any(fnmatchcase(name, f"*-{other}-*") for name in made)


TABLE = """
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts"
[tool.multi_env_lambda.roles]
prefix = "acme"
[[tool.multi_env_lambda.environments]]
name = "test"
account_id = "333333333333"
[[tool.multi_env_lambda.environments]]
name = "{name}"
account_id = "333333333333"
"""


@pytest.mark.parametrize("name", ["test-eu", "pre-test-eu", "eu-test"])
def test_an_environment_whose_name_has_anothers_in_it_is_within_its_reach(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"`\*-test-\*`, and so for"):
        read_workspace(tomllib.loads(TABLE.format(name=name)), where="pyproject.toml")
    apart = TABLE.format(name=name).replace('account_id = "333333333333"\n', 'account_id = "444444444444"\n', 1)
    assert len(read_workspace(tomllib.loads(apart), where="pyproject.toml").environments) == 2
