"""The goals for speed on this machine, with a mark at what falls short: ``python -m benchmarks.goals [--slow]``.

Ratios and CPU seconds, each of a process of its own that starts cold, since seconds on a clock say more about the
machine. What needs another tool (SAM, CDK, sceptre) is measured by ``python -m benchmarks.peers``, with its own goals.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs

from benchmarks.generate import generate
from benchmarks.throttling import update_all

_TRIES = 5
_MEGABYTE = 1 << 20

DEPLOYS = """
import resource, sys, tempfile
from pathlib import Path
from multi_env_lambda import pipeline
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import FakeTree, fake_world
units = {f"unit-{number:04d}": "one" for number in range(int(sys.argv[1]))}
with tempfile.TemporaryDirectory() as folder:
    fake = fake_world(FakeTree(content=units), Path(folder))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for ask in (Request(verb="deploy", target="sandbox"), Request(verb="promote", target="test")):
        done = pipeline.apply(fake.world, pipeline.plan(fake.world, ask, soon=True))
        assert len(done) == len(units) and all(one.good for one in done), done
    print(resource.getrusage(resource.RUSAGE_SELF).ru_utime - before, len(fake.store.writes))
"""
"""A first deploy and a promotion of so many units in accounts in memory: CPU seconds, and writes to the bucket."""

UPLOADS = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import botocore.session
from botocore.config import Config
from multi_env_lambda.aws.bucket import Bucket
session = botocore.session.Session()
session.set_credentials("key", "secret")
config = Config(s3={"addressing_style": "path"}, proxies={})
client = session.create_client("s3", "us-east-1", endpoint_url=sys.argv[1], config=config)
bucket = Bucket(client, "artifacts", "1" * 12)
bucket.put_new("first", b"so that all is imported")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ThreadPoolExecutor(8) as pool:
    assert all(pool.map(lambda number: bucket.put_new(f"layer-{number}", Path(sys.argv[2])), range(8)))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
"""Eight layers at once to a server that throws them away: MiB more than before."""


ASKS_GIT = """
import os
from pathlib import Path
from multi_env_lambda.host.git import snapshot
snapshot(Path.cwd(), [f"projects/{name}" for name in os.listdir("projects")])
"""
"""What has changed in all units, without their tables."""


@attrs.frozen
class Goal:
    """One row. ``most``: the largest value that is good."""

    what: str
    value: float
    most: float
    unit: str = ""

    def text(self) -> str:
        mark = "ok" if self.value <= self.most else "FALLS SHORT"
        return f"{self.what:<64} {self.value:>8.2f}{self.unit:<5} goal {self.most:>6.2f}  {mark}"


def cpu_of_children() -> float:
    """Seconds of user and system time of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu(words: list[str], folder: Path) -> float:
    """Seconds of user and system time of a process and its children, the least of several."""
    found = []
    for _ in range(_TRIES):
        before = cpu_of_children()
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        found.append(cpu_of_children() - before)
    return min(found)


def said(code: str, *arguments: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def starts(folder: Path) -> Iterator[Goal]:
    bare = cpu([sys.executable, "-c", "pass"], folder)
    verb = cpu([sys.executable, "-m", "multi_env_lambda", "deploy", "--help"], folder)
    imported = cpu([sys.executable, "-c", "from multi_env_lambda import Workspace"], folder)
    yield Goal("`deploy --help`, over a Python that does nothing", verb / bare, 3, " ×")
    yield Goal("`from multi_env_lambda import Workspace`, over the same", imported / bare, 3, " ×")


def opens(folder: Path) -> Iterator[Goal]:
    code = "from multi_env_lambda import Workspace; Workspace.open('.')"
    none = cpu([sys.executable, "-c", "from multi_env_lambda import Workspace"], folder)
    found = {}
    for units in (100, 5000):
        generate(units, folder / str(units))
        found[units] = max(cpu([sys.executable, "-c", code], folder / str(units)) - none, 0.01)
    yield Goal("to read 5,000 units", found[5000], 0.3, " s")
    git = cpu([sys.executable, "-c", ASKS_GIT], folder / "5000")
    git -= cpu([sys.executable, "-c", "from multi_env_lambda.host.git import snapshot"], folder / "5000")
    yield Goal("to ask Git about 5,000 units", git, 0.35, " s")
    yield Goal("to read 5,000 units, over 100", found[5000] / found[100], 55, " ×")


def grows(folder: Path) -> Iterator[Goal]:
    small, large = said(DEPLOYS, "100"), said(DEPLOYS, "1000")
    yield Goal("first deploy and promotion of 1,000 units over 100, CPU", large[0] / small[0], 11, " ×")
    yield Goal("first deploy and promotion of 1,000 units over 100, writes", large[1] / small[1], 11, " ×")


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""

    def do_PUT(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, _MEGABYTE)))
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()


def uploads(folder: Path) -> Iterator[Goal]:
    layer = folder / "layer.zip"
    layer.write_bytes(os.urandom(100 * _MEGABYTE))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (more,) = said(UPLOADS, f"http://127.0.0.1:{server.server_address[1]}", str(layer))
    server.shutdown()
    yield Goal("memory for 8 layers of 100 MB at once", more, 64, " MiB")


def throttles(folder: Path) -> Iterator[Goal]:
    done = update_all(500)
    yield Goal("500 updates in an account that throttles", done.seconds / 60, 6, " min")
    yield Goal("of these, lost", len(done.lost), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", action="store_true", help="also the account that throttles: five minutes")
    asked = parser.parse_args()
    rows: list[Callable[[Path], Iterator[Goal]]] = [starts, opens, grows, uploads]
    for row in rows + [throttles] * asked.slow:
        with tempfile.TemporaryDirectory() as folder:
            for goal in row(Path(folder)):
                print(goal.text(), flush=True)


if __name__ == "__main__":
    main()
