"""Routes are read as API Gateway takes them, and two that nobody can tell apart are found."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.route import Route, ambiguous, problem_with_route, read_route

PARTS = st.sampled_from(["orders", "new", "{id}", "{name}"])
PATHS = st.tuples(st.lists(PARTS, max_size=3), st.sampled_from(["", "{rest+}"])).map(
    lambda found: "/" + "/".join([*found[0], *filter(None, [found[1]])])
)
ROUTES = st.builds(Route, st.sampled_from(["GET", "ANY"]), PATHS).filter(
    lambda route: problem_with_route(route.key) is None
)
WORDS = ("orders", "new", "x")


@pytest.mark.parametrize(
    "text",
    ["$default", "GET /", "ANY /{path+}", "GET /orders/{id}", "POST /a-b/c_d/v1.2/{order_id}/", "GET /a/{b}/c/{d+}"],
)
def test_what_api_gateway_takes_is_taken(text: str) -> None:
    assert problem_with_route(text) is None
    assert read_route(text).key == text


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "a method in upper case"),
        ("/orders", "a method in upper case"),
        ("get /orders", "a method in upper case"),
        ("FETCH /orders", "a method in upper case"),
        ("GET", "starts with `/`"),
        ("GET orders", "starts with `/`"),
        ("GET  /orders", "starts with `/`"),
        (f"GET /{'a' * 1024}", "1,024 characters"),
        ("GET /a//b", "two slashes in a row"),
        ("GET /a b", "the part `a b` has more"),
        ("GET /a?b=1", "the part `a?b=1` has more"),
        ("GET /*", "the part `*` has more"),
        ("GET /{id}.json", "a whole part of a path"),
        ("GET /{id", "a whole part of a path"),
        ("GET /{}", "a whole part of a path"),
        ("GET /{path+}/more", "takes the rest of the path"),
        ("GET /{a}/{a}", "the same name"),
        ("GET /{a}/{a+}", "the same name"),
    ],
)
def test_what_api_gateway_refuses_is_refused(text: str, what: str) -> None:
    found = problem_with_route(text)

    assert found is not None
    assert what in found[0]


def test_a_method_in_lower_case_gets_its_hint() -> None:
    found = problem_with_route("get /orders/7")

    assert found is not None
    assert found[1] == "did you mean `GET /orders/7`?"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /{a}", "GET /{b}"),
        ("GET /{a}/b", "GET /a/{b}"),
        ("GET /a/{x+}", "GET /{b}/c/{x+}"),
        ("$default", "$default"),
    ],
)
def test_two_that_nobody_can_tell_apart(one: str, other: str) -> None:
    pair = (read_route(one), read_route(other))

    assert ambiguous(pair) == pair


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /{a}", "POST /{b}"),
        ("GET /{a}", "ANY /{b}"),
        ("GET /orders/new", "GET /orders/{id}"),
        ("GET /{a}/b", "GET /{x+}"),
        ("GET /a/{x+}", "GET /{a}/b"),
        ("GET /a/{x+}", "GET /{y+}"),
        ("GET /a", "GET /a/b"),
        ("GET /a/{x+}", "GET /a"),
        ("$default", "GET /{x+}"),
    ],
)
def test_one_of_two_is_the_more_exact_one(one: str, other: str) -> None:
    assert ambiguous([read_route(one), read_route(other)]) is None


def matches(route: Route, path: str) -> bool:
    """By a regular expression, which is how it is described."""
    pattern = re.sub(r"\{\w+\}", "[^/]+", re.sub(r"\{\w+\+\}", ".+", route.path))
    return re.fullmatch(pattern, path) is not None


def rank(route: Route) -> tuple[object, ...]:
    """Whole matches first, then part by part from the left."""
    parts = route.segments
    return (parts[-1].endswith("+}"), *(2 if part.endswith("+}") else part.startswith("{") for part in parts))


@given(routes=st.lists(ROUTES, max_size=4), path=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
def test_of_routes_that_are_taken_one_is_first_whichever_part_is_looked_at_first(
    routes: list[Route], path: list[str]
) -> None:
    if ambiguous(routes) is not None:
        return
    asked = "/" + "/".join(path)
    for one, other in combinations(routes, 2):
        if one.method == other.method and matches(one, asked) and matches(other, asked):
            assert rank(one) != rank(other)
            forwards = rank(one) < rank(other)
            backwards = (rank(one)[0], *reversed(rank(one)[1:])) < (rank(other)[0], *reversed(rank(other)[1:]))
            if len(one.segments) == len(other.segments):
                assert forwards == backwards


@given(one=ROUTES, other=ROUTES)
def test_the_order_of_the_table_decides_nothing(one: Route, other: Route) -> None:
    assert (ambiguous([one, other]) is None) == (ambiguous([other, one]) is None)


@given(route=ROUTES)
def test_the_names_of_variables_decide_nothing(route: Route) -> None:
    renamed = Route(route.method, route.path.replace("{id}", "{key}").replace("{name}", "{word}"))

    assert renamed.shape == route.shape
    assert ambiguous([route, renamed]) is not None
