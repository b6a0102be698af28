"""A stand-in for AWS on 127.0.0.1 whose sessions end: STS gives roles for as long as told, and the rest answers little.

It speaks each service's own protocol, so botocore renews, signs and reads as it does with AWS.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import attrs

from tests.tools.faults import EXPIRED, error_body
from tests.tools.operations import Operation, operation_of

__all__ = ["StandIn", "stand_in"]

_ARN = "arn:aws:sts::111111111111:assumed-role/people/ada"


@attrs.define
class StandIn:
    """``calls`` are the operations with the key of whoever sent them.

    ``seconds``: for how long a role is given. ``over``: the keys whose session has ended; ``code`` is what is said then
    instead of the protocol's own word. ``clock``: by how much AWS's clock is ahead of ours.
    """

    seconds: float = 3600.0
    over: set[str] = attrs.field(factory=set)
    code: str = ""
    message: str = "The security token included in the request is expired"
    clock: timedelta = timedelta(0)
    calls: list[tuple[str, str]] = attrs.field(factory=list)
    endpoint: str = ""
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def count(self, name: str) -> int:
        return sum(call == name for call, _ in self.calls)

    def answer(self, operation: Operation, body: bytes) -> tuple[int, str, bytes]:
        with self._lock:
            self.calls.append((operation.name, operation.access_key_id))
            number = self.count("AssumeRole")
        if operation.access_key_id in self.over:
            kind, text = error_body(operation.protocol, self.code or EXPIRED[operation.protocol], self.message)
            return 400, kind, text
        match operation.name:
            case "GetCallerIdentity":
                account = f"<Arn>{_ARN}</Arn><UserId>AROA:ada</UserId><Account>111111111111</Account>"
                return 200, "text/xml", _result("GetCallerIdentity", account)
            case "AssumeRole":
                role = parse_qs(body.decode())["RoleArn"][0]
                return 200, "text/xml", _result("AssumeRole", _role(role, f"ROLE{number}", self.seconds))
        return 200, "application/json" if "json" in operation.protocol else "text/xml", _EMPTY[operation.protocol]


_EMPTY = {
    "query": b"<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>",
    "json": b"{}",
    "rest-json": b"{}",
    "rest-xml": b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
}


def _result(name: str, inner: str) -> bytes:
    return f"<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>".encode()


def _role(arn: str, key: str, seconds: float) -> str:
    ends = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    session = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/ada"
    keys = f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    user = f"<Arn>{session}</Arn><AssumedRoleId>AROA{key}:ada</AssumedRoleId>"
    return f"<Credentials>{keys}<Expiration>{ends}</Expiration></Credentials><AssumedRoleUser>{user}</AssumedRoleUser>"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    there: StandIn

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the calls are in ``StandIn.calls``."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(datetime.now(UTC) + self.there.clock, usegmt=True)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        status, kind, text = self.there.answer(operation_of(self.command, self.path, self.headers, body), body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status >= 400:
            self.send_header("x-amzn-errortype", self.there.code or EXPIRED["rest-json"])
        self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle


@contextmanager
def stand_in() -> Iterator[StandIn]:
    there = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Here", (_Handler,), {"there": there}))
    there.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
