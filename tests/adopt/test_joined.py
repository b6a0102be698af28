"""What an environment had is what it gets again from the one table."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.adopt.found import Carried, Place, Reading
from multi_env_lambda.adopt.joined import joined
from multi_env_lambda.model.reading import merge

VALUES = st.text("xy", max_size=1) | st.integers(0, 1) | st.lists(st.integers(0, 1), max_size=1)
FUNCTION = st.fixed_dictionaries(
    {"handler": st.just("a.b")},
    optional={
        "timeout": st.integers(1, 2),
        "environment": st.dictionaries(st.sampled_from(["AA", "BB"]), VALUES | st.just({"table": "orders"})),
        "vpc": st.fixed_dictionaries({"subnet_ids": st.lists(st.sampled_from(["s1", "s2"]), max_size=1)}),
    },
)
TABLE = st.fixed_dictionaries({"functions": st.dictionaries(st.sampled_from("fg"), FUNCTION)})


@given(st.dictionaries(st.sampled_from(["sandbox", "test", "prod"]), TABLE, min_size=1))
def test_each_environment_gets_the_table_that_it_had(tables: dict[str, dict[str, Any]]) -> None:
    adopted = joined({name: Reading(table=table) for name, table in tables.items()}).table
    common = {key: value for key, value in adopted.items() if key != "environments"}

    for name, table in tables.items():
        difference = adopted.get("environments", {}).get(name, {})
        merged = merge(common, difference, whole=[("functions", "*", "environment", "*")])
        assert without_empty(merged) == without_empty(table)


def without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: without_empty(one) for key, one in value.items()}
    return {key: one for key, one in inner.items() if one != {}}


def test_what_is_the_same_in_most_environments_is_written_once() -> None:
    def of(memory: int) -> Reading:
        return Reading(table={"functions": {"f": {"handler": "a.b", "memory_size": memory}}})

    adopted = joined({"sandbox": of(128), "test": of(128), "prod": of(512)})

    assert adopted.table == {
        "functions": {"f": {"handler": "a.b", "memory_size": 128}},
        "environments": {"prod": {"functions": {"f": {"memory_size": 512}}}},
    }


def test_a_finding_that_holds_everywhere_is_said_once() -> None:
    finding = Carried(function="F", what="Handler", place=Place("template.yaml", 3), to="handler")
    readings = {name: Reading(table={}, findings=(finding,)) for name in ("sandbox", "prod")}

    assert joined(readings).findings == (finding,)
