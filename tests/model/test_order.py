"""Which unit comes after which."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from multi_env_lambda.model.order import in_order, wrong_needs
from multi_env_lambda.model.project import Project


def units(**needs: str) -> list[Project]:
    """``units(a="b c")``: the unit a needs b and c."""
    return [unit(name, tuple(words.split())) for name, words in needs.items()]


def unit(name: str, needs: tuple[str, ...] = ()) -> Project:
    return Project(name=name, folder=f"projects/{name}", version="1", needs=needs)


def refusals(projects: list[Project], *broken: str) -> dict[str, str]:
    """What is wrong with the needs, by unit; ``broken`` are names of units that nobody could read."""
    faults = wrong_needs(projects, {*broken, *(project.name for project in projects)})
    return {folder.removeprefix("projects/"): str(error) for folder, error in sorted(faults.items())}


def refusal(projects: list[Project]) -> str:
    """What is said of the first of them."""
    return next(iter(refusals(projects).values()))


@st.composite
def graphs(draw: st.DrawFn) -> list[Project]:
    names = [f"u{number}" for number in range(draw(st.integers(0, 8)))]
    earlier = [st.lists(st.sampled_from(names[:at]), unique=True) if at else st.just([]) for at in range(len(names))]
    made = [unit(name, tuple(draw(needs))) for name, needs in zip(names, earlier, strict=True)]
    return list(draw(st.permutations(made)))


def test_what_is_needed_comes_first_and_equals_are_alphabetical() -> None:
    found = in_order(units(reports="orders", orders="customers", nightly="", customers=""))

    assert found == (("customers", "nightly"), ("orders",), ("reports",))


def test_no_unit_is_no_wave() -> None:
    assert in_order([]) == ()


def test_an_unknown_need_is_refused_with_a_suggestion() -> None:
    assert refusal(units(customers="", orders="custmers")) == snapshot("""\
projects/orders/pyproject.toml [tool.multi_env_lambda] needs: there is no unit `custmers`; expected customers
hint: did you mean `customers`?\
""")


def test_the_only_unit_can_need_nothing() -> None:
    assert "there is no other unit" in refusal(units(orders="customers"))


def test_a_cycle_is_shown_whole() -> None:
    assert refusal(units(x="", z="b x", c="a", b="c", a="b")) == snapshot("""\
projects/a/pyproject.toml [tool.multi_env_lambda] needs: circular dependency: a → b → c → a
hint: remove one of these `needs`\
""")


def test_each_unit_of_a_circle_is_named_and_no_other_one() -> None:
    circle = units(x="", z="b x", c="a", b="c", a="b")

    assert {name: text.partition(": ")[2].partition(chr(10))[0] for name, text in refusals(circle).items()} == {
        "a": "circular dependency: a → b → c → a",
        "b": "circular dependency: b → c → a → b",
        "c": "circular dependency: c → a → b → c",
    }


def test_every_circle_is_found() -> None:
    assert refusals(units(a="b", b="a", c="d", d="c", e="a c")).keys() == set("abcd")


def test_a_need_that_is_broken_is_no_mistake_of_who_needs_it() -> None:
    orders = units(orders="customers")

    assert refusals(orders, "customers") == {}
    assert in_order(orders) == (("orders",),)


def test_a_unit_that_needs_itself_is_a_cycle() -> None:
    assert "a → a" in refusal(units(a="a"))


@given(graphs())
def test_every_unit_comes_once_and_after_its_needs(projects: list[Project]) -> None:
    order = list(itertools.chain.from_iterable(in_order(projects)))

    assert sorted(order) == sorted(project.name for project in projects)
    assert all(order.index(need) < order.index(project.name) for project in projects for need in project.needs)


@given(graphs())
def test_the_order_of_reading_makes_no_difference(projects: list[Project]) -> None:
    assert in_order(sorted(projects, key=lambda project: project.name)) == in_order(projects)
