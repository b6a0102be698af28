"""A proxy on 127.0.0.1 in front of an AWS endpoint that fails on purpose, and counts what is called."""

from __future__ import annotations

import http.client
import json
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import assert_never
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import attrs

from tests.tools.operations import Operation, Protocol, operation_of

__all__ = [
    "WRITES",
    "Call",
    "Delay",
    "EXPIRED",
    "EndSession",
    "Fail",
    "FaultProxy",
    "KillAfter",
    "LoseAnswer",
    "Rule",
    "Throttle",
    "error_body",
    "longest_chain",
]

WRITES = "Put*|Create*|Delete*|Update*|Execute*|Copy*|Complete*|Upload*|Continue*|Rollback*|Cancel*|Publish*|Invoke*"
"""A pattern for every operation of this library's repertoire that may change something."""

_FOREVER = 1_000_000
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "expect", "proxy-connection", "content-length"}
)
_ASSUMED = re.compile(rb"<Arn>arn:aws:sts::(\d{12}):.*?</Arn>", re.DOTALL)
_KEY = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")
_UPSTREAM_SECONDS = 120


@attrs.frozen(kw_only=True)
class Throttle:
    """Answer the first ``times`` calls with the service's own throttling error; nothing is forwarded."""

    match: str
    times: int = 1


@attrs.frozen(kw_only=True)
class Fail:
    """Answer the first ``times`` calls with an error; nothing is forwarded. ``code`` "" means the usual one."""

    match: str
    status: int = 500
    code: str = ""
    times: int = 1


@attrs.frozen(kw_only=True)
class LoseAnswer:
    """Forward the first ``times`` calls, let them be applied, and close the connection without an answer."""

    match: str
    times: int = 1


@attrs.frozen(kw_only=True)
class Delay:
    """Wait before forwarding."""

    match: str
    seconds: float
    times: int = _FOREVER


@attrs.frozen(kw_only=True)
class EndSession:
    """Forward the first ``after`` calls; from then on the credentials have expired, in each service's own words."""

    match: str = "*"
    after: int = 0


@attrs.frozen(kw_only=True)
class KillAfter:
    """Forward the ``nth`` call (counted from 1), let it be applied, then call ``kill`` and close the connection."""

    match: str
    kill: Callable[[], None]
    nth: int = 1


Rule = Throttle | Fail | LoseAnswer | Delay | EndSession | KillAfter


@attrs.frozen(kw_only=True)
class Call:
    """One request as it arrived. ``account`` is known for roles that were assumed through the same proxy.

    ``began`` and ``ended`` are seconds of this process's clock; a call without an answer never ended.
    """

    name: str
    subject: str
    account: str
    fault: str = ""
    began: float = 0.0
    ended: float = math.inf

    @property
    def label(self) -> str:
        return f"{self.name} {self.subject}".rstrip()


