"""Many units updated at once, by the library's own code, against a CloudFormation that throttles like a busy account.

    .venv/bin/python benchmarks/throttling.py UNITS [WORKERS [WORLD]]

Real threads, real botocore, real seconds: a run takes minutes. It says how long it took, how many calls a unit needed,
how many of them were throttled, how many stacks rolled back since Lambda throttled them, and which units were lost.

What AWS does not publish is assumed, in three worlds: how many reads of each kind and how many changes CloudFormation
takes in a second, and how many at once. Lambda takes 15 calls a second in all of them, which is published;
CloudFormation needs five of them for an update, and gives up a resource that was throttled for some four seconds.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import attrs
import botocore.session
from botocore.config import Config

from multi_env_lambda.aws.poller import Poller
from multi_env_lambda.aws.session import RETRIES
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.flow.paced import at_its_pace
from multi_env_lambda.host.pace import UPDATE, Pace
from multi_env_lambda.host.parallel import UNITS_AT_ONCE
from multi_env_lambda.testing.lease import FakeHeld

__all__ = ["Account", "Outcome", "update_all"]

READS = ("DescribeStacks", "DescribeChangeSet", "DescribeStackEvents")
CHANGES = ("CreateChangeSet", "ExecuteChangeSet")
WORLDS = {
    "low": (5, 10, 2, 5),
    "mid": (10, 20, 5, 10),
    "high": (20, 50, 10, 20),
}
"""Reads a second and at once, then changes."""

_LAMBDA, _CALLS, _PATIENCE = 15.0, 5.0, 4.0
"""Lambda's calls a second, those of an update, and for how many seconds CloudFormation repeats a throttled one."""

_ROUND_TRIP, _COMPUTING, _UPDATING = (0.05, 0.15), (3.0, 7.0), (10.0, 25.0)
"""Seconds, from and to."""

_ARN = "arn:aws:cloudformation:us-east-1:111111111111"
_PAGE = 100
_ERROR = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>"


@attrs.define
class Account:
    """The stacks of one account and region, and how much it still answers. Thread-safe."""

    stacks: dict[str, tuple[float, str]]
    """Name -> until when it is updated, and its last change set."""
    world: str = "mid"
    sets: dict[str, tuple[float, str, bool]] = attrs.field(factory=dict)
    """Id -> when it is computed, its stack, whether it was executed."""
    failed: set[str] = attrs.field(factory=set)
    calls: Counter[str] = attrs.field(factory=Counter)
    throttled: Counter[str] = attrs.field(factory=Counter)
    rolled_back: int = 0
    _control: tuple[float, float] = (_LAMBDA, 0.0)
    _level: dict[str, tuple[float, float]] = attrs.field(factory=dict)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def answer(self, query: dict[str, str]) -> tuple[int, str]:
        action, now = query["Action"], time.monotonic()
        with self._lock:
            if not self._may(action, now):
                return 400, _ERROR.format("Throttling", "Rate exceeded")
            found = getattr(self, f"_{action}")(query, now)
        result = f"<{action}Response><{action}Result>{found}</{action}Result></{action}Response>"
        return (404, _ERROR.format("ChangeSetNotFound", "none")) if found is None else (200, result)

    def _may(self, action: str, now: float) -> bool:
        """A bucket of tokens for each action."""
        rate, most = WORLDS[self.world][:2] if action in READS else WORLDS[self.world][2:]
        level, last = self._level.get(action, (float(most), now))
        level = min(most, level + (now - last) * rate)
        self.calls[action] += 1
        allowed = level >= 1
        self.throttled[action] += not allowed
        self._level[action] = (level - allowed, now)
        return allowed

    def _DescribeStacks(self, query: dict[str, str], now: float) -> str:
        if name := _name_in(query.get("StackName", "")):
            return f"<Stacks>{self._stack(name, now)}</Stacks>"
        names, first = sorted(self.stacks), int(query.get("NextToken", "0"))
        page = "".join(self._stack(name, now) for name in names[first : first + _PAGE])
        more = f"<NextToken>{first + _PAGE}</NextToken>" if first + _PAGE < len(names) else ""
        return f"<Stacks>{page}</Stacks>{more}"

    def _stack(self, name: str, now: float) -> str:
        until, change_set = self.stacks[name]
        ended = "UPDATE_ROLLBACK_COMPLETE" if change_set in self.failed else "UPDATE_COMPLETE"
        status = "UPDATE_IN_PROGRESS" if now < until else ended
        return (
            f"<member><StackId>{_ARN}:stack/{name}/1</StackId><StackName>{name}</StackName><StackStatus>{status}"
            f"</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><ChangeSetId>{change_set}</ChangeSetId></member>"
        )

    def _CreateChangeSet(self, query: dict[str, str], now: float) -> str:
        name, known = _name_in(query["StackName"]), f"{_ARN}:changeSet/{query['ChangeSetName']}/1"
        self.sets.setdefault(known, (now + random.uniform(*_COMPUTING), name, False))
        return f"<Id>{known}</Id><StackId>{_ARN}:stack/{name}/1</StackId>"

    def _DescribeChangeSet(self, query: dict[str, str], now: float) -> str | None:
        known = query["ChangeSetName"]
        if known not in self.sets:
            return None
        ready, name, ran = self.sets[known]
        status = "CREATE_COMPLETE" if now >= ready else "CREATE_IN_PROGRESS"
        execution = "EXECUTE_COMPLETE" if ran else "AVAILABLE" if now >= ready else "UNAVAILABLE"
        return (
            f"<ChangeSetId>{known}</ChangeSetId><StackId>{_ARN}:stack/{name}/1</StackId><Status>{status}</Status>"
            f"<ExecutionStatus>{execution}</ExecutionStatus>"
        )

    def _ExecuteChangeSet(self, query: dict[str, str], now: float) -> str:
        known = query["ChangeSetName"]
        ready, name, _ = self.sets[known]
        self.sets[known] = (ready, name, True)
        self.stacks[name] = (now + random.uniform(*_UPDATING), known)
        level, last = self._control
        level = min(_LAMBDA, level + (now - last) * _LAMBDA) - _CALLS
        if level < -_LAMBDA * _PATIENCE:
            level += _CALLS
            self.failed.add(known)
            self.rolled_back += 1
        self._control = (level, now)
        return ""

    def _DescribeStackEvents(self, query: dict[str, str], now: float) -> str:
        name = _name_in(query["StackName"])
        return "<StackEvents>" + "".join(_event(name, *one) for one in _EVENTS) + "</StackEvents>"


