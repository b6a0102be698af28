"""What AWS takes as a name, and what two units must not share."""

from __future__ import annotations

import attrs
import pytest
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.claims import claims_of
from multi_env_lambda.model.collisions import find_collisions
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.name import (
    ARN,
    BUCKET,
    KEY,
    PROJECT_NAME,
    REGION,
    check_length,
    normalised,
)
from multi_env_lambda.model.project import Project, made_names
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    Function,
    GlueJob,
    Own,
    OwnQueue,
    Queue,
    Settings,
    Topic,
)
from multi_env_lambda.model.workspace import WorkspaceConfig

DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="acme")


def environment(name: str, account_id: str = "222222222222") -> Environment:
    return Environment(name=name, account_id=account_id, region="us-east-1")


def config(*environments: Environment) -> WorkspaceConfig:
    return WorkspaceConfig(devops=DEVOPS, environments=environments)


def unit(name: str, environments: tuple[Environment, ...], *keys: str, folder: str = "") -> Project:
    settings = Settings(functions=tuple(Function(key=key, handler="a.b") for key in keys))
    everywhere = {item.name: settings for item in environments}
    return Project(name=name, folder=folder or f"projects/{name}", version="1", settings=everywhere)


def refusal(projects: list[Project], *environments: Environment) -> str:
    """What is said of the last of them."""
    return str(collisions(projects, *environments)[projects[-1].folder])


def collisions(projects: list[Project], *environments: Environment, **unreadable: str) -> dict[str, ConfigurationError]:
    claims = [claims_of(project, environments) for project in projects]
    return find_collisions(claims, config(*environments), unreadable=unreadable)


@pytest.mark.parametrize("name", ["a", "orders", "data-import", "a1-b2", "o" * 40])
def test_these_are_project_names(name: str) -> None:
    assert PROJECT_NAME.accepts(name)


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a-", "a--b", "a_b", "a.b", "a b", "a/b", "a\n", "ä", "o" * 41])
def test_these_are_not(name: str) -> None:
    assert not PROJECT_NAME.accepts(name)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "ap-southeast-4", "mx-central-1", "il-central-1"])
def test_these_are_regions(region: str) -> None:
    assert REGION.accepts(region)


