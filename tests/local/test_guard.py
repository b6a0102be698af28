"""The local cloud is no door: not for another user of the machine, not for a program without a key."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import http.client
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.server import SECRET_HEADER
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
ROOT = "555555555555"
SCOPE = "20260101/us-east-1/lambda/aws4_request"
FUNCTIONS = "/2015-03-31/functions"

IN_HEADER = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={{key}}/{SCOPE}, SignedHeaders=host, Signature=00",
    "X-Amz-Date": "20260101T000000Z",
}
IN_QUERY = (
    f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={{key}}/{SCOPE}&X-Amz-Date=20260101T000000Z"
    "&X-Amz-Expires=99999&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
)
CREATE = {
    "FunctionName": "guard-intruder",
    "Runtime": RUNTIME,
    "Role": f"arn:aws:iam::{ROOT}:role/OrganizationAccountAccessRole",
    "Handler": "m.handler",
}

OTHER_USER = """
import encodings.idna, http.client, json, os, sys
port, user, *requests = json.load(sys.stdin)
if user:  # after the imports: the interpreter may lie where nobody may read
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
for method, path, headers, body in requests:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    print(json.dumps([answer.status, answer.read().decode("latin-1")]))
    connection.close()
"""


def zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("m.py", source)
    return buffer.getvalue()


def intrusions() -> list[tuple[str, str, dict[str, str], str]]:
    """Requests without a key, in each form in which one can claim to be somebody, or nobody."""
    code = base64.b64encode(zipped("def handler(event, context): return 1")).decode()
    body = json.dumps({**CREATE, "Code": {"ZipFile": code}})
    found: list[tuple[str, str, dict[str, str], str]] = []
    for key in (ROOT, "test", "ASIAAAAAAAAAAAAAAAAA"):
        signed = {name: value.format(key=key) for name, value in IN_HEADER.items()}
        found.append(("POST", FUNCTIONS, signed, body))
        found.append(("GET", "/", {**signed, "Authorization": signed["Authorization"].replace("lambda", "s3")}, ""))
        found.append(("POST", f"{FUNCTIONS}?{IN_QUERY.format(key=key)}", {"Content-Type": "text/plain"}, body))
        found.append(("GET", f"/acme?{IN_QUERY.format(key=key).replace('lambda', 's3')}", {}, ""))
        found.append(("GET", f"/acme/key?AWSAccessKeyId={key}&Expires=9999999999&Signature=AAAA", {}, ""))
        found.append(("GET", "/", {"Authorization": f"AWS {key}:AAAA"}, ""))
    found += [("POST", FUNCTIONS, {}, body), ("GET", "/", {}, ""), ("OPTIONS", "/", {}, "")]
    found.append(("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, "Action=GetCallerIdentity"))
    found.append(("GET", "/?Action=AssumeRoleWithWebIdentity&RoleArn=a&RoleSessionName=b&WebIdentityToken=c", {}, ""))
    own = ("/health", "/_localstack/health", "/_ministack/health", "/_ministack/ready", "/_ministack/ses/messages")
    found += [("GET", path, {}, "") for path in own]
    found += [("GET", path, {SECRET_HEADER: "guessed"}, "") for path in own]
    found += [("POST", "/_ministack/reset", {}, ""), ("POST", "/_ministack%2freset", {}, "")]
    found += [("POST", "/_ministack/config", {}, "{}"), ("POST", "/_ministack/rds/iam-auth", {}, "{}")]
    listing = {"X-Amz-Target": "AmazonSSM.DescribeParameters", "Content-Type": "application/x-amz-json-1.1"}
    found += [("POST", f"/_aws/{path}", listing, "{}") for path in ("lambda-url/", "execute-api/", "execute-api/abc")]
    found.append(("GET", f"/_ministack/lambda-code/{ROOT}/us-east-1/guard-public", {}, ""))
    found.append(("GET", f"/_ministack/lambda-code/{ROOT}/us-east-1/guard-public?local-cloud-token=0", {}, ""))
    return found


@pytest.fixture(scope="module")
def port(local_cloud: LocalCloud) -> int:
    return urlsplit(local_cloud.endpoint).port or 0


@pytest.fixture(scope="module")
def secret(local_cloud: LocalCloud) -> str:
    return str(json.loads((local_cloud.folder / "listening.json").read_text())["secret"])


@pytest.fixture(scope="module")
def prod(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return lambda service: client_of(local_cloud, local_config.environment("prod"), service)


def ask(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """One request, exactly with these headers (and Host, unless it is among them)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    given = dict(headers or {})
    connection.putrequest(method, path, skip_host="Host" in given, skip_accept_encoding=True)
    for name, value in {"Content-Length": str(len(body)), **given}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def signed_headers(
    port: int, key: str, secret: str, *, method: str = "GET", path: str = "/", service: str = "s3", host: str = ""
) -> dict[str, str]:
    host = host or f"127.0.0.1:{port}"
    request = AWSRequest(method=method, url=f"http://{host}{path}", headers={"Host": host})
    if service == "s3":
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(b"").hexdigest()
    SigV4Auth(Credentials(key, secret), service, "us-east-1").add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def test_another_user_of_the_machine_gets_nothing(port: int, prod: Any) -> None:
    """As nobody where the tests are root; else as this user, who has not looked into the state folder."""
    nobody = 65534 if os.getuid() == 0 else 0
    wanted = intrusions()
    asked = json.dumps([port, nobody, *wanted])
    argv = [sys.executable, "-I", "-c", OTHER_USER]
    done = subprocess.run(argv, input=asked, capture_output=True, text=True, check=True, cwd="/", env={})
    answers = [json.loads(line) for line in done.stdout.splitlines()]

    assert len(answers) == len(wanted)
    let_in = [
        (request[:2], answer) for request, answer in zip(wanted, answers, strict=True) if answer[0] not in (400, 403)
    ]
    assert let_in == []
    assert "guard-intruder" not in [f["FunctionName"] for f in prod("lambda").list_functions()["Functions"]]


