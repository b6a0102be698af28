"""Variables that nothing in a project says: what an import needs is said, and what a person gives is written."""

from __future__ import annotations

import pytest

from multi_env_lambda.adopt.cfn_parameters import given_values
from multi_env_lambda.adopt.found import Carried, Changed, NotCarried, Place, Reading, Stack, Variable
from multi_env_lambda.adopt.variables import check_variables, with_variables
from multi_env_lambda.errors import ConfigurationError

TEXTS = {
    "src/app.py": "import settings\ndef handler(event, context): ...\n",
    "src/settings.py": 'import os\nHOST = os.environ["HOST"]\nPORT = os.environ.get("PORT", "1")\n',
    "other.py": "def handler(event, context): ...\n",
}


def reading(**function: object) -> Reading:
    table = {"handler": "app.handler", "root": "src", **function}
    functions = {"create-user": table, "other": {"handler": "other.handler"}}
    said = Carried(function="CreateUserFunction", what="handler", place=Place("template.yaml", 3), to="…")
    return Reading(table={"runtime": "python3.13", "functions": functions}, findings=(said,))


def test_what_an_import_needs_and_nothing_says_is_said_with_its_line() -> None:
    found = with_variables(reading(), TEXTS, {})

    [*_, said] = found.findings
    assert isinstance(said, NotCarried)
    assert (said.function, said.what, said.place) == (
        "CreateUserFunction",
        "variable HOST",
        Place("src/settings.py", 2),
    )
    assert "`variable:HOST=…`" in said.reason
    assert found.table == reading().table


def test_what_is_given_is_in_the_functions_that_read_it_and_in_no_other() -> None:
    found = with_variables(reading(), TEXTS, {"variable:HOST": "db.example", "variable:PORT": "2"})

    functions = found.table["functions"]
    assert functions["create-user"]["environment"] == {"HOST": "db.example", "PORT": "2"}
    assert functions["other"] == {"handler": "other.handler"}
    assert not [one for one in found.findings if isinstance(one, NotCarried)]


def test_what_is_set_already_is_not_asked_for() -> None:
    there = reading(environment={"HOST": "there"})
    stack = Stack(variables=(Variable(function="create-user", name="HOST", value={"Ref": "Host"}),))
    of_stack = Reading(table=reading().table, stack=stack)

    assert with_variables(there, TEXTS, {}) is there
    assert with_variables(of_stack, TEXTS, {}) is of_stack


def test_a_secret_is_one_of_the_unit_and_its_value_is_not_asked_for() -> None:
    texts = {**TEXTS, "src/settings.py": 'import os\nA = os.environ["DB_PASSWORD"]\n'}

    found = with_variables(reading(), texts, {})

    assert found.table["functions"]["create-user"]["environment"] == {"DB_PASSWORD": {"secret": "db-password"}}
    assert found.table["secrets"] == {"db-password": {"description": "the variable DB_PASSWORD"}}
    assert isinstance(found.findings[-1], Changed)


def test_what_is_read_later_and_has_no_default_is_said_too() -> None:
    texts = {
        **TEXTS,
        "src/settings.py": 'import os\ndef get():\n    return os.getenv("TABLE"), os.getenv("SIZE", "1")\n',
    }

    [_, said] = with_variables(reading(), texts, {}).findings

    assert isinstance(said, NotCarried) and said.what == "variable TABLE"
    assert said.reason.startswith("its code reads it without a default")


def test_nobody_is_asked_to_type_a_secret() -> None:
    texts = {**TEXTS, "src/settings.py": 'import os\ndef get():\n    return os.getenv("SLACK_BOT_TOKEN")\n'}

    [_, said] = with_variables(reading(), texts, {}).findings

    assert isinstance(said, NotCarried) and "variable:" not in said.reason
    assert said.reason.endswith('write `environment.SLACK_BOT_TOKEN = { secret = "…" }` for the function')


def test_a_secret_that_is_given_gets_into_no_file() -> None:
    texts = {**TEXTS, "src/settings.py": 'import os\nA = os.getenv("DB_PASSWORD")\n'}

    found = with_variables(reading(), texts, {"variable:DB_PASSWORD": "x"})

    assert found.table["functions"]["create-user"]["environment"] == {"DB_PASSWORD": {"secret": "db-password"}}


def test_what_lambda_sets_is_there() -> None:
    texts = {**TEXTS, "src/settings.py": 'import os\nA = os.environ["AWS_REGION"]\n'}
    assert with_variables(reading(), texts, {}) == reading()


def test_a_variable_that_no_function_reads_is_a_mistake() -> None:
    readings = {"sandbox": reading()}

    check_variables(readings, TEXTS, {"": {"variable:HOST": "a", "Stage": "b"}})
    with pytest.raises(ConfigurationError) as caught:
        check_variables(readings, TEXTS, {"prod": {"variable:HOTS": "a"}})

    assert caught.value.what == "no function reads the variable `HOTS`"


def test_a_value_with_the_form_of_a_secret_is_refused_and_not_shown() -> None:
    token = "ghp_" + "a1B2" * 9
    with pytest.raises(ConfigurationError) as caught:
        given_values([f"prod.variable:CALLBACK={token}"], ["prod"])

    assert "the value of `variable:CALLBACK` is" in caught.value.what and token not in str(caught.value)
    assert "resolve:secretsmanager" in str(caught.value.hint)
