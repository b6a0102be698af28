"""Whose session it is decides what renews it."""

from __future__ import annotations

from typing import get_args

import pytest

from multi_env_lambda.model.session import Kind, Source, renewal, source_of, whose

TABLES = {
    "sso": {"sso_session": "acme"},
    "old": {"sso_start_url": "https://acme.awsapps.com/start"},
    "console": {"login_session": "arn:aws:iam::1:user/ada"},
    "tool": {"credential_process": "vault"},
    "keys": {"aws_access_key_id": "AK"},
    "token": {"web_identity_token_file": "/token"},
    "container": {"role_arn": "arn", "credential_source": "EcsContainer"},
    "variables": {"role_arn": "arn", "credential_source": "Environment"},
    "role": {"role_arn": "arn", "source_profile": "middle"},
    "middle": {"role_arn": "arn", "source_profile": "sso"},
    "itself": {"role_arn": "arn", "source_profile": "itself", "aws_access_key_id": "AK"},
    "one": {"source_profile": "two"},
    "two": {"source_profile": "one"},
}


@pytest.mark.parametrize(
    ("method", "profile", "found"),
    [
        ("env", "sso", Source(kind="variables")),
        ("sso", "sso", Source(kind="sign-in", name="sso")),
        ("sso", "old", Source(kind="sign-in", name="old")),
        ("login", "console", Source(kind="login", name="console")),
        ("custom-process", "tool", Source(kind="process", name="tool")),
        ("shared-credentials-file", "tool", Source(kind="keys", name="tool")),
        ("config-file", "keys", Source(kind="keys", name="keys")),
        ("assume-role-with-web-identity", "default", Source(kind="web identity", name="default")),
        ("assume-role", "token", Source(kind="web identity", name="token")),
        ("assume-role", "container", Source(kind="machine")),
        ("assume-role", "variables", Source(kind="variables")),
        ("assume-role", "role", Source(kind="sign-in", name="sso")),
        ("assume-role", "itself", Source(kind="keys", name="itself")),
        ("assume-role", "one", Source(kind="keys", name="one")),
        ("container-role", "default", Source(kind="machine")),
        ("iam-role", "default", Source(kind="machine")),
        ("", "sso", Source(kind="sign-in", name="sso")),
    ],
)
def test_where_credentials_come_from_is_followed_to_what_can_be_renewed(
    method: str, profile: str, found: Source
) -> None:
    assert source_of(method, profile, TABLES) == found


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_kind_says_whose_it_is_and_how_it_goes_on(kind: Kind) -> None:
    source = Source(kind=kind, name="acme")

    assert whose(source).startswith("the session")
    assert renewal(source).endswith(", then run the same command again")
    assert renewal(source).python.endswith(", then make the same call on `workspace.reload()`")


def test_no_two_kinds_have_the_same_advice() -> None:
    assert len({renewal(Source(kind=kind, name="acme")) for kind in get_args(Kind)}) == len(get_args(Kind))


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("acme", "`aws sso login --profile acme`"),
        ("default", "`aws sso login`"),
        ("two words", "`aws sso login --profile 'two words'`"),
    ],
)
def test_the_command_to_sign_in_can_be_pasted(name: str, command: str) -> None:
    assert command in renewal(Source(kind="sign-in", name=name))