def test_a_state_folder_of_another_user_cannot_be_read(local_cloud: LocalCloud) -> None:
    assert (local_cloud.folder / "listening.json").stat().st_mode & 0o777 == 0o600
    assert local_cloud.folder.stat().st_mode & 0o777 == 0o700


def test_the_root_of_an_account_is_who_knows_the_secret(port: int, secret: str) -> None:
    assert ask(port, "GET", "/", signed_headers(port, ROOT, secret))[0] == 200
    for wrong in ("test", secret + "x"):
        status, _, body = ask(port, "GET", "/", signed_headers(port, ROOT, wrong))
        assert (status, b"SignatureDoesNotMatch" in body) == (403, True)


def test_a_signature_is_over_what_was_signed(port: int, secret: str) -> None:
    headers = signed_headers(port, ROOT, secret, path="/acme")
    assert ask(port, "GET", "/", headers)[0] == 403
    assert ask(port, "DELETE", "/acme", headers)[0] == 403
    assert ask(port, "GET", "/acme?versions", headers)[0] == 403
    put = signed_headers(port, ROOT, secret, method="PUT", path="/acme/key")
    status, _, body = ask(port, "PUT", "/acme/key", put, b"another body")
    assert (status, b"XAmzContentSHA256Mismatch" in body) == (400, True)
    posted = signed_headers(port, ROOT, secret, method="POST", path=FUNCTIONS, service="lambda")
    assert ask(port, "POST", FUNCTIONS, posted, json.dumps(CREATE).encode())[0] == 403


