"""The variables of Serverless: what they are, what cannot be known, and what must never be guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.adopt.serverless_text import pieces
from multi_env_lambda.adopt.serverless_values import Filled, Link, Symbol, Unknown, Where, plain, shown
from multi_env_lambda.adopt.serverless_variables import LONGEST, Variables

STAGE = Filled((Symbol("environment", "dev"),))
REGION = Filled((Symbol("region", "eu-west-1"),))
GIVEN = {"sls:stage": STAGE, "opt:stage": STAGE, "self:provider.stage": STAGE, "aws:region": REGION}


def variables(tree: Any, files: Mapping[str, Any] | None = None, **more: Any) -> Variables:
    return Variables("serverless.yml", tree, {**GIVEN, **more}, (files or {}).get)


def read(text: str, tree: Mapping[str, Any] | None = None, files: Mapping[str, Any] | None = None, **more: Any) -> Any:
    return variables({**(tree or {}), "asked": text}, files, **more).value("asked")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("orders", "orders"),
        ("${self:custom.size}", 512),
        ("${self:custom.list.1}", "b"),
        ("size-${self:custom.size}-${self:custom.on}", "size-512-true"),
        ("${self:custom.none, 'x'}", "x"),
        ("${self:custom.none, self:custom.size}", 512),
        ("${self:custom.none, ${self:custom.also, 7}}", 7),
        ("${opt:memory, 1024}", 1024),
        ("${opt:quiet, false}", False),
        ("${self:custom.${self:custom.which}}", 512),
        ("${self:custom.by.${sls:stage}.size}", 256),
        ("${self:custom.link.size}", 256),
        ("${strToBool(${self:custom.word})}", True),
        ("${aws:partition}", "aws"),
        ("arn:${aws:partition}:s3:::${self:custom.list.0}", "arn:aws:s3:::a"),
        ("${AWS::Region}-${Table.Arn}", "${AWS::Region}-${Table.Arn}"),
        ("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/${aws:username}"),
        (r"\${self:custom.size}", "${self:custom.size}"),
        ("${${self:custom.which}.Arn}", "${size.Arn}"),
        ("${opt:name, 'a, b'}", "a, b"),
        ("${self:custom.none, 'it''s'}", "it''s"),
        ("${", "${"),
        ("${self:custom.size", "${self:custom.size"),
    ],
)
def test_a_text_has_the_value_that_serverless_gives_it(text: str, value: object) -> None:
    custom = {
        "size": 512,
        "on": True,
        "word": "True",
        "which": "size",
        "list": ["a", "b"],
        "none": None,
        "by": {"dev": {"size": 256}},
        "link": "${self:custom.by.dev}",
    }
    assert read(text, {"custom": custom}) == value


def test_the_name_of_the_stage_stays_a_symbol_in_a_text_and_is_a_name_in_an_address() -> None:
    tree = {"custom": {"dev": "small", "stage": "${opt:stage, self:provider.stage}"}}
    table = read("orders-${self:custom.stage}-${aws:region}", tree)
    assert shown(table) == "orders-${environment}-${region}"
    assert plain(table) == "orders-dev-eu-west-1"
    assert read("${self:custom.${self:custom.stage}}", tree) == "small"


def test_a_plain_dollar_and_brace_are_kept_in_our_tables() -> None:
    assert shown(read("${aws:username}-${sls:stage}")) == "$${aws:username}-${environment}"


def test_files_are_read_with_their_own_variables_in_the_words_of_the_service() -> None:
    files = {"config.dev.yml": {"table": "orders-${self:service}", "more": {"x": [1]}}, "key.txt": "secret words"}
    tree = {"service": "shop", "custom": "${file(config.${sls:stage}.yml)}"}
    assert read("${file(config.${sls:stage}.yml):table}", tree, files) == "orders-shop"
    assert read("${self:custom.more.x.0}", tree, files) == 1
    assert read("${file(key.txt)}", tree, files) == "secret words"
    assert read("${file(none.yml):x, 'default'}", tree, files) == "default"
    missing = read("${file(none.yml):x}", tree, files)
    assert isinstance(missing, Unknown) and missing.why == "there is no file `none.yml`"


@pytest.mark.parametrize("where", ["stages", "params"])
def test_parameters_of_the_stage_come_before_those_of_all_stages(where: str) -> None:
    def of(stage: str, **values: str) -> dict[str, Any]:
        return {stage: {"params": values} if where == "stages" else values}

    tree = {where: {**of("default", a="all", b="all"), **of("dev", a="dev-${sls:stage}"), **of("prod", b="prod")}}
    assert plain(read("${param:a}", tree)) == "dev-dev"
    assert read("${param:b}", tree) == "all"
    assert read("${param:b}", tree, **{"param:b": "given"}) == "given"
    unknown = read("${param:c}", tree)
    assert isinstance(unknown, Unknown) and unknown.option == "param:c"


@pytest.mark.parametrize(
    ("text", "why", "option"),
    [
        ("${env:TOKEN}", "of the person who deploys", "env:TOKEN"),
        ("a-${env:TOKEN}-b", "of the person who deploys", "env:TOKEN"),
        ("${opt:size}", "an option of the command line", "opt:size"),
        ("${self:custom.nothing}", "nothing is there", "self:custom.nothing"),
        ("${cf:other.Table}", "an output of another stack", "cf:other.Table"),
        ("${cf(eu-west-1):other.Table}", "an output of another stack", "cf:other.Table"),
        ("${s3:bucket/key}", "an object in a bucket", "s3:bucket/key"),
        ("${aws:cf:other.Table}", "an output of another stack", "aws:cf:other.Table"),
        ("${git:sha1}", "Git repository", "git:sha1"),
        ("${construct:jobs.queueUrl}", "serverless-lift", "construct:jobs"),
        ("${construct:site.url}", "serverless-lift", "construct:site.url"),
        ("${sls:instanceId}", "in every run", "sls:instanceId"),
        ("${mine:x}", "`mine` is not a source", "mine:x"),
        ("${ssm(eu-west-3):/x}", "in the region `eu-west-3`", None),
        ("${file(secrets.js):x}", "a program", "file(secrets.js):x"),
        ("${strToBool(maybe)}", "neither true nor false", None),
        ("${self:custom.a, dev}", "neither a variable nor a text in quotes", None),
        ("x-${self:custom}", "cannot be a part of a text", None),
        ("${self:custom.${self:custom}}", "cannot be a part of a text", None),
        ("x-${ssm:/limit}", "looked up in a deploy", "ssm:/limit"),
    ],
)
def test_what_cannot_be_known_says_why_and_how_it_can_be_given(text: str, why: str, option: str | None) -> None:
    found = read(text, {"custom": {"b": 1}})
    assert isinstance(found, Unknown), found
    assert why in found.why
    assert found.option == option
    assert found.where == Where("serverless.yml", ("asked",))


def test_what_is_given_comes_before_everything() -> None:
    assert read("${env:TOKEN, 'none'}", **{"env:TOKEN": "abc"}) == "abc"
    assert read("${cf:other.Table}", **{"cf:other.Table": "orders"}) == "orders"
    assert read("${ssm:/vpc/subnet}", **{"ssm:/vpc/subnet": "subnet-1"}) == "subnet-1"


def test_the_place_is_where_the_variable_is_and_not_where_it_was_asked_for() -> None:
    found = read("${self:custom.token}", {"custom": {"token": "${env:TOKEN}"}})
    assert found.where == Where("serverless.yml", ("custom", "token"))
    assert found.variable == "env:TOKEN"


def test_a_default_that_is_taken_for_a_variable_of_the_person_who_deploys_is_said() -> None:
    tree = {"custom": {"level": "${env:LEVEL, 'info'}", "size": "${opt:size, 128}", "own": "${self:custom.no, 1}"}}
    service = variables(tree)
    assert service.value("custom") == {"level": "info", "size": 128, "own": 1}
    assert [(each.variable, each.value) for each in service.assumed] == [("env:LEVEL, 'info'", "info")]


def test_parameters_and_secrets_of_the_account_are_links_and_never_values() -> None:
    assert read("${ssm:/shop/limit}") == Link("parameter", "/shop/limit")
    assert read("${ssm(raw):/shop/limit}") == Link("parameter", "/shop/limit")
    assert read("${aws:ssm:/shop/limit~true}") == Link("parameter", "/shop/limit")
    assert read("${ssm:/aws/reference/secretsmanager/shop/db}") == Link("secret", "shop/db")
    tree = {"custom": {"db": "${ssm:/aws/reference/secretsmanager/shop/db~true}"}}
    assert read("${self:custom.db.password}", tree) == Link("secret", "shop/db", "password")
    assert read("${self:functions.hello.name}", {"functions": {"hello": {"handler": "a.b"}}}) == Link(
        "function", "hello"
    )


@pytest.mark.parametrize(
    "custom",
    [
        {"a": "${self:custom.a}"},
        {"a": "${self:custom.b}", "b": "x${self:custom.a}"},
        {"a": "${self:custom.b}", "b": ["${self:custom.a}"]},
        {"a": "${self:custom}"},
        {"a": "${self:}"},
        {"a": "${self:custom.${self:custom.a}}"},
    ],
)
def test_a_variable_that_refers_to_itself_ends(custom: dict[str, Any]) -> None:
    def unknowns(value: Any) -> list[Unknown]:
        match value:
            case Unknown():
                return [value]
            case dict():
                return [each for item in value.values() for each in unknowns(item)]
            case list():
                return [each for item in value for each in unknowns(item)]
        return []

    found = unknowns(read("${self:custom.a}", {"custom": custom}))
    assert found and "refers to itself" in found[0].why


def test_a_tree_that_grows_without_end_is_refused_in_time() -> None:
    lists = {f"l{n}": [f"${{self:custom.l{n - 1}}}"] * 10 if n else [1] * 10 for n in range(40)}
    assert "limit" in str(read("${self:custom.l39}", {"custom": lists}))
    texts = {f"t{n}": f"${{self:custom.t{n - 1}}}" * 10 if n else "0123456789" for n in range(40)}
    found = read("${self:custom.t39}", {"custom": texts})
    assert isinstance(found, Unknown) and str(LONGEST) in found.why
    chain = {f"c{n}": f"${{self:custom.c{n + 1}}}" for n in range(2000)}
    assert isinstance(read("${self:custom.c0}", {"custom": chain}), Unknown)
    assert read("${" * 50_000) == "${" * 50_000
    assert read("${self:a" * 10_000) == "${self:a" * 10_000


TEXTS = st.text(st.sampled_from("ab-${}:,.'\"\\ self"), max_size=30)


@given(TEXTS)
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    again = "".join(f"${{{part}}}" if is_variable else part for is_variable, part in pieces(text))
    assert again == text.replace("\\${", "${") or "\\" in text


@given(st.lists(st.sampled_from(["${sls:stage}", "${aws:region}", "-", "x", "${self:custom.b}"]), max_size=6))
def test_a_text_for_all_environments_is_in_one_of_them_what_it_is_for_that_one(parts: list[str]) -> None:
    tree = {"custom": {"b": "b${opt:stage}"}}
    symbolic = read("".join(parts), tree)
    named = {key: plain(value) for key, value in GIVEN.items()}
    assert plain(symbolic) == read("".join(parts), tree, **named)


def test_what_is_written_down_as_nothing_is_known_and_gives_way_to_a_default() -> None:
    tree = {"custom": {"env": {"dev": None, "prd": {"A": "1"}}}}
    assert read("${self:custom.env.dev}", tree) is None
    assert read("${self:custom.env.dev, 'none'}", tree) == "none"
    missing = read("${self:custom.env.sandbox}", tree)
    assert isinstance(missing, Unknown) and missing.why == "nothing is there, `custom.env` has dev, prd"
