"""`deploy --watch` as somebody types it, on the local cloud: a real watcher, real files, functions that are called."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from tests.end_to_end.stage import ROOT
from tests.tools.faults import KillAfter

from .shop import Shop

pytestmark = pytest.mark.local_cloud

FUNCTION = "search-sandbox-lookup"
SECONDS = 60.0


@attrs.frozen
class Watch:
    """The command while it runs; ``rounds`` gets what it prints, line by line."""

    process: subprocess.Popen[str]
    rounds: queue.Queue[dict[str, Any]]

    def round(self) -> dict[str, Any]:
        """The next one, which must come within a minute."""
        return self.rounds.get(timeout=SECONDS)

    def ended(self, how: signal.Signals) -> tuple[int, str]:
        """The status, and what it said on stderr."""
        self.process.send_signal(how)
        return self.process.wait(timeout=SECONDS), self.process.stderr.read() if self.process.stderr else ""


@contextmanager
def watching(shop: Shop) -> Iterator[Watch]:
    """Of `search`, once the files are watched."""
    argv = [sys.executable, "bin/automation/deploy.py", "search", "sandbox", "--watch", "--yes", "--json"]
    env = {**os.environ, **shop.stage.credentials(shop.proxy.endpoint), "PYTHONPATH": os.fspath(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=shop.stage.root, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            lines: queue.Queue[dict[str, Any]] = queue.Queue()
            stdout = process.stdout
            threading.Thread(target=lambda: [lines.put(json.loads(line)) for line in stdout], daemon=True).start()
            said: list[str] = []
            while not (said and "Ctrl-C ends it" in said[-1]):
                said.append(process.stderr.readline())
                assert said[-1], said
            found = Watch(process, lines)
            assert found.round()["number"] == 0
            yield found
        finally:
            process.kill()


def save(shop: Shop, answer: str) -> None:
    (module,) = (shop.stage.root / "projects/search/search").glob("[a-z]*.py")
    text = module.read_text(encoding="utf-8")
    module.write_text(re.sub(r"return \{.*", f"return {answer}", text, count=1), encoding="utf-8")


def called(shop: Shop) -> tuple[str, Any]:
    """The version behind the alias, and what callers get."""
    answer = shop.stage.client("sandbox", "lambda").invoke(FunctionName=FUNCTION, Qualifier="live", Payload=b"{}")
    return answer["ExecutedVersion"], json.loads(answer["Payload"].read())


def promoted(shop: Shop) -> str:
    done = shop.stage.script("promote", "search", "prod", "--yes", "--json")
    return json.loads(done.out)[0]["outcome"]


def deployed(shop: Shop) -> str:
    return shop.stage.script("deploy", "search", "sandbox", "--yes", "--json").outcomes()["sandbox", "search"]


def test_a_saved_file_answers_until_the_next_deploy_makes_a_release_of_it(shop: Shop) -> None:
    with watching(shop) as watch:
        save(shop, '{"saved": 1}')
        first, one = watch.round(), called(shop)
        save(shop, '{"saved": (')
        wrong = watch.round()
        save(shop, '{"saved": 2}')
        second, two = watch.round(), called(shop)
        status, said = watch.ended(signal.SIGINT)

    assert [each["result"]["outcome"] for each in (first, wrong, second)] == ["sent", "blocked", "sent"]
    assert (first["files"], first["functions"]) == (["projects/search/search/lookup.py"], [FUNCTION])
    assert "SyntaxError" in wrong["result"]["detail"]
    assert (one, two) == (("$LATEST", {"saved": 1}), ("$LATEST", {"saved": 2}))
    assert status == 130
    assert "`deploy.py search sandbox` makes a release of the files" in said
    assert promoted(shop) == "blocked"

    assert deployed(shop) == "deployed"
    assert (called(shop)[0] != "$LATEST", called(shop)[1]) == (True, {"saved": 2})
    assert promoted(shop) == "deployed"


@pytest.mark.parametrize("call", ["UpdateFunctionCode", pytest.param("UpdateAlias", marks=pytest.mark.long)])
def test_a_watch_that_is_killed_in_a_round_is_put_right_by_the_ordinary_deploy(shop: Shop, call: str) -> None:
    with watching(shop) as watch:
        shop.proxy.set_rules(KillAfter(match=call, kill=watch.process.kill))
        save(shop, f'{{"killed": "{call}"}}')
        status = watch.process.wait(timeout=SECONDS)
        shop.proxy.set_rules()

    assert (status, promoted(shop)) == (-signal.SIGKILL, "blocked")
    assert deployed(shop) == "deployed"
    assert (called(shop)[0] != "$LATEST", called(shop)[1]) == (True, {"killed": call})
    assert promoted(shop) == "deployed"


def test_a_new_setting_is_deployed_and_repair_brings_back_what_was_deployed(shop: Shop) -> None:
    table = shop.stage.root / "projects/search/pyproject.toml"
    with watching(shop) as watch:
        before = called(shop)
        table.write_text(table.read_text("utf-8") + "memory_size = 256\n", "utf-8")
        new_table = watch.round()
        save(shop, '{"tried": True}')
        assert watch.round()["result"]["outcome"] == "sent"

    assert (new_table["result"]["outcome"], new_table["why"]) == (
        "deployed",
        "its template has changed: LookupFunction",
    )
    assert called(shop)[1] == {"tried": True}
    repaired = shop.stage.script("repair", "search", "sandbox", "--yes", "--json")
    assert (repaired.outcomes(), called(shop)[1]) == ({("sandbox", "search"): "deployed"}, before[1])