def test_an_old_signature_is_refused(port: int, secret: str) -> None:
    headers = signed_headers(port, ROOT, secret)
    earlier = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=30)
    request = AWSRequest(method="GET", url=f"http://127.0.0.1:{port}/", headers={"Host": f"127.0.0.1:{port}"})
    signer = SigV4Auth(Credentials(ROOT, secret), "s3", "us-east-1")
    stamp = earlier.strftime("%Y%m%dT%H%M%SZ")
    request.context["timestamp"] = stamp
    request.headers["X-Amz-Date"] = stamp
    request.headers["X-Amz-Content-SHA256"] = headers["X-Amz-Content-SHA256"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signed = ";".join(sorted(name.lower() for name in request.headers))
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ROOT}/{stamp[:8]}/us-east-1/s3/aws4_request, SignedHeaders={signed}, "
        f"Signature={signer.signature(text, request)}"
    )
    status, _, body = ask(port, "GET", "/", dict(request.headers.items()))
    assert (status, b"RequestTimeTooSkewed" in body) == (403, True)


@pytest.mark.parametrize(
    "foreign",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "localhost.evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "0.0.0.0:{port}"},
        {"Host": "a" * 32 + ".lambda-url.us-east-1.evil.example:{port}"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("door", ["signed", "own door"])
def test_a_page_is_refused_even_with_every_key(port: int, secret: str, foreign: dict[str, str], door: str) -> None:
    given = {name: value.format(port=port) for name, value in foreign.items()}
    host = given.get("Host", "")
    if door == "signed":
        headers, path = signed_headers(port, ROOT, secret, host=host), "/"
    else:
        headers, path = {SECRET_HEADER: secret}, "/_ministack/health"
    status, answered, body = ask(port, "GET", path, {**headers, **given})
    assert (status, answered["content-type"]) == (403, "text/plain")
    assert body.startswith(b"the local cloud ")
    assert not [name for name in answered if name.startswith("access-control-")]


def test_a_preflight_is_refused(port: int) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    status, answered, _ = ask(port, "OPTIONS", FUNCTIONS, asked)
    assert status == 403
    assert not [name for name in answered if name.startswith("access-control-")]


def test_there_is_no_web_socket(port: int) -> None:
    """A page may open one to anywhere, without asking first."""
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    assert ask(port, "GET", "/_aws/execute-api/abc/stage", upgrade)[0] == 403


def test_no_answer_may_be_read_by_a_page(port: int, secret: str) -> None:
    for service, path in (("s3", "/"), ("lambda", FUNCTIONS)):
        status, answered, _ = ask(port, "GET", path, signed_headers(port, ROOT, secret, path=path, service=service))
        assert status == 200
        assert not [name for name in answered if name.startswith("access-control-")]


def test_the_own_doors_open_with_the_secret_only(port: int, secret: str) -> None:
    assert ask(port, "GET", "/_ministack/health", {SECRET_HEADER: secret})[0] == 200
    signed = signed_headers(port, ROOT, secret, path="/_ministack/health")
    assert ask(port, "GET", "/_ministack/health", signed)[0] == 403


def test_a_bucket_may_have_a_name_that_begins_like_a_door(port: int, secret: str) -> None:
    for method in ("PUT", "GET"):
        headers = signed_headers(port, ROOT, secret, method=method, path="/health-data")
        assert ask(port, method, "/health-data", headers)[0] == 200


def test_what_ministack_would_derive_for_a_function_is_no_key(port: int, prod: Any) -> None:
    """Its keys were a digest of two names that everybody can read."""
    make(prod, "guard-derived", "def handler(event, context): return 1")
    prod("lambda").invoke(FunctionName="guard-derived")
    config = prod("lambda").get_function_configuration(FunctionName="guard-derived")
    digest = hashlib.sha256(f"{config['FunctionArn']}:{config['Role']}".encode()).hexdigest()
    key, secret = f"ASIA{digest[:16].upper()}", hashlib.sha256(f"secret:{digest}".encode()).hexdigest()
    token = hashlib.sha256(f"token:{digest}".encode()).hexdigest()
    request = AWSRequest(method="GET", url=f"http://127.0.0.1:{port}/", headers={"Host": f"127.0.0.1:{port}"})
    SigV4Auth(Credentials(key, secret, token), "sts", "us-east-1").add_auth(request)
    assert ask(port, "GET", "/", dict(request.headers.items()))[0] == 403


def make(prod: Any, name: str, source: str, **more: Any) -> None:
    resources = function_resources(name, {"ZipFile": source}, Runtime=RUNTIME, **more)
    assert create_stack(prod("cloudformation"), name, resources)[0] == "CREATE_COMPLETE"


def everybody_may_call(client: Any, name: str) -> None:
    """Both statements that a URL without authentication needs."""
    anyone = {"FunctionName": name, "Principal": "*"}
    by_url = {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
    client.add_permission(StatementId="url", **anyone, **by_url)
    client.add_permission(StatementId="invoke", **anyone, Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True)


def test_a_public_function_url_is_served_to_everybody_and_another_is_not(port: int, prod: Any) -> None:
    ids = {}
    for kind in ("NONE", "AWS_IAM"):
        name = f"guard-url-{kind.lower().replace('_', '-')}"
        make(prod, name, "def handler(event, context): return {'path': event['rawPath']}")
        url = prod("lambda").create_function_url_config(FunctionName=name, AuthType=kind)["FunctionUrl"]
        everybody_may_call(prod("lambda"), name)
        ids[kind] = (urlsplit(url).hostname or "").partition(".")[0]
    status, _, body = ask(port, "GET", f"/_aws/lambda-url/{ids['NONE']}/a/b")
    assert (status, json.loads(body)) == (200, {"path": "/a/b"})
    host = f"{ids['NONE']}.lambda-url.us-east-1.localhost:{port}"
    assert json.loads(ask(port, "GET", "/c", {"Host": host})[2]) == {"path": "/c"}
    assert ask(port, "GET", f"/_aws/lambda-url/{ids['AWS_IAM']}/a")[0] == 403
    assert ask(port, "GET", "/_ministack/health", {"Host": host})[2] != b""  # a path of the function, not a door
    claimed = {name: value.format(key=ROOT) for name, value in IN_HEADER.items()}
    assert ask(port, "GET", f"/_aws/lambda-url/{ids['AWS_IAM']}/a", claimed)[0] == 403


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_pre_signed_link_is_its_own_key(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, port: int, version: str
) -> None:
    s3, bucket = client_of(local_cloud, local_config.devops, "s3"), local_config.devops.bucket
    s3.put_object(Bucket=bucket, Key="guard/a b.txt", Body=b"kept")
    role = {"RoleArn": local_config.devops.role_arn, "RoleSessionName": "guard"}
    developer = boto3.Session(local_cloud.access_key_id, local_cloud.secret_access_key, region_name="us-east-1")
    keys = developer.client("sts", endpoint_url=local_cloud.endpoint).assume_role(**role)["Credentials"]
    assumed = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1")
    signing = assumed.client("s3", endpoint_url=local_cloud.endpoint, config=Config(signature_version=version))
    wanted = {"Bucket": bucket, "Key": "guard/a b.txt"}
    link = signing.generate_presigned_url("get_object", Params=wanted, ExpiresIn=60).removeprefix(local_cloud.endpoint)
    assert ask(port, "GET", link)[::2] == (200, b"kept")
    assert ask(port, "GET", link.replace("a%20b", "c"))[0] == 403
    assert ask(port, "DELETE", link)[0] == 403
    late = signing.generate_presigned_url("get_object", Params=wanted, ExpiresIn=-5).removeprefix(local_cloud.endpoint)
    assert ask(port, "GET", late)[0] in (400, 403)


def test_the_link_to_a_functions_code_carries_its_proof(port: int, prod: Any) -> None:
    make(prod, "guard-public", "def handler(event, context): return 1")
    location = prod("lambda").get_function(FunctionName="guard-public")["Code"]["Location"]
    path = location.partition(f":{port}")[2]
    status, _, body = ask(port, "GET", path)
    assert status == 200
    assert zipfile.ZipFile(io.BytesIO(body)).namelist() == ["index.py"]
