"""Typed reading of tables: what is found, what is refused, and where the error points."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import Rule, Table, did_you_mean, enumerated, merge, shown, substitute

NAMES = st.text("abc", min_size=1, max_size=2)
TREES = st.recursive(
    st.integers() | st.text("xyz") | st.booleans() | st.lists(st.integers(), max_size=2),
    lambda below: st.dictionaries(NAMES, below, max_size=3),
    max_leaves=8,
)
TABLES = st.dictionaries(NAMES, TREES, max_size=4)


def table(**values: object) -> Table:
    return Table(where="pyproject.toml", path="tool.x", values=values)


def refusal(call: object, *arguments: object, **named: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    return str(caught.value)


# --- errors ---
def test_an_unknown_key_is_refused_with_the_nearest_one() -> None:
    assert refusal(table(memroy_size=1).allow, ("memory_size", "timeout")) == snapshot("""\
pyproject.toml [tool.x] memroy_size: unknown key `memroy_size`; expected memory_size or timeout
hint: did you mean `memory_size`?\
""")


def test_an_unknown_key_that_resembles_nothing_gets_the_whole_list_once() -> None:
    assert refusal(table(zzz=1).allow, ("memory_size", "timeout")) == snapshot("""\
pyproject.toml [tool.x] zzz: unknown key `zzz`; expected memory_size or timeout
hint: use one of these\
""")


def test_a_key_that_belongs_elsewhere_says_where() -> None:
    assert "hint: in the other file" in refusal(
        table(bucket=1).allow, ("x",), elsewhere={"bucket": "in the other file"}
    )


def test_a_number_instead_of_text_is_refused_with_both() -> None:
    assert refusal(table(name=5).text, "name") == snapshot("""\
pyproject.toml [tool.x] name: found 5; expected text
hint: write it in quotes: `name = "…"`\
""")


def test_a_number_out_of_range_names_the_range() -> None:
    assert refusal(table(memory_size=64).number, "memory_size", 128, 10_240, 128) == snapshot("""\
pyproject.toml [tool.x] memory_size: found 64; expected a whole number from 128 to 10240
hint: choose a number in that range\
""")


def test_a_quoted_number_is_told_to_lose_its_quotes() -> None:
    assert "without quotes" in refusal(table(timeout="30").number, "timeout", 1, 900, 3)


def test_true_is_not_the_number_one() -> None:
    assert "found true" in refusal(table(timeout=True).number, "timeout", 1, 900, 3)


def test_one_is_not_true() -> None:
    assert refusal(table(approval=1).flag, "approval", False) == snapshot("""\
pyproject.toml [tool.x] approval: found 1; expected true or false
hint: write it in lower case without quotes\
""")


def test_a_missing_key_is_named() -> None:
    assert refusal(table().text, "handler") == snapshot("""\
pyproject.toml [tool.x] handler: `handler` is missing
hint: add `handler = …` to this table\
""")


def test_a_choice_outside_the_list_shows_the_list() -> None:
    assert refusal(table(tracing="active").choice, "tracing", ("Active", "PassThrough"), "Active") == snapshot("""\
pyproject.toml [tool.x] tracing: found "active"; expected "Active" or "PassThrough"
hint: did you mean `Active`?\
""")


def test_a_text_instead_of_a_list_is_refused() -> None:
    assert "expected a list" in refusal(table(needs="customers").texts, "needs")


def test_the_wrong_entry_of_a_list_is_counted_from_zero() -> None:
    assert "needs[1]: found 5" in refusal(table(needs=["a", 5]).texts, "needs")


def test_the_same_entry_twice_is_refused() -> None:
    assert 'needs[1]: "a" is listed twice' in refusal(table(needs=["a", "a"]).texts, "needs")


def test_too_few_entries_are_refused() -> None:
    assert "found 0 entries; expected 1 or more" in refusal(table(actions=[]).texts, "actions", least=1)


def test_a_text_instead_of_a_table_is_refused() -> None:
    assert refusal(table(vpc="yes").table, "vpc") == snapshot("""\
