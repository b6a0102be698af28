"""A program that acts as a role finds the role's keys, and no others."""

from __future__ import annotations

from botocore.credentials import ReadOnlyCredentials

from multi_env_lambda.aws.child import variables_of_child

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


def test_nothing_of_the_caller_that_says_who_or_where_is_left() -> None:
    found = variables_of_child(OWN, ROLE, region="eu-west-1")

    assert found == {
        "PATH": "/bin",
        "AWS_CA_BUNDLE": "/ca.pem",
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
