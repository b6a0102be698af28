"""A rendered document is refused before CloudFormation would do it, later and less clearly."""

from __future__ import annotations

import time
from typing import Any
from xml.etree import ElementTree

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.check import check_document, check_size
from multi_env_lambda.plan.template_text import needs_template_url, references
from tests.plan.template_values import maximal, project, text


def resource(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def policy(**statement: Any) -> dict[str, Any]:
    document = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", **statement}]}
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}}


def role(name: str) -> dict[str, Any]:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    return {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": trust}}


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check_document(document, where="here")
    return caught.value.what


def test_an_empty_unit_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no function, job"):
        text(project())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "A"}, ["A"]),
        ({"Fn::GetAtt": ["A", "Arn"]}, ["A"]),
        ({"Fn::GetAtt": "A.Arn"}, ["A"]),
        ({"Fn::Sub": "${A}-${B.Arn}-${!Literal}-${AWS::Region}"}, ["A", "B", "AWS::Region"]),
        ({"Fn::Sub": ["${A}-${Given}", {"Given": {"Ref": "B"}}]}, ["A", "B"]),
        ({"Fn::Join": ["", ["x", {"Ref": "A"}]]}, ["A"]),
        ({"Type": "T", "DependsOn": "A"}, ["A"]),
        ({"Type": "T", "DependsOn": ["A", "B"], "Properties": {"X": [{"Ref": "C"}]}}, ["A", "B", "C"]),
        ({"Ref": "A", "Other": "not an intrinsic function"}, []),
        ("${A}", []),
    ],
)
def test_references_are_found_wherever_they_stand(value: Any, expected: list[str]) -> None:
    assert list(references(value)) == expected


@pytest.mark.parametrize(
    "character", ["\0", "\x01", "\x08", "\x0b", "\x1b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"]
)
def test_a_text_that_no_answer_of_aws_could_carry_is_refused(character: str) -> None:
    in_a_value = {"Resources": {"A": resource(TopicName=["x", f"a{character}b"])}}
    in_a_name = {"Resources": {"A": resource(**{f"a{character}b": "x"})}}
    escape = ascii(character)[1:-1]

    assert refused(in_a_value) == f"Resources.A.Properties.TopicName.1: a text has {escape}"
    assert refused(in_a_name) == f"Resources.A.Properties: a text has {escape}"
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(f"<a>&#{ord(character)};</a>")


@pytest.mark.parametrize("text", ["a\tb\r\nc", "Größe → ✓ 你好 👩‍🔬 \u202e \ue000 \ufffd \U0010ffff \x7f \x85"])
def test_every_other_text_is_left_to_aws(text: str) -> None:
    check_document({"Description": text, "Resources": {"A": resource(DisplayName=text)}}, where="here")

    assert ElementTree.fromstring("<a>" + "".join(f"&#{ord(each)};" for each in text) + "</a>").text == text


def test_a_reference_to_nothing_is_refused() -> None:
    document = {"Resources": {"A": resource(TopicName={"Ref": "B"})}}

    assert refused(document) == "Resources.A refers to 'B', which is not in the template"


def test_an_output_of_nothing_is_refused() -> None:
    document = {"Resources": {"A": resource()}, "Outputs": {"O": {"Value": {"Ref": "B"}}}}

    assert refused(document) == "Outputs.O refers to 'B', which is not in the template"


@pytest.mark.parametrize(
    ("section", "body"),
    [
        ("Resources", {**resource(), "Condition": "Nope"}),
        ("Resources", resource(TopicName={"Fn::If": ["Nope", "a", {"Ref": "AWS::NoValue"}]})),
        ("Outputs", {"Value": "x", "Condition": "Nope"}),
        ("Conditions", {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Not": [{"Condition": "Nope"}]}]}),
    ],
)
def test_a_condition_that_is_not_there_is_refused(section: str, body: dict[str, Any]) -> None:
    document: dict[str, Any] = {
        "Conditions": {"IsProd": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"A": {**resource(), "Condition": "IsProd"}},
    }
    document.setdefault(section, {})["B"] = body

    assert refused(document) == f"{section}.B has the condition 'Nope', which is not in the template"


def test_a_property_that_is_called_condition_names_none() -> None:
    states = {"Definition": {"States": {"Choose": {"Choices": [{"Condition": "{% $x > 1 %}"}]}}}}

    check_document({"Resources": {"A": resource(**states)}}, where="here")


def test_parameters_and_pseudo_parameters_are_known() -> None:
    names = {"TopicName": {"Fn::Sub": "${P}-${AWS::Region}"}}
    document = {"Parameters": {"P": {"Type": "String", "Default": "x"}}, "Resources": {"A": resource(**names)}}

    check_document(document, where="here")


FORGED = "\nFORGED: all is well\u202e"


@pytest.mark.parametrize(
    "document",
    [
        {"Resources": {FORGED: resource()}},
        {"Resources": {"A": resource(DisplayName={"Ref": FORGED})}},
        {"Resources": {"A": resource()}, "Parameters": {"P": {}}, "Conditions": {FORGED: {"Fn::Not": [FORGED]}}},
        {"Resources": {"A": {**resource(), "Condition": FORGED}}},
        {"Resources": {"A": policy(Resource=f"*{FORGED}")}},
        {"Resources": {"A": policy(Resource=f"arn:aws:s3:us-east-1::b{FORGED}")}},
        {"Resources": {"A": policy(Resource="*", Condition={f"StringEquals{FORGED}": {}})}},
        {"Resources": {name: role(f"a{FORGED}") for name in "AB"}},
    ],
)
def test_no_text_of_a_template_begins_a_line_of_the_message(document: dict[str, Any]) -> None:
    assert "FORGED" in refused(document) and "\u202e" not in refused(document)
    assert len(refused(document).splitlines()) == 1


def test_a_circle_is_drawn() -> None:
    document = {"Resources": {"A": resource(X={"Ref": "B"}), "B": resource(X={"Ref": "A"})}}

    assert refused(document).startswith("circular dependency between resources: ")
    assert "→" in refused(document)


def test_too_many_resources_are_refused() -> None:
    document = {"Resources": {f"T{number}": resource() for number in range(501)}}

    assert refused(document) == "the template has 501 resources; CloudFormation accepts 500"


def test_too_many_outputs_are_refused() -> None:
    outputs = {f"O{number}": {"Value": "x"} for number in range(201)}

    assert refused({"Resources": {"A": resource()}, "Outputs": outputs}).startswith("the template has 201 outputs")


def test_a_template_over_a_megabyte_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="1,000,001 bytes"):
        check_size("x" * 1_000_001, where="here")


def test_more_parameters_than_cloudformation_resolves_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="61 parameters"):
        check_size("{{resolve:ssm:/a}}" * 61, where="here")


def test_only_a_long_template_needs_a_url() -> None:
    assert not needs_template_url(text(maximal()))
    assert needs_template_url("x" * 51_201)
    assert not needs_template_url("x" * 51_200)


def test_what_a_text_refers_to_is_found_in_time_that_grows_with_it() -> None:
    before = time.process_time()

    assert list(references({"Fn::Sub": "${" * 200_000 + "${Main.Arn}"})) == ["Main"]
    assert time.process_time() - before < 5