pyproject.toml [tool.x] vpc: found "yes"; expected a table
hint: write `[tool.x.vpc]`, or `vpc = { … }`\
""")


def test_a_text_in_a_list_of_tables_is_refused() -> None:
    assert 'events[0]: found "rate"; expected a table' in refusal(table(events=["rate"]).tables, "events")


def test_a_number_that_is_not_in_a_closed_list_is_refused() -> None:
    assert "expected 0.0625 or 1" in refusal(table(max=2).one_of_numbers, "max", (0.0625, 1), 1)


@pytest.mark.parametrize("value", [datetime.date(2026, 1, 1), float("nan"), float("inf"), {"a": [float("nan")]}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    assert "hint:" in refusal(table(payload=value).json, "payload")


def test_json_is_canonical() -> None:
    assert table(payload={"b": 1, "a": [True, "ä"]}).json("payload") == '{"a":[true,"\\u00e4"],"b":1}'


def test_false_switches_an_optional_part_off() -> None:
    assert table(alarms=False).optional_json_table("alarms") is None


def test_a_rule_matches_the_whole_text_and_its_length() -> None:
    rule = Rule(pattern="a+", maximum=3, allowed="", hint="")

    assert [rule.accepts(text) for text in ("aaa", "aaaa", "aa\n", "ab", "")] == [True, False, False, False, False]


def test_a_long_value_is_cut() -> None:
    assert len(shown("x" * 500)) == 78


def test_words_are_listed_as_people_do() -> None:
    assert [enumerated("abc"), enumerated("a"), enumerated("")] == ["a, b or c", "a", ""]


def test_nothing_to_mean_is_a_hint_to_remove() -> None:
    assert did_you_mean("x", ()) == "remove it"


def test_an_odd_key_is_written_in_quotes_in_the_path() -> None:
    assert table(**{"a.b": {}}).table("a.b").path == 'tool.x."a.b"'


# --- differences ---
def difference() -> Table:
    values = {"f": {"memory": 1, "timeout": 2}}
    return Table(where="p", path="base", values=values, difference={"f": {"memory": 1}}, difference_path="env.prod")


def test_an_error_points_to_the_environment_that_said_it() -> None:
    assert difference().table("f").location("memory") == "p [env.prod.f] memory"


def test_an_error_points_to_the_base_where_the_environment_says_nothing() -> None:
    assert difference().table("f").location("timeout") == "p [base.f] timeout"


def test_tables_are_merged_and_lists_are_replaced() -> None:
    merged = merge({"f": {"a": 1, "b": [1, 2]}, "c": 1}, {"f": {"b": [3]}})

    assert merged == {"f": {"a": 1, "b": [3]}, "c": 1}


def test_a_whole_table_is_replaced_as_one() -> None:
    merged = merge({"e": {"X": {"secret": "s"}}}, {"e": {"X": {"parameter": "p"}}}, whole=[("e", "*")])

    assert merged == {"e": {"X": {"parameter": "p"}}}


def test_only_the_named_tables_are_replaced_as_one() -> None:
    merged = merge({"e": {"a": 1}, "f": {"a": 1}}, {"e": {"b": 2}, "f": {"b": 2}}, whole=[("e",)])

    assert merged == {"e": {"b": 2}, "f": {"a": 1, "b": 2}}


@given(TABLES)
def test_merging_nothing_changes_nothing(tree: dict[str, object]) -> None:
    assert merge(tree, {}) == merge({}, tree) == merge(tree, tree) == tree


@given(TABLES, TABLES)
def test_every_difference_is_found_in_the_result(base: dict[str, object], other: dict[str, object]) -> None:
    merged = merge(base, other)

    assert merge(merged, other) == merged
    assert merged.keys() == base.keys() | other.keys()


# --- substitution ---
VARIABLES = {"environment": "prod", "account_id": "555555555555"}


def substituted(value: object) -> object:
    return substitute(table(key=value), VARIABLES).values["key"]


def test_variables_are_replaced_at_every_depth() -> None:
    assert substituted({"a": ["x-${environment}", {"b": "${account_id}"}]}) == {"a": ["x-prod", {"b": "555555555555"}]}


def test_a_doubled_dollar_stays_a_plain_one() -> None:
    assert substituted("$${aws:username}") == "${aws:username}"


def test_an_unknown_variable_is_refused_with_what_is_allowed() -> None:
    assert refusal(substituted, {"a": ["${enviroment}"]}) == snapshot("""\
pyproject.toml [tool.x.key] a[0]: found `${enviroment}`; expected ${environment} or ${account_id}
hint: did you mean `environment`? Write `$${` for a plain `${`\
""")


@pytest.mark.parametrize("text", ["${", "${environment", "${}", "${ environment }", "${ENVIRONMENT}"])
def test_an_odd_placeholder_is_refused(text: str) -> None:
    assert "expected ${environment} or ${account_id}" in refusal(substituted, text)


@given(TABLES)
def test_text_without_placeholders_is_untouched(tree: dict[str, object]) -> None:
    assert substitute(table(**tree), VARIABLES).values == tree


@given(st.lists(st.sampled_from(["a", "$", "{", "}", "${environment}", "${x}"])))
def test_every_text_can_be_written_by_escaping_it(parts: list[str]) -> None:
    text = "".join(parts)

    assert substituted(text.replace("${", "$${")) == text
