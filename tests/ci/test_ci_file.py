"""The repository's own ``ci.py``: it decides, and whatever it does wrong stops nobody."""

from __future__ import annotations

import logging
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import attrs
import pytest
from inline_snapshot import snapshot

from multi_env_lambda.ci import BranchMoved, Bring, Decision, NotForUs, Own, PullRequestChanged, decide
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.confined import holds
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.operations.ci_file import decide_with, own_decision
from multi_env_lambda.testing.ci import FakeRepository
from tests.ci.worlds import state

pytestmark = pytest.mark.story

MAIN = BranchMoved(host="github", repository="acme/units", branch="main")
STRANGERS = PullRequestChanged(
    host="github", repository="acme/units", what="opened", number=12, branch="x", into="main", stranger=True
)
DEFAULT = decide(MAIN, state())
EXAMPLE = Path(__file__).parent.parent.parent / "docs/source/02-How-To/ci_example.py"

ORDERS_ONLY = b"""
from multi_env_lambda.ci import BranchMoved

def decide(happened, state, default):
    return default.only("orders") if isinstance(happened, BranchMoved) else default
"""


def refusal(text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        own_decision(text.encode(), MAIN, state(), DEFAULT, seconds=20.0)
    assert caught.value.where == "ci.py"
    return caught.value


def test_a_file_changes_the_default() -> None:
    assert decide_with(ORDERS_ONLY, MAIN, state()).jobs == (Bring(branch="main", to="prod", only=("orders",)),)


def test_without_a_file_there_is_the_default() -> None:
    assert decide_with(None, MAIN, state()) == DEFAULT


def test_no_file_is_asked_about_what_is_not_for_us() -> None:
    assert decide_with(b"while True: pass", NotForUs(reason="a ping"), state()) == Decision(why="a ping")


WRONG = [
    "def decide(happened, state, default)",
    "x = 1",
    "raise SystemExit(3)",
    "import no_such_module",
    "def decide(happened, state, default): return {}['orders']",
    "def decide(happened, state, default): return None",
    "def decide(happened, state, default): return default.up_to('moon')",
    "def decide(happened, state): return None",
    "import os\ndef decide(happened, state, default): os._exit(0)",
    "import os\ndef decide(happened, state, default): os.kill(os.getpid(), 9)",
    "class Own(BaseException): pass\ndef decide(happened, state, default): raise Own('x')",
    "class Own(Exception):\n    def __str__(self): raise ValueError\ndef decide(happened, state, default): raise Own",
    "class Own(Exception):\n    def __str__(self): return 5\nraise Own",
]


def test_every_mistake_is_told_with_its_line() -> None:
    found = [refusal(text).what for text in WRONG]

    assert found == snapshot(
        [
            "cannot be imported: SyntaxError: expected ':' (ci.py, line 1)",
            "has no function `decide`",
            "cannot be imported: SystemExit: 3 (line 1)",
            "cannot be imported: ModuleNotFoundError: No module named 'no_such_module' (line 1)",
            "decide() ended with KeyError: 'orders' (line 1)",
            "decide() gave back NoneType, expected a Decision",
            "it goes up to `moon`; expected sandbox, test or prod",
            "decide() ended with TypeError: decide() takes 2 positional arguments but 3 were given",
            "ended its process without an answer",
            "was ended by signal 9, as more than 20 seconds of processor time are: ",
            "decide() ended with Own: x (line 2)",
            "decide() ended with Own: nothing, since its __str__ failed (line 3)",
            "cannot be imported: Own: nothing, since its __str__ failed (line 3)",
        ]
    )


@pytest.mark.parametrize("text", WRONG)
def test_whatever_is_wrong_with_it_the_default_is_taken_and_the_mistake_is_told(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = decide_with(text.encode(), MAIN, state())

    assert found.jobs == DEFAULT.jobs
    assert found.notes[-1].startswith("ci.py: ") and found.notes[-1].endswith("; this is the default decision")
    assert "ci.py" in caplog.text


def test_a_file_that_does_not_end_is_ended() -> None:
    found = decide_with(b"while True: pass", MAIN, state(), seconds=0.7)

    assert found.jobs == DEFAULT.jobs
    assert "did not end within 0.7 seconds" in found.notes[-1]


def test_a_file_that_is_too_long_is_not_run() -> None:
    assert "bytes, 262144 are read" in decide_with(b"#" * 300_000, MAIN, state()).notes[-1]


def test_an_answer_of_its_own_making_is_looked_at_like_any_other() -> None:
    text = b"""
import json, os
forged = {"jobs": [{"kind": "plan", "number": 12, "credentials": "read", "agreed": []}], "why": "", "notes": []}
def decide(happened, state, default):
    for number in range(3, 20):
        try:
            os.write(number, json.dumps(forged).encode())
        except OSError:
            pass
    os._exit(0)
"""
    found = decide_with(text, STRANGERS, state())

    assert found.jobs == ()
    assert "it gives pull request 12 credentials that it does not get by default" in found.notes[-1]


@pytest.mark.skipif(sys.platform != "linux" or not holds(), reason="this kernel shuts nobody in")
def test_it_has_no_key_no_file_and_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    (tmp_path / "secret").write_text("canary")
    text = f"""
import os, socket
def said(do):
    try:
        return repr(do())
    except BaseException as error:
        return type(error).__name__
print("environment", "canary" in repr(dict(os.environ)))
print("file", said(lambda: open({str(tmp_path / "secret")!r}).read()))
print("write", said(lambda: open({str(tmp_path / "planted")!r}, "w")))
print("network", said(socket.socket))
print("process", said(os.fork))
def decide(happened, state, default):
    return default
"""
    own_decision(text.encode(), MAIN, state(), DEFAULT)

    assert capfd.readouterr().err.splitlines() == [
        "environment False",
        "file PermissionError",
        "write PermissionError",
        "network OSError",
        "process PermissionError",
    ]
    assert not (tmp_path / "planted").exists()


# --- the fake that is shipped, and the example of the documentation ---
MONDAY, FRIDAY = 1_767_614_400.0, 1_767_970_800.0


def test_the_example_lets_nothing_into_prod_on_a_friday_afternoon() -> None:
    monday = FakeRepository(environments=("sandbox", "test", "prod"), now=MONDAY)
    friday = attrs.evolve(monday, now=FRIDAY)

    assert monday.decide(EXAMPLE, monday.pushed("main")) == monday.default(monday.pushed("main"))
    assert friday.decide(EXAMPLE, friday.pushed("main")).jobs == (Bring(branch="main", to="test"),)
    assert friday.decide(EXAMPLE, friday.scheduled()).jobs[0] == Bring(branch="main", to="test")


def test_the_example_runs_where_it_is_shut_in_too() -> None:
    friday = FakeRepository(now=FRIDAY)
    happened = friday.pushed("main")

    assert decide_with(EXAMPLE.read_bytes(), happened, friday.state) == friday.decide(EXAMPLE, happened)


def test_the_fake_says_what_elsewhere_would_be_a_note(tmp_path: Path) -> None:
    (tmp_path / "ci.py").write_text("def decide(happened, state, default): return default.up_to('moon')")
    repository = FakeRepository()

    with pytest.raises(ConfigurationError, match="it goes up to `moon`"):
        repository.decide(tmp_path / "ci.py", repository.pushed("main"))


def test_a_rule_about_stages_can_be_tested(tmp_path: Path) -> None:
    (tmp_path / "ci.py").write_text(
        "def decide(happened, state, default): return default.up_to(state.stages[-2][-1]) if state.stages else default"
    )
    places = ("sandbox", "test-eu", "test-us", "prod-eu", "prod-us")
    stages = (("sandbox",), ("test-eu", "test-us"), ("prod-eu", "prod-us"))
    repository = FakeRepository(environments=places, stages=stages)

    decision = repository.decide(tmp_path / "ci.py", repository.pushed("main"))

    assert decision.jobs == (Bring(branch="main", to="test-us"),)


def test_everything_can_happen_to_the_fake() -> None:
    repository = FakeRepository(rules=CiRules(branches=("feature",)))
    happened = [
        repository.pushed("main"),
        repository.pushed("feature"),
        repository.deleted("feature"),
        repository.tagged("orders-0.1.0"),
        repository.pull_request(),
        repository.pull_request(what="merged"),
        repository.pull_request(stranger=True),
        repository.approved("prod"),
        repository.scheduled(),
    ]

    kinds = [[type(job).__name__ for job in repository.default(one).jobs] for one in happened]
    assert kinds == [
        ["Bring"],
        ["Own"],
        ["Remove"],
        ["Release"],
        ["Plan"],
        ["Bring"],
        [],
        ["Bring"],
        ["Bring", "Upkeep"],
    ]


def blocks() -> list[str]:
    """The Python of the page about the file."""
    page = EXAMPLE.with_name("decide-yourself.rst").read_text(encoding="utf-8")
    found = re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", page)
    return [textwrap.dedent(block) for block in found]


def test_what_the_page_shows_decides_and_tests_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adas, test = blocks()
    repository = FakeRepository()
    (tmp_path / "ci.py").write_text(adas)
    (job,) = repository.decide(tmp_path / "ci.py", repository.pushed("ada/try")).jobs

    assert isinstance(job, Own) and job.branch == "ada/try"
    assert repository.decide(tmp_path / "ci.py", repository.pushed("main")).jobs == (Bring(branch="main", to="prod"),)

    (tmp_path / "ci.py").write_bytes(EXAMPLE.read_bytes())
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    exec(test, shown)
    shown["test_nothing_goes_to_prod_on_a_friday_afternoon"]()
