"""A secret in a finished template is refused, whoever put it there; names of secrets are what a template may say."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.settings import SecretReference
from multi_env_lambda.plan.template.plain_secrets import check_plain_secrets
from tests.plan.template_values import SMALL, project, text

DATABASE = "AWS::RDS::DBInstance"


def check(type_: str, parameters: dict[str, Any] | None = None, excused: str = "", /, **properties: Any) -> None:
    document = {"Resources": {"Thing": {"Type": type_, "Properties": properties}}, "Parameters": parameters or {}}
    check_plain_secrets(document, frozenset({excused}), where="projects/orders/stack.py")


def refusal(type_: str, parameters: dict[str, Any] | None = None, /, **properties: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check(type_, parameters, **properties)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["MasterUserPassword", "AuthToken", "SecretString", "ClientSecret"])
def test_a_literal_where_aws_takes_a_secret_is_refused(name: str) -> None:
    assert f"Thing.Properties.{name} has a literal" in refusal(DATABASE, **{name: "hunter2"})


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Pin"},
        "{{resolve:secretsmanager:orders/db:SecretString:password}}",
        {"Fn::Sub": "{{resolve:ssm:/a}}"},
        "",
    ],
)
def test_a_reference_there_is_none(value: Any) -> None:
    check(DATABASE, MasterUserPassword=value)


@pytest.mark.parametrize(
    "value", ["postgres://u:hunter2@h", {"Fn::Sub": "https://u:hunter2@${Domain}/"}, [{"Value": "amqp://u:hunter2@h"}]]
)
def test_a_password_in_an_address_is_refused_in_any_property(value: Any) -> None:
    assert "an address with a password" in refusal("AWS::SSM::Parameter", Value=value)


def test_a_unit_of_time_and_a_placeholder_are_no_secrets() -> None:
    check("AWS::Cognito::UserPoolClient", TokenValidityUnits={"RefreshToken": "days"}, GenerateSecret=True)
    check("AWS::SSM::Parameter", Value={"Fn::Sub": "postgres://u:${Password}@h"})


def test_the_default_of_a_parameter_that_is_never_shown_is_refused() -> None:
    assert "NoEcho" in refusal(DATABASE, {"Pin": {"Type": "String", "NoEcho": True, "Default": "hunter2"}})


def test_what_is_excused_may_stand_there() -> None:
    check(DATABASE, {}, "Thing.Properties.MasterUserPassword", MasterUserPassword="hunter2")


def test_a_variable_that_a_stack_py_sets_is_held_to_what_a_table_is() -> None:
    def extend(template: Any, context: Any) -> None:
        context.set_environment("create", "DB_PASSWORD", "hunter2")

    with pytest.raises(
        ConfigurationError, match="CreateFunction.Properties.Environment.Variables.DB_PASSWORD has a lit"
    ):
        text(project(SMALL), extend=extend)
    text(attrs.evolve(project(SMALL), not_secret=(("create.DB_PASSWORD", "of a test"),)), extend=extend)


def test_a_reference_of_the_table_is_a_name_however_it_is_written() -> None:
    function = attrs.evolve(SMALL, environment=(("API_SECRET", SecretReference(name="OrdersDb", key="Password1")),))

    assert '"API_SECRET":"OrdersDb"' in text(project(function))
