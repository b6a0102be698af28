"""Sessions with an access go where it says, as whom it says, whatever the variables of the process are."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.access import Access
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import AccountError

NOWHERE = "http://127.0.0.1:9"
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111111111111:user/{}</Arn><UserId>AIDA</UserId><Account>111111111111</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


class Sts(BaseHTTPRequestHandler):
    """The user of a request is called as its access key, in a path of the region that was signed for."""

    def do_POST(self) -> None:
        (scope,) = re.findall(r"Credential=(\w+)/\d+/([\w-]+)/", self.headers["Authorization"])
        body = IDENTITY.format("/".join(reversed(scope))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:
        """Nothing is logged."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Sts) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def access(tmp_path: Path, address: str, aws_environment: dict[str, str]) -> Access:
    """Of ``ada``, in files where there is a ``grace``, too."""
    regions = {"ada": "eu-west-1", "grace": "us-east-2"}
    config, credentials = tmp_path / "aws-config", tmp_path / "aws-credentials"
    config.write_text("".join(f"[profile {user}]\nregion = {region}\n" for user, region in regions.items()))
    keys = "[{0}]\naws_access_key_id = {0}\naws_secret_access_key = secret\n"
    credentials.write_text("".join(keys.format(user) for user in regions))
    return Access(profile="ada", config_file=config, credentials_file=credentials, endpoint_url=address)


def user_of(access: Access | None) -> str:
    return Sessions(access, attempts=1).caller().rpartition(":user/")[2]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_ACCESS_KEY_ID": "real", "AWS_SECRET_ACCESS_KEY": "real", "AWS_SESSION_TOKEN": "real"},
        {"AWS_PROFILE": "grace", "AWS_DEFAULT_PROFILE": "nobody"},
        {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"},
        {"AWS_ENDPOINT_URL": NOWHERE, "AWS_ENDPOINT_URL_STS": NOWHERE, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_DEFAULTS_MODE": "none"},
        {"AWS_CA_BUNDLE": "/nowhere.pem", "AWS_RETRY_MODE": "none"},
        {"AWS_DEFAULT_REGION": "us-west-2", "AWS_REGION": "us-west-2"},
        {"HTTP_PROXY": NOWHERE, "http_proxy": NOWHERE, "NO_PROXY": "", "no_proxy": ""},
        {"AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/real", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"},
    ],
    ids=lambda variables: next(iter(variables), "none"),
)
def test_no_variable_of_the_process_counts(
    access: Access, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert user_of(access) == "eu-west-1/ada"


def test_the_files_of_who_runs_the_process_are_not_read(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".aws").mkdir()
    for name in ("config", "credentials"):
        (tmp_path / ".aws" / name).write_text("this is no such file")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert user_of(access) == "eu-west-1/ada"


def test_two_people_are_two_callers_in_one_process(access: Access) -> None:
    others = attrs.evolve(access, profile="grace")

    assert [user_of(one) for one in (access, others, access)] == ["eu-west-1/ada", "us-east-2/grace", "eu-west-1/ada"]


def test_without_an_access_the_variables_lead(access: Access, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)

    assert (user_of(None), user_of(access)) == ("us-east-1/testing", "eu-west-1/ada")


@pytest.mark.parametrize("variable", ["AWS_CREDENTIAL_FILE", "BOTO_CONFIG"])
def test_keys_that_are_not_in_its_file_are_looked_for_nowhere(
    access: Access, tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access.credentials_file.write_text("")
    real = tmp_path / "real"
    real.write_text("[Credentials]\naws_access_key_id = real\naws_secret_access_key = real\n")
    if variable == "AWS_CREDENTIAL_FILE":
        real.write_text("AWSAccessKeyId=real\nAWSSecretKey=real\n")
    monkeypatch.setenv(variable, str(real))

    with pytest.raises(AccountError, match="NoCredentialsError"):
        user_of(access)


def test_when_its_credentials_end_is_part_of_an_access(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    ending = attrs.evolve(access, ends="2030-01-01T00:00:00Z")

    assert Sessions().variables()["AWS_CREDENTIAL_EXPIRATION"] == "2020-01-01T00:00:00Z"
    assert Sessions(ending).variables() == {"AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"}
    assert Sessions(access).variables() == {}
