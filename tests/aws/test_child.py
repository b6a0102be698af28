"""A program that acts as a role finds the role's keys, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from botocore.credentials import ReadOnlyCredentials

from multi_env_lambda.aws.child import endpoint_of_profile, variables_of_child

ROLE = ReadOnlyCredentials("AKIA", "secret", "token", None)
OWN = {
    "PATH": "/bin",
    "AWS_PROFILE": "mine",
    "AWS_ACCESS_KEY_ID": "mine",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/mine",
    "AWS_ENDPOINT_URL_S3": "http://mine",
    "AWS_CONFIG_FILE": "/mine",
    "AWS_CA_BUNDLE": "/ca.pem",
}


def test_nothing_of_the_caller_that_says_who_is_left_and_the_addresses_are_its_own() -> None:
    found = variables_of_child(OWN, ROLE, region="eu-west-1")

    assert found == {
        "PATH": "/bin",
        "AWS_CA_BUNDLE": "/ca.pem",
        "AWS_ENDPOINT_URL_S3": "http://mine",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def test_a_user_has_no_token_and_the_local_cloud_an_address() -> None:
    user = ReadOnlyCredentials("AKIA", "secret", None, None)
    found = variables_of_child({}, user, region="eu-west-1", endpoint_url="http://127.0.0.1:4566")

    assert "AWS_SESSION_TOKEN" not in found
    assert (found["AWS_ENDPOINT_URL"], found["NO_PROXY"]) == ("http://127.0.0.1:4566", "127.0.0.1,localhost")


def test_what_the_caller_keeps_from_its_proxy_stays_so_beside_the_local_cloud() -> None:
    """A lower-case ``no_proxy`` that was left alone would win, and the local cloud would be asked for at the proxy."""
    own = {"http_proxy": "http://proxy:3128", "no_proxy": "example.org"}
    found = variables_of_child(own, ROLE, region="eu-west-1", endpoint_url="http://127.0.0.1:4566")

    assert found["NO_PROXY"] == found["no_proxy"] == "example.org,127.0.0.1,localhost"


def test_in_the_local_cloud_no_address_of_the_caller_is_left() -> None:
    assert "AWS_ENDPOINT_URL_S3" not in variables_of_child(OWN, ROLE, region="eu-west-1", endpoint_url="http://here")


@pytest.mark.parametrize(
    ("variables", "found"),
    [({}, "http://127.0.0.1:5000"), ({"AWS_ENDPOINT_URL": "http://other"}, ""), ({"AWS_ENDPOINT_URL_S3": "x"}, "")],
    ids=["profile", "variable", "variable of a service"],
)
def test_the_address_of_a_profile_goes_with_its_keys(
    variables: dict[str, str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile there]\nendpoint_url = http://127.0.0.1:5000\n[profile plain]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert endpoint_of_profile("there") == found
    assert endpoint_of_profile("plain") == ""
