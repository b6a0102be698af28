"""Environments that stand side by side: how they are read, and what is before what."""

from __future__ import annotations

import tomllib

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.chain import weakened_order
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.stages import cells_of, path_of, stages_of
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace

DEVOPS = """
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts"
"""


def read(*places: tuple[str, str]) -> WorkspaceConfig:
    """A table with these environments: name and stage, none if that is empty."""
    tables = [
        f'[[tool.multi_env_lambda.environments]]\nname = "{name}"\naccount_id = "222222222222"\n'
        + (f'stage = "{stage}"\n' if stage else "")
        for name, stage in places
    ]
    return read_workspace(tomllib.loads(DEVOPS + "".join(tables)), where="pyproject.toml")


TWO_REGIONS = (("sandbox", ""), ("test", ""), ("prod-europe", "prod"), ("prod-america", "prod"), ("vault", ""))


def names(places: tuple[Environment, ...]) -> list[str]:
    return [place.name for place in places]


def test_environments_with_one_stage_stand_side_by_side_and_come_after_all_before() -> None:
    config = read(*TWO_REGIONS)

    assert list(map(names, config.stages)) == [["sandbox"], ["test"], ["prod-europe", "prod-america"], ["vault"]]
    assert names(config.before(config.environment("prod-america"))) == ["test"]
    assert names(config.before(config.environment("vault"))) == ["prod-europe", "prod-america"]
    assert config.stage_names == ("prod",)


def test_a_table_without_stages_is_what_it_was() -> None:
    config = read(("sandbox", ""), ("test", ""), ("prod", ""))

    assert list(map(names, config.stages)) == [["sandbox"], ["test"], ["prod"]]
    assert config.stage_names == ()


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ((("a", ""), ("b", "x"), ("c", ""), ("d", "x")), "the stage `x` is in two pieces: d is not beside"),
        ((("a", ""), ("b", "a")), "the stage `a` has the name of an environment"),
        ((("a", ""), ("b", "devops")), "the stage `devops` has the name of an environment"),
        ((("a", "x"), ("b", "x")), "a and b all come first"),
        ((("a", ""), ("b", "Prod!")), "stage: "),
    ],
)
def test_an_order_that_says_nothing_is_refused(places: tuple[tuple[str, str], ...], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read(*places)


def test_a_stage_is_no_environment_and_the_hint_names_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="`prod` is a stage") as raised:
        read(*TWO_REGIONS).environment("prod")

    assert raised.value.hint == "name prod-europe or prod-america"


@pytest.mark.parametrize(
    ("verb", "target", "through", "changes", "takes"),
    [
        ("deploy", "prod", True, ["sandbox", "test", "prod-europe", "prod-america"], []),
        ("deploy", "prod-america", True, ["sandbox", "test", "prod-america"], []),
        ("deploy", "vault", True, ["sandbox", "test", "prod-europe", "prod-america", "vault"], []),
        ("deploy", "prod", False, ["prod-europe", "prod-america"], ["test"]),
        ("promote", "prod", True, ["test", "prod-europe", "prod-america"], ["sandbox"]),
        ("promote", "vault", False, ["vault"], ["prod-europe", "prod-america"]),
        ("promote", "prod-europe", False, ["prod-europe"], ["test"]),
    ],
)
def test_what_a_request_changes_and_takes_from(
    verb: str, target: str, through: bool, changes: list[str], takes: list[str]
) -> None:
    request, config = Request(verb=verb, target=target, through=through), read(*TWO_REGIONS)  # type: ignore[arg-type]

    assert names(request.targets(config)) == changes
    assert names(request.sources(config)) == takes


@pytest.mark.parametrize("target", ["sandbox"])
def test_nothing_is_promoted_into_the_first(target: str) -> None:
    config = read(*TWO_REGIONS)

    assert Request(verb="promote", target=target, through=True).targets(config) == ()
    with pytest.raises(ConfigurationError, match="there is none before it"):
        Request(verb="promote", target=target).sources(config)


def place(name: str, stage: str = "", *, account: str = "2", region: str = "eu-west-1") -> Environment:
    return Environment(name=name, stage=stage, account_id=account * 12, region=region)


def test_a_cell_is_an_account_in_a_region() -> None:
    stage = (place("a"), place("b", region="us-east-1"), place("c", account="3"), place("d"))

    assert list(map(names, cells_of(stage))) == [["a", "d"], ["b"], ["c"]]


def test_a_path_shows_what_stands_side_by_side() -> None:
    stages = stages_of((place("test"), place("a", "prod"), place("b", "prod")))

    assert path_of(names(stage) for stage in stages) == "test → a, b"


# --- the committed order ---
COMMITTED = (place("sandbox"), place("test"), place("a", "prod"), place("b", "prod"), place("vault"))


def test_the_order_within_a_stage_protects_nothing() -> None:
    swapped = (*COMMITTED[:2], COMMITTED[3], COMMITTED[2], COMMITTED[4])

    assert [weakened_order(COMMITTED, swapped, one.name) for one in COMMITTED] == [()] * 5


def test_what_was_before_and_now_stands_beside_is_weaker() -> None:
    table = (place("sandbox"), *(attrs.evolve(one, stage="prod") for one in COMMITTED[1:4]), place("vault"))

    assert weakened_order(COMMITTED, table, "a") == (
        "a: sandbox → test → a is the committed order, but this work tree's table says sandbox → a",
    )
    assert weakened_order(COMMITTED, table, "vault") == (
        "vault: sandbox → test → a, b → vault is the committed order, "
        "but this work tree's table says sandbox → test, a, b → vault",
    )


NAMES = ("s", "t", "u", "v", "w")


@st.composite
def chains(draw: st.DrawFn) -> tuple[Environment, ...]:
    order = draw(st.permutations(NAMES))
    sizes = draw(st.lists(st.integers(1, 3), min_size=5, max_size=5))
    found: list[Environment] = []
    for number, size in enumerate(sizes):
        found += [place(name, f"stage-{number}") for name in order[len(found) : len(found) + size]]
    return tuple(found)


def comes_before(table: tuple[Environment, ...], one: str, other: str) -> bool:
    at = {found.name: number for number, stage in enumerate(stages_of(table)) for found in stage}
    return at[one] < at[other]


@given(chains(), chains(), st.sampled_from(NAMES))
def test_an_order_is_as_strong_exactly_if_each_step_on_the_committed_way_is_still_one(
    committed: tuple[Environment, ...], table: tuple[Environment, ...], name: str
) -> None:
    way = [one for one in NAMES if one == name or comes_before(committed, one, name)]
    kept = all(comes_before(table, one, other) for one in way for other in way if comes_before(committed, one, other))

    assert (weakened_order(committed, table, name) == ()) == kept