def longest_chain(calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls that wait for each other: a longest row in which each began after the answer to the one before.

    Where every call is delayed by more than a caller needs between two independent ones, its length is the number of
    round trips that a run takes however fast the machine is.
    """
    chains: list[tuple[Call, ...]] = []
    for call in sorted(calls, key=lambda call: call.began):
        before = (chain for chain in chains if chain[-1].ended <= call.began)
        chains.append((*max(before, key=len, default=()), call))
    return max(chains, key=len, default=())


class FaultProxy:
    """Use it as a context manager, and ``proxy.endpoint`` where the real endpoint would stand.

    A rule's ``match`` is an operation (``CreateChangeSet``) or a pattern over ``operation subject``
    (``PutObject projects/*``), or several of them with ``|`` between. Of the rules that apply, the first with calls
    left acts.
    """

    def __init__(self, endpoint: str, *rules: Rule) -> None:
        self._upstream = urlsplit(endpoint)
        self._lock = threading.Lock()
        self._rules: tuple[Rule, ...] = rules
        self._hits: Counter[int] = Counter()
        self._log: dict[int, Call] = {}
        self._count = 0
        self._accounts: dict[str, str] = {}
        self._server = _Server(self)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def log(self) -> tuple[Call, ...]:
        """All calls in the order of their arrival, retries too."""
        with self._lock:
            return tuple(self._log.values())

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each operation was called, retries too."""
        return Counter(call.name for call in self.log)

    def set_rules(self, *rules: Rule) -> None:
        """Other rules from now on; each starts to count anew."""
        with self._lock:
            self._rules, self._hits = rules, Counter()

    def forget_calls(self) -> None:
        """Start a new count."""
        with self._lock:
            self._log.clear()

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def upstream(self) -> http.client.HTTPConnection:
        """A new connection to the real endpoint."""
        host, port = self._upstream.hostname or "127.0.0.1", self._upstream.port
        return http.client.HTTPConnection(host, port, timeout=_UPSTREAM_SECONDS)

    def arrived(self, operation: Operation) -> tuple[int, Rule | None]:
        """Count the call, and choose the rule that it falls under; gives the call's number as well."""
        with self._lock:
            due = (rule for index, rule in enumerate(self._rules) if self._is_due(index, rule, operation))
            rule = next(due, None)
            fault = type(rule).__name__ if rule else ""
            account = self._accounts.get(operation.access_key_id, "")
            call = Call(
                name=operation.name, subject=operation.subject, account=account, fault=fault, began=time.monotonic()
            )
            self._count += 1
            self._log[self._count] = call
            return self._count, rule

    def ended(self, number: int) -> None:
        """The answer to a call is about to be sent."""
        with self._lock:
            if number in self._log:
                self._log[number] = attrs.evolve(self._log[number], ended=time.monotonic())

    def answered(self, operation: Operation, body: bytes) -> None:
        """Learn which account a new key belongs to."""
        if operation.name == "AssumeRole":
            account, key = _ASSUMED.search(body), _KEY.search(body)
            if account and key:
                with self._lock:
                    self._accounts[key.group(1).decode()] = account.group(1).decode()

    def _is_due(self, index: int, rule: Rule, operation: Operation) -> bool:
        if not _matches(rule.match, operation):
            return False
        self._hits[index] += 1
        if isinstance(rule, KillAfter):
            return self._hits[index] == rule.nth
        if isinstance(rule, EndSession):
            return self._hits[index] > rule.after
        return self._hits[index] <= rule.times


def _matches(pattern: str, operation: Operation) -> bool:
    return any(
        fnmatchcase(operation.name, alternative) or fnmatchcase(operation.label, alternative)
        for alternative in pattern.split("|")
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed, or gave up waiting, is what this proxy is for; it is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one connection to the real endpoint."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._upstream = self.server.proxy.upstream()

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the calls are in ``FaultProxy.log``."""

    def _handle(self) -> None:
        body = self._body()
        operation = operation_of(self.command, self.path, self.headers, body)
        self._number, rule = self.server.proxy.arrived(operation)
        match rule:
            case None:
                self._forward(operation, body)
            case Delay(seconds=seconds):
                time.sleep(seconds)
                self._forward(operation, body)
            case Throttle():
                status, code = _THROTTLING[operation.protocol]
                self._refuse(operation, status, code, "Rate exceeded")
            case Fail(status=status, code=code):
                self._refuse(operation, status, code or _INTERNAL[operation.protocol], "injected on purpose")
            case EndSession():
                self._refuse(operation, 400, EXPIRED[operation.protocol], "The security token has expired")
            case LoseAnswer():
                self._ask(operation, body)
                self.close_connection = True
            case KillAfter(kill=kill):
                self._ask(operation, body)
                kill()
                self.close_connection = True
            case other:
                assert_never(other)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _handle

    def _body(self) -> bytes:
        if "chunked" in (self.headers.get("transfer-encoding") or "").lower():
            return self._chunks()
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(parts)

    def _ask(self, operation: Operation, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """Every header but those of this hop goes on as it is: Host and others are signed."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["Content-Length"] = str(len(body))
        try:
            self._upstream.request(self.command, self.path, body=body, headers=headers)
            response = self._upstream.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # An idle connection that the other side closed meanwhile; the request was not taken.
            self._upstream.close()
            self._upstream.request(self.command, self.path, body=body, headers=headers)
            response = self._upstream.getresponse()
        answer = response.read()
        self.server.proxy.answered(operation, answer)
        return response, answer

    def _forward(self, operation: Operation, body: bytes) -> None:
        response, answer = self._ask(operation, body)
        self.server.proxy.ended(self._number)
        self.send_response_only(response.status, response.reason)
        length = response.getheader("content-length")
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        # The length of what a HEAD did not send is news, so it is kept.
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _refuse(self, operation: Operation, status: int, code: str, message: str) -> None:
        kind, answer = error_body(operation.protocol, code, message)
        self.server.proxy.ended(self._number)
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("x-amzn-errortype", code)
        self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)


_THROTTLING: Mapping[Protocol, tuple[int, str]] = {
    "query": (400, "Throttling"),
    "json": (400, "ThrottlingException"),
    "rest-json": (429, "TooManyRequestsException"),
    "rest-xml": (503, "SlowDown"),
}
_INTERNAL: Mapping[Protocol, str] = {
    "query": "InternalFailure",
    "json": "InternalServerError",
    "rest-json": "ServiceException",
    "rest-xml": "InternalError",
}


EXPIRED: Mapping[Protocol, str] = {
    "query": "ExpiredToken",
    "json": "ExpiredTokenException",
    "rest-json": "ExpiredTokenException",
    "rest-xml": "ExpiredToken",
}


def error_body(protocol: Protocol, code: str, message: str) -> tuple[str, bytes]:
    """Content type and body, as the service's protocol has them."""
    match protocol:
        case "query":
            inner = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
            text = f"<ErrorResponse><Error>{inner}</Error><RequestId>fault</RequestId></ErrorResponse>"
            return "text/xml", text.encode()
        case "rest-xml":
            inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message><RequestId>fault</RequestId>"
            return "application/xml", f"<Error>{inner}</Error>".encode()
        case "json":
            return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
        case "rest-json":
            return "application/json", json.dumps({"Type": "User", "Message": message}).encode()
        case other:
            assert_never(other)
