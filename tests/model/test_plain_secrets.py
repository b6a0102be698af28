"""A secret in plain text is refused where a unit's settings are read; what is none is not."""

from __future__ import annotations

import tomllib

import pytest
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.plain_secrets import excuses, plain_secret
from multi_env_lambda.model.project import Project, read_project

PLACES = (
    Environment(name="sandbox", account_id="222222222222", region="us-east-1"),
    Environment(name="prod", account_id="333333333333", region="us-east-1"),
)
DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="b")
SECRET = "a literal where the name says secret"


def read(text: str) -> Project:
    unit = (
        '[project]\nname = "orders"\nversion = "0.1.0"\n[tool.multi_env_lambda.functions.main]\nhandler = "a.handler"\n'
    )
    document = tomllib.loads(unit + text)
    return read_project(document, folder="projects/orders", where="p.toml", environments=PLACES, devops=DEVOPS)


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_a_literal_password_is_refused_and_the_reference_is_named() -> None:
    assert refusal('environment.DB_PASSWORD = "hunter2"') == snapshot("""\
p.toml [tool.multi_env_lambda.functions.main.environment] DB_PASSWORD: found a literal where the name says secret
hint: write the name of one, { secret = "orders/db" }; if it is not one: not_secret."main.DB_PASSWORD" = "why"\
""")


def test_a_password_in_an_address_is_refused_under_any_name() -> None:
    text = refusal('environment.DATABASE_URL = "postgres://u:hunter2@h/d"')

    assert "[tool.multi_env_lambda.functions.main.environment] DATABASE_URL: found an address with a password" in text


def test_the_place_is_where_an_environment_says_it_otherwise() -> None:
    text = refusal('[tool.multi_env_lambda.environments.prod.functions.main]\nenvironment.API_KEY = "hunter2"')

    assert "[tool.multi_env_lambda.environments.prod.functions.main.environment] API_KEY" in text


def test_an_argument_of_a_job_is_held_to_the_same() -> None:
    job = '[tool.multi_env_lambda.jobs.nightly]\nentry = "a:b"\narguments."--db-password" = "hunter2"'

    assert f'--db-password": found {SECRET}' in refusal(job).replace("--db-password:", '--db-password":')


def test_an_event_of_a_smoke_invocation_is_kept_in_the_release_and_held_to_the_same() -> None:
    text = refusal('smoke.payload = { url = "postgres://u:hunter2@h" }')

    assert "[tool.multi_env_lambda.functions.main.smoke] payload: found an address with a password" in text


def test_a_value_of_another_kind_under_a_secret_name_is_not_shown() -> None:
    assert "found ***; expected text" in refusal('environment.DB_PASSWORD = ["hunter2"]')


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "PASSWORD", "githubToken", "STRIPE_API_KEY", "APIKEY", "CLIENT_SECRET", "--auth-token"),
        *("DB_PASS", "DB_PWD", "dbPwd", "ADMIN_PASSWD", "SIGNING_KEY", "ENCRYPTION_KEY", "SECRET_KEY_BASE", "TOKEN2"),
        *("PASSWORD_1", "PASSWORD_PROD", "DB_PASSWORD_VALUE", "API_KEY_OLD", "--db-pass"),
    ],
)
def test_names_whose_literal_is_a_secret(name: str) -> None:
    assert plain_secret(name, "hunter2") == SECRET


@pytest.mark.parametrize(
    "name",
    [
        *("TOKEN_URL", "PASSWORD_MIN_LENGTH", "SECRET_NAME", "DB_SECRET_ARN", "PARTITION_KEY", "TABLE", "TOKENS"),
        *("PASS_THROUGH", "BYPASS", "COMPASS", "KEY_PREFIX", "MONKEY", "PWD", "OLDPWD", "AUTH", "AUTHORIZATION"),
        *("DB_CREDS", "SIGNING_KEY_ID", "PASSPORT", "PASS_RATE", "TOKEN_TTL_1"),
    ],
)
def test_names_whose_literal_is_a_setting(name: str) -> None:
    assert plain_secret(name, "hunter2") is None


@pytest.mark.parametrize(
    "value",
    [
        *("", "true", "off", "1", "/orders/db-password", "orders/db", "https://auth.acme.io/token", "***"),
        *("arn:aws:secretsmanager:eu-west-1:1:secret:orders/db-AbCdEf", "{{resolve:ssm:/orders/db}}"),
    ],
)
def test_a_switch_a_number_and_the_name_of_something_are_no_secrets(value: str) -> None:
    assert plain_secret("DB_PASSWORD", value) is None


def test_a_number_is_a_password_and_no_token() -> None:
    assert (plain_secret("DB_PASSWORD", "123456"), plain_secret("PASSWORD_1", "0000")) == (SECRET, SECRET)
    assert (plain_secret("LAST_TOKEN", "4096"), plain_secret("MAX_TOKEN", "123456")) == (None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTHORIZATION", "Bearer abcdefgh1234"),
        ("HTTP_AUTH", "Basic dXNlcjpwYXNz"),
        ("REGISTRY_CREDS", "ci:hunter2"),
        ("DB_CREDS_PROD", "ci:hunter2"),
    ],
)
def test_what_may_hold_a_secret_does_where_its_value_is_one(name: str, value: str) -> None:
    assert plain_secret(name, value) == SECRET


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTHORIZATION", "AWS_IAM"),
        ("AUTH", "Basic authentication"),
        ("DB_CREDS", "arn:aws:secretsmanager:eu-west-1:1:secret:orders/db-AbCdEf"),
        ("AUTH", "https://auth.acme.io"),
        ("ENCRYPTION_KEY", "alias/orders"),
        ("ENCRYPTION_KEY", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    ],
)
def test_where_its_value_is_a_setting_it_holds_none(name: str, value: str) -> None:
    assert plain_secret(name, value) is None


@pytest.mark.parametrize("value", ["postgres://u:hunter2@h", "ghp_" + "a1B2" * 9, "AKIA" + "ABCDEFGH234567QR"])
def test_a_value_that_has_the_form_of_a_secret_is_one_under_any_name(value: str) -> None:
    assert plain_secret("TABLE", value) is not None


def test_what_is_excused_is_read_and_shown_with_its_reason() -> None:
    found = read('environment.CSRF_TOKEN = "hunter2"\n[tool.multi_env_lambda.not_secret]\n"main.CSRF_TOKEN" = "a name"')

    assert excuses(found.not_secret) == ("main.CSRF_TOKEN is not a secret according to pyproject.toml: a name",)


def test_an_excuse_without_a_reason_is_refused() -> None:
    assert "expected a reason" in refusal('[tool.multi_env_lambda.not_secret]\n"main.X" = " "')
