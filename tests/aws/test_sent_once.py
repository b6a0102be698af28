"""What knows no token is sent once, whatever becomes of the answer."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from multi_env_lambda.aws.platform import AwsPlatform
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.environment import Devops, Environment

PLACE = Environment(name="sandbox", account_id="222222222222", region="us-east-1", role_name="deployer")
DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="b")
WHO = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult>"
    b"<Arn>arn:aws:sts::222222222222:assumed-role/deployer/x</Arn><UserId>AROA:x</UserId><Account>222222222222</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Deaf(http.server.BaseHTTPRequestHandler):
    """Says who the caller is; reads every other request, and closes the connection without an answer."""

    seen: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if b"GetCallerIdentity" in body:
            self.send_response(200)
            self.send_header("content-length", str(len(WHO)))
            self.end_headers()
            self.wfile.write(WHO)
            return
        self.seen.append(self.headers.get("X-Amz-Target") or self.path)
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def platform(aws_environment: dict[str, str]) -> Iterator[AwsPlatform]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Deaf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"
    Deaf.seen.clear()
    yield AwsPlatform(Sessions(), DEVOPS)
    server.shutdown()
    del os.environ["AWS_ENDPOINT_URL"]


CALLS: dict[str, Callable[[AwsPlatform], object]] = {
    "/2015-03-31/functions/f/invocations?Qualifier=live": lambda it: it.invoke(PLACE, "f", "live", b"{}"),
    "AWSGlue.StartJobRun": lambda it: it.run_job(PLACE, "j", {}),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_without_a_token_is_not_repeated_when_its_answer_is_lost(platform: AwsPlatform, call: str) -> None:
    with pytest.raises(MultiEnvLambdaError):
        CALLS[call](platform)

    assert Deaf.seen == [call]
