"""A watch: what each save leads to, in Python and as it is typed. Saves are made while the watch sleeps."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from inline_snapshot import snapshot

from multi_env_lambda import BuildError, ConfigurationError, Refused, SessionEnded, UnitsFailed, WatchRound, Workspace
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.cli.main import main
from multi_env_lambda.host.saved_files import LOOK_SECONDS
from multi_env_lambda.model.record import Holder
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.api.stage import opened

pytestmark = pytest.mark.story

_ROOT = """
[tool.multi_env_lambda]
id = "0fa4e0000001"
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "artifacts"
[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
{rule}
[[tool.multi_env_lambda.environments]]
name = "test"
account_id = "333333333333"
"""
_UNIT = """
[project]
name = "{name}"
version = "0.1.0"
[tool.multi_env_lambda]
runtime = "python3.13"
{shared}
"""
FUNCTION = "orders-sandbox-main"
Step = Callable[[], object]


class Yard:
    """Two units, one of them with a shared folder, over accounts in memory; ``next_`` saves are made one by one."""

    def __init__(self, root: Path, rule: str = "") -> None:
        self.root, self.next_, self.told = root, list[Step](), list[str]()
        (root / "pyproject.toml").write_text(_ROOT.format(rule=rule), "utf-8")
        for name, shared in (("orders", 'shared = ["libs/money"]'), ("search", "")):
            self.write(f"projects/{name}/pyproject.toml", _UNIT.format(name=name, shared=shared))
            self.write(f"projects/{name}/main.py", "1")
        self.write("libs/money/money.py", "1")
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        config = Opened.at(root, local=False).config
        tree = FakeTree(content={"orders": "o1", "search": "s1"}, libraries={"libs/money": "m1"})
        tree.shared["orders"] = ("libs/money",)
        self.fake: FakeWorld = fake_world(tree, root / ".cache", config=config)
        ada = Holder(nonce="ada", who="arn:x:user/ada", host="desk", process="1 1", since="", fencing=0)
        self.world = attrs.evolve(self.fake.world, sleep=self.sleep, holder=lambda: ada)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, "utf-8")

    def sleep(self, seconds: float) -> None:
        if seconds == LOOK_SECONDS:
            if not self.next_:
                raise KeyboardInterrupt
            self.next_.pop(0)()

    def save(self, unit: str, content: str) -> None:
        """The next save: a file, and what the unit consists of."""

        def step() -> None:
            self.write(f"projects/{unit}/main.py", content)
            self.fake.tree.content[unit] = content

        self.next_.append(step)

    def workspace(self, **shown: Any) -> Workspace:
        return opened(self.world, self.root, progress=self.told.append, **shown)

    def watched(self, *units: str, **more: Any) -> list[WatchRound]:
        """All rounds until somebody presses Ctrl-C."""
        found: list[WatchRound] = []
        rounds = self.workspace().environments["sandbox"].watch(*units, **more)
        with pytest.raises(KeyboardInterrupt):
            while True:
                found.append(next(rounds))
        return found


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def ways(rounds: list[WatchRound]) -> list[tuple[int, str, str]]:
    return [(each.number, each.result.project, each.result.outcome) for each in rounds]


def test_a_save_is_sent_to_the_unit_that_it_belongs_to(yard: Yard) -> None:
    yard.save("orders", "o2")
    yard.save("search", "s2")

    rounds = yard.watched()

    assert ways(rounds) == [
        (0, "orders", "deployed"),
        (0, "search", "deployed"),
        (1, "orders", "sent"),
        (2, "search", "sent"),
    ]
    assert (rounds[2].files, rounds[2].functions) == (("projects/orders/main.py",), (FUNCTION,))
    assert yard.told == ["watching 6 files; Ctrl-C ends it"]


def test_a_shared_file_belongs_to_the_units_that_name_its_folder(yard: Yard) -> None:
    def save() -> None:
        yard.write("libs/money/money.py", "2")
        yard.fake.tree.libraries["libs/money"] = "m2"

    yard.next_.append(save)

    assert ways(yard.watched())[2:] == [(1, "orders", "sent")]


def test_a_changed_layer_reaches_its_own_unit_before_the_one_that_gets_it(yard: Yard) -> None:
    tree = yard.fake.tree
    tree.content["rates"], tree.locked["rates"] = "r1", "first"
    tree.needs["orders"], tree.lent["orders"] = ("rates",), "rates"
    lent = 'shared = ["libs/money"]\nneeds = ["rates"]\nlayer_of = "rates"'
    yard.write("projects/orders/pyproject.toml", _UNIT.format(name="orders", shared=lent))
    yard.write("projects/rates/pyproject.toml", _UNIT.format(name="rates", shared="layer_for_others = true"))
    yard.world = attrs.evolve(yard.world, projects=tree.projects(yard.world.config))
    yard.next_.append(lambda: (tree.locked.update(rates="second"), yard.write("projects/rates/pylock.toml", "2")))

    rounds = yard.watched()

    assert ways(rounds)[-2:] == [(1, "rates", "deployed"), (1, "orders", "deployed")]
    assert rounds[-1].why == "its functions get another layer of rates"


def test_only_the_named_units_are_deployed_and_watched(yard: Yard) -> None:
    yard.save("search", "s2")
    yard.save("orders", "o2")

    assert ways(yard.watched("orders")) == [(0, "orders", "deployed"), (1, "orders", "sent")]


def test_a_session_that_ends_while_a_save_is_brought_ends_the_watch(yard: Yard) -> None:
    def save() -> None:
        yard.write("projects/orders/main.py", "o2")
        yard.fake.tree.content["orders"] = "o2"
        over = SessionEnded("credentials", "the session has ended", hint="sign in")
        yard.fake.platform.after_write = lambda *_: yard.world.endings.note(over)

    yard.next_.append(save)
    yard.save("orders", "o3")

    with pytest.raises(SessionEnded):
        yard.watched("orders")
    assert len(yard.next_) == 1


def test_what_does_not_change_the_code_is_not_sent(yard: Yard) -> None:
    yard.next_.append(lambda: yard.write("projects/orders/README.md", "read me"))

    assert ways(yard.watched("orders"))[1:] == [(1, "orders", "unchanged")]


def test_more_than_code_is_deployed_with_its_plan_and_later_code_is_sent_again(yard: Yard) -> None:
    yard.save("orders", "o2")
    yard.next_.append(lambda: yard.fake.tree.properties.update(orders={"MemorySize": 256}))
    yard.next_.append(lambda: yard.write("projects/orders/main.py", "more"))
    yard.save("orders", "o3")

    rounds = yard.watched("orders")

    assert ways(rounds)[1:] == [(1, "orders", "sent"), (2, "orders", "deployed"), (3, "orders", "sent")]
    assert rounds[2].why == "its template has changed: MainFunction"


def test_files_as_they_were_deployed_are_deployed_and_can_be_promoted(yard: Yard) -> None:
    yard.save("orders", "o2")
    yard.save("orders", "o1")

    rounds = yard.watched("orders")

    assert (ways(rounds)[2], rounds[2].why) == ((2, "orders", "deployed"), "the files are those of 0.1.0 again")
    assert [each.outcome for each in yard.workspace().promote("orders", environment="test")] == ["deployed"]


def test_a_mistake_is_told_and_the_watch_goes_on(yard: Yard) -> None:
    def spoil() -> None:
        yard.write("projects/orders/main.py", "(")
        yard.fake.tree.content["orders"] = "("
        yard.fake.tree.broken["orders"] = BuildError("orders", "'(' was never closed", hint="close it")

    def correct() -> None:
        yard.write("projects/orders/main.py", "o2")
        yard.fake.tree.content["orders"] = "o2"
        yard.fake.tree.broken.clear()

    yard.next_ += [spoil, correct]

    rounds = yard.watched("orders")

    assert ways(rounds)[1:] == [(1, "orders", "blocked"), (2, "orders", "sent")]
    assert rounds[1].result.error == "BuildError"


def test_a_table_that_cannot_be_read_is_told_and_the_watch_goes_on(yard: Yard) -> None:
    good = (yard.root / "projects/orders/pyproject.toml").read_text("utf-8")
    yard.next_ += [
        lambda: yard.write("projects/orders/pyproject.toml", "[["),
        lambda: yard.write("projects/orders/pyproject.toml", good),
    ]
    yard.save("orders", "o2")

    rounds = yard.watched("orders")

    assert [(each.result.outcome, each.result.error) for each in rounds[1:]] == [
        ("blocked", "ConfigurationError"),
        ("unchanged", ""),
        ("sent", ""),
    ]


def test_a_root_table_that_cannot_be_read_is_told_and_the_watch_goes_on(yard: Yard) -> None:
    good = (yard.root / "pyproject.toml").read_text("utf-8")
    yard.next_ += [lambda: yard.write("pyproject.toml", "[["), lambda: yard.write("pyproject.toml", good)]
    yard.save("orders", "o2")

    rounds = yard.watched("orders")

    assert [(each.result.outcome, each.result.error) for each in rounds[1:]] == [
        ("failed", "ConfigurationError"),
        ("unchanged", ""),
        ("sent", ""),
    ]


def test_a_question_stops_a_save_and_an_earlier_yes_does_not_answer_it(yard: Yard) -> None:
    def freeze() -> None:
        yard.workspace().environments["sandbox"].freeze("orders", reason="the demo")
        yard.write("projects/orders/README.md", "frozen")

    freeze()
    yard.save("orders", "o2")

    rounds = yard.watched("orders", agree=["frozen:orders"])

    assert [each.result.outcome for each in rounds] == ["deployed", "blocked"]
    assert "the demo" in rounds[1].result.detail
    assert "frozen:orders" in rounds[1].result.hint


def test_what_somebody_else_deploys_meanwhile_is_planned_like_any_deploy(yard: Yard) -> None:
    def of_somebody_else() -> None:
        yard.fake.tree.content["orders"] = "theirs"
        yard.workspace().deploy("orders")
        yard.write("projects/orders/main.py", "o3")
        yard.fake.tree.content["orders"] = "o3"

    yard.world = attrs.evolve(yard.world, now=passing_time())
    yard.save("orders", "o2")
    yard.next_.append(of_somebody_else)

    rounds = yard.watched("orders")

    assert ways(rounds)[1:] == [(1, "orders", "sent"), (2, "orders", "deployed")]
    assert rounds[2].why == "somebody else deployed 0.1.0.post1 there in the meantime"


def passing_time() -> Callable[[], str]:
    times = iter(f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z" for number in range(3600))
    return lambda: next(times)


def test_a_unit_that_somebody_else_is_changing_is_waited_for(yard: Yard) -> None:
    busy = Holder(nonce="ben", who="arn:x:user/ben", host="sofa", process="1 1", since="now", fencing=0)

    def hold() -> None:
        yard.write("projects/orders/main.py", "o2")
        yard.fake.tree.content["orders"] = "o2"
        record = yard.world.ledger.records("sandbox")["orders"]
        lease = yard.world.ledger.acquire("sandbox", "orders", busy, running=record.release)
        released.append(lambda: yard.world.ledger.release(lease))

    released: list[Step] = []
    before = yard.sleep

    def sleep(seconds: float) -> None:
        if seconds == 1.0:
            released.pop()()
        before(seconds)

    yard.world = attrs.evolve(yard.world, sleep=sleep, holder_is_dead=lambda _: False)
    yard.next_.append(hold)

    assert ways(yard.watched("orders"))[1:] == [(1, "orders", "sent")]
    assert "arn:x:user/ben on sofa has been deploying it" in yard.told[1]


@pytest.mark.parametrize("rule", ["approval", "releases_only", "committed_only"])
def test_an_environment_with_rules_about_releases_is_not_watched(tmp_path: Path, rule: str) -> None:
    yard = Yard(tmp_path, f"{rule} = true")

    with pytest.raises(Refused, match=f"its table says `{rule}`"):
        yard.workspace().environments["sandbox"].watch("orders")
    assert yard.fake.platform.stacks == {}


def test_only_the_environment_that_gets_the_work_tree_is_watched(yard: Yard) -> None:
    with pytest.raises(ConfigurationError, match="only the first environment gets the files of a work tree"):
        yard.workspace()["orders"].watch("test")


def test_nothing_is_watched_if_the_deploy_at_the_beginning_fails(yard: Yard) -> None:
    yard.fake.platform.failing["orders-sandbox"] = "no"

    with pytest.raises(UnitsFailed):
        list(yard.workspace()["orders"].watch())


def typed(yard: Yard, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    def opener(start: Path, *, local: bool | None, **shown: Any) -> Workspace:
        return opened(yard.world, start, **shown)

    code = main(["deploy", *words], start=yard.root, opener=opener)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_tells_each_round_and_what_is_left(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    yard.save("orders", "o2")
    code, out, err = typed(yard, capsys, "orders", "sandbox", "--watch", "--yes")

    assert code == 130
    assert [line.partition(" in 0.")[0] for line in out.splitlines()] == snapshot(
        ["✓ sandbox orders deployed 0.1.0", "✓ sandbox orders sent to orders-sandbox-main"]
    )
    assert err.splitlines()[-3:] == snapshot(
        [
            "watching 4 files; Ctrl-C ends it",
            "orders in sandbox runs files that ada saved on desk at 2026-01-01T00:00:00Z; nobody can promote them",
            "hint: `deploy.py orders sandbox` makes a release of the files; "
            "`repair.py orders sandbox` brings back 0.1.0",
        ]
    )


def test_json_is_a_line_for_each_round(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    yard.save("orders", "o2")
    _, out, _ = typed(yard, capsys, "orders", "sandbox", "--watch", "--yes", "--json")

    first, second = map(json.loads, out.splitlines())
    assert (first["number"], first["result"]["outcome"]) == (0, "deployed")
    assert (second["files"], second["functions"]) == (["projects/orders/main.py"], [FUNCTION])


def test_a_watch_that_changed_nothing_says_so(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = typed(yard, capsys, "orders", "--watch", "--yes")

    assert err.splitlines()[-1] == snapshot("the watch has ended; what runs is what was deployed")


@pytest.mark.parametrize("other", ["--all", "--force", "--upgrade", "--to=test", "--reason=x"])
def test_options_about_something_else_are_refused(yard: Yard, capsys: pytest.CaptureFixture[str], other: str) -> None:
    code, _, err = typed(yard, capsys, "orders", "--watch", other)

    assert (code, f"--watch cannot be combined with {other.partition('=')[0]}" in err) == (2, True)


def test_status_shows_the_saved_files_of_somebody(yard: Yard) -> None:
    yard.save("orders", "o2")
    yard.watched("orders")

    found = yard.workspace().status("orders")

    assert "✎ saved files" in found.text()
    assert found.to_dict()["cells"][0]["unreleased"]["who"] == "arn:x:user/ada"


def test_a_round_says_how_it_ended_in_the_words_of_python(yard: Yard) -> None:
    yard.save("orders", "o2")
    yard.fake.platform.answers[FUNCTION] = lambda _: {"ok": False}

    rounds = yard.watched("orders")

    assert repr(attrs.evolve(rounds[1], result=attrs.evolve(rounds[1].result, seconds=0.4))) == snapshot(
        "✓ sandbox orders sent to orders-sandbox-main in 0.4 s ← projects/orders/main.py"
    )
