"""The key `webhook` of the table `ci`: whose webhooks, and where their secret is kept."""

from __future__ import annotations

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.webhook import Webhook, read_webhook_table

GITHUB = "https://github.com/acme/units"


def read(repository: str = GITHUB, **webhook: object) -> Webhook | None:
    values: dict[str, object] = {"repository": repository, "webhook": webhook}
    stack = CiStack(repository=repository) if repository else None
    table = Table(where="pyproject.toml", path="ci", values=values if repository else {"webhook": webhook})
    return read_webhook_table(table, stack)


@pytest.mark.parametrize(
    ("repository", "host"),
    [
        (GITHUB, "github"),
        ("https://gitlab.com/acme/team/units.git", "gitlab"),
        ("https://bitbucket.org/acme/units", "bitbucket"),
    ],
)
def test_the_host_is_that_of_the_repository(repository: str, host: str) -> None:
    assert read(repository, secret="acme/webhook") == Webhook(host=host, secret="acme/webhook", concurrency=5)  # type: ignore[arg-type]


def test_a_host_under_a_name_of_its_own_is_named_and_a_parameter_keeps_the_secret_too() -> None:
    found = read("https://git.acme.org/acme/units", parameter="/acme/webhook", host="github", concurrency=0)
    assert found == Webhook(host="github", parameter="/acme/webhook", concurrency=0)
    assert found.where == "parameter /acme/webhook"


def test_without_the_key_there_is_none() -> None:
    assert read_webhook_table(Table(where="pyproject.toml", path="ci", values={}), None) is None
    off = Table(where="pyproject.toml", path="ci", values={"webhook": False})
    assert read_webhook_table(off, CiStack(repository=GITHUB)) is None


@pytest.mark.parametrize(
    ("repository", "webhook", "what"),
    [
        (GITHUB, {}, "found neither; expected exactly one of `secret` and `parameter`"),
        (GITHUB, {"secret": "a", "parameter": "b"}, "found both"),
        (GITHUB, {"secret": "a b"}, "the name of a secret"),
        (GITHUB, {"secret": "a*"}, "the name of a secret"),
        (GITHUB, {"secret": "arn:aws:secretsmanager:us-east-1:1:secret:a"}, "the name of a secret"),
        (GITHUB, {"parameter": "/aws/secret"}, "the name of a parameter"),
        (GITHUB, {"parameter": "/a/*"}, "the name of a parameter"),
        (GITHUB, {"secret": "a", "concurrency": 101}, "from 0 to 100"),
        (GITHUB, {"secret": "a", "host": "gitea"}, '"bitbucket", "github" or "gitlab"'),
        (GITHUB, {"secret": "a", "token": "b"}, "unknown key `token`"),
        ("https://git.acme.org/units", {"secret": "a"}, "`host` is missing"),
        ("units", {"secret": "a"}, "one of CodeCommit"),
        ("", {"secret": "a"}, "`repository` is missing"),
    ],
)
def test_what_cannot_be_is_refused(repository: str, webhook: dict[str, object], what: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(repository, **webhook)
    assert what in raised.value.what
    assert raised.value.hint