@pytest.mark.parametrize(
    "region", ["us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "cn-north-1", "us-east", "eu-west-1a"]
)
def test_these_are_not_regions_of_the_commercial_partition(region: str) -> None:
    assert not REGION.accepts(region)


@pytest.mark.parametrize("name", ["a.b", "abc", "a" * 63, "acme-artifacts-1"])
def test_these_are_bucket_names(name: str) -> None:
    assert BUCKET.accepts(name)


@pytest.mark.parametrize(
    "name", ["ab", "a" * 64, "-abc", "abc-", ".abc", "a..b", "a_b", "ABC", "sthree-x", "abc--x-s3"]
)
def test_these_are_not_bucket_names(name: str) -> None:
    assert not BUCKET.accepts(name)


def test_a_key_may_have_underscores() -> None:
    assert KEY.accepts("send_mail")
    assert not KEY.accepts("send__mail")


def test_an_arn_of_an_aws_policy_has_no_account() -> None:
    assert ARN.accepts("arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert not ARN.accepts("arn:aws:iam")


def test_names_are_compared_as_package_indexes_do() -> None:
    assert normalised("My__Big.-Name") == "my-big-name"


@pytest.mark.parametrize(("kind", "limit"), [("stack", 128), ("function", 64), ("queue", 80), ("bucket", 63)])
def test_the_limit_itself_is_allowed(kind: str, limit: int) -> None:
    check_length(kind, "x" * limit, where="p")
    with pytest.raises(ConfigurationError, match=f"{limit + 1} characters; expected at most {limit}"):
        check_length(kind, "x" * (limit + 1), where="p")


def test_everything_with_a_fixed_name_is_listed() -> None:
    sources = (
        Queue(source=OwnQueue(key="q", visibility_timeout=30)),
        Topic(source=Own(key="t")),
        BucketNotification(key="b_c"),
        BucketEvents(source=Own(key="d_e")),
        BucketNotification(key="b_c", prefix="other/"),
    )
    function = Function(key="f", handler="a.b", events=sources)
    settings = Settings(functions=(function,), jobs=(GlueJob(key="j", entry="a:b"),))
    project = Project(name="u", folder="projects/u", version="1", settings={"e": settings})

    assert list(made_names(project, environment("e"))) == [
        ("stack", "u-e"),
        ("function", "u-e-f"),
        ("topic", "u-e-t"),
        ("bucket", "u-e-b-c-222222222222-us-east-1"),
        ("bucket", "u-e-d-e-222222222222-us-east-1"),
        ("queue", "u-e-q"),
        ("queue", "u-e-q-dlq"),
        ("job", "u-e-j"),
    ]


def test_units_with_names_of_their_own_do_not_collide() -> None:
    both = (environment("test"), environment("prod"))

    assert collisions([unit("a", both, "x"), unit("b", both, "x")], *both) == {}


def test_two_folders_with_one_name_are_refused() -> None:
    here = environment("test")
    projects = [unit("a-b", (here,), folder="projects/a-b"), unit("a-b", (here,), folder="projects/a_b")]

    assert refusal(projects, here) == snapshot("""\
projects/a_b/pyproject.toml [project] name: the name `a-b` is also used by projects/a-b
hint: rename one; `-`, `_`, `.` and upper or lower case make no difference\
""")


def test_two_units_that_make_one_stack_are_refused() -> None:
    both = (environment("test"), environment("eu-test"))

    assert refusal([unit("a", both), unit("a-eu", both)], *both) == snapshot("""\
projects/a-eu/pyproject.toml: projects/a in eu-test and projects/a-eu in test would both create the stack `a-eu-test` in account 222222222222, us-east-1
hint: rename a unit or a key, or use different accounts for the environments\
""")  # noqa: E501


def test_neither_of_two_units_that_are_in_each_others_way_is_right_and_a_third_goes_on() -> None:
    here = environment("test")
    alike = [unit("a-b", (here,), folder="projects/a-b"), unit("a-b", (here,), folder="projects/a_b")]

    faults = collisions([*alike, unit("c", (here,))], here)

    assert {folder: error.what for folder, error in faults.items()} == {
        "projects/a-b": "the name `a-b` is also used by projects/a_b",
        "projects/a_b": "the name `a-b` is also used by projects/a-b",
    }


def test_a_name_that_a_unit_may_have_at_which_nobody_could_look_is_not_free() -> None:
    here = environment("test")

    faults = collisions([unit("a", (here,), folder="projects/b")], here, a="projects/a")

    assert faults["projects/b"].what == "the name `a` may also be used by projects/a, which is broken"


def test_a_function_of_one_can_collide_with_a_function_of_another() -> None:
    both = (environment("b"), environment("b-c"))

    assert "would both create the function `a-b-c-d`" in refusal([unit("a", both, "c-d", "d")], *both)


def test_two_functions_of_a_unit_cannot_create_one_topic() -> None:
    here = environment("test")
    functions = tuple(Function(key=key, handler="a.b", events=(Topic(source=Own(key="t")),)) for key in "xy")
    project = Project(name="a", folder="projects/a", version="1", settings={"test": Settings(functions=functions)})

    assert "two parts of projects/a in test would both create the topic `a-test-t`" in refusal([project], here)


def test_names_in_different_accounts_do_not_collide() -> None:
    both = (environment("test"), environment("eu-test", "333333333333"))

    assert collisions([unit("a", both), unit("a-eu", both)], *both) == {}


def test_names_in_different_regions_do_not_collide() -> None:
    both = (environment("test"), attrs.evolve(environment("eu-test"), region="eu-west-1"))

    assert collisions([unit("a", both), unit("a-eu", both)], *both) == {}