_EVENTS = (
    ("AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_COMPLETE", ""),
    ("AWS::Lambda::Function", "UPDATE_FAILED", "Rate exceeded (Service: Lambda, Status Code: 429; Throttling)"),
    ("AWS::CloudFormation::Stack", "UPDATE_IN_PROGRESS", "User Initiated"),
)
"""Of a stack that Lambda throttled, newest first."""


def _event(name: str, kind: str, status: str, reason: str) -> str:
    whose, physical = (name, f"{_ARN}:stack/{name}/1") if kind.endswith("Stack") else ("Main", "main")
    return (
        f"<member><EventId>{status}</EventId><StackId>{_ARN}:stack/{name}/1</StackId><StackName>{name}</StackName>"
        f"<LogicalResourceId>{whose}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>"
        f"<ResourceType>{kind}</ResourceType><ResourceStatus>{status}</ResourceStatus>"
        f"<ResourceStatusReason>{reason}</ResourceStatusReason><Timestamp>2026-01-01T00:00:00Z</Timestamp></member>"
    )


def _name_in(text: str) -> str:
    return text.split("/")[-2] if "/" in text else text


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    account: Account

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        query = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        time.sleep(random.uniform(*_ROUND_TRIP))
        status, text = self.account.answer(query)
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def served(account: Account) -> Iterator[str]:
    """Its address."""
    handler = type("Handler", (_Handler,), {"account": account})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads, server.request_queue_size = True, 256
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


@attrs.frozen(kw_only=True)
class Outcome:
    seconds: float
    account: Account
    begun: int
    lost: tuple[str, ...]

    def text(self, units: int) -> str:
        calls, throttled = sum(self.account.calls.values()), sum(self.account.throttled.values())
        each = ", ".join(
            f"{name} {self.account.throttled[name]}/{self.account.calls[name]}" for name in (*READS, *CHANGES)
        )
        lines = [
            f"{self.seconds:.0f} s; {calls / units:.1f} calls a unit; {throttled / calls:.0%} throttled ({each})",
            f"{self.account.rolled_back} stacks rolled back and {self.begun - units} updates begun again",
            f"{len(self.lost)} of {units} lost",
        ]
        return "\n".join([*lines, *sorted(set(self.lost))])


def update_all(
    units: int, workers: int = UNITS_AT_ONCE, world: str = "mid", *, at_once: float | None = None
) -> Outcome:
    """Update each of so many stacks once, at the pace and with the patience of a deploy.

    ``at_once``: how many begin before there is a pace; None: as in a deploy.
    """
    account = Account({f"s{number}": (0.0, "") for number in range(units)}, world)
    session = botocore.session.Session()
    session.set_credentials("key", "secret")
    lost: list[str] = []
    begun: list[str] = []
    pace = Pace() if at_once is None else Pace(at_once=at_once)
    with served(account) as address:
        config = Config(retries=RETRIES, max_pool_connections=256, proxies={})
        client = session.create_client("cloudformation", "us-east-1", endpoint_url=address, config=config)
        stacks = Stacks(client, Poller(client), place="prod")

        def update(name: str) -> None:
            def once(again: bool) -> None:
                begun.append(name)
                token = f"run-{name}-{begun.count(name)}"
                stacks.deploy(name, '{"Resources": {}}', token=token, held=FakeHeld())

            try:
                at_its_pace(pace, UPDATE, once, lambda _: None)
            except Exception as error:
                lost.append(f"{type(error).__name__}: {str(error).splitlines()[0].replace(name, 'NAME')}")

        began = time.monotonic()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(update, account.stacks))
    return Outcome(seconds=time.monotonic() - began, account=account, begun=len(begun), lost=tuple(lost))


if __name__ == "__main__":
    units, workers, world = (*sys.argv[1:], *(str(UNITS_AT_ONCE), "mid")[len(sys.argv) - 2 :])
    sys.stdout.write(update_all(int(units), int(workers), world).text(int(units)) + "\n")
