"""The options of the live suite, its one run, and the table at its end."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import attrs
import botocore
import pytest

from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.local.cloud import LocalCloud, places
from multi_env_lambda.local.config_file import environment_variables
from multi_env_lambda.model.runtime import GLUE_PYTHON
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import running_local_cloud
from tests.cassettes.cassette import FOLDER, read
from tests.cassettes.difference import step_differences
from tests.cassettes.known import KNOWN_OF_STEPS
from tests.cassettes.recorder import Recorder
from tests.end_to_end.stage import commit, git

from .accounts import CONSENT, check_accounts, config_of, stand_ins
from .janitor import clean, inventory
from .report import Line, changes, document, reason, table
from .step import step_of
from .yard import ROOT, Yard

LOCAL = Path(__file__).parent / "local-cloud.toml"
_LINES = pytest.StashKey[list[Line]]()
_RUN = pytest.StashKey[Yard]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--live", metavar="FILE", help="the workspace of the live suite; without it, the local cloud's")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LINES] = []


@pytest.fixture(scope="package")
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """The janitor first and last, and between them a workspace without units."""
    given = request.config.getoption("--live", default=None)
    file = Path(given) if given else LOCAL
    folder = _kept_folder() if given else tmp_path_factory.mktemp("live")
    with _environment(file if given else None, folder) as environment, _refusing():
        yard = _yard(file, folder, environment, is_aws=bool(given))
        # Before the first session: one that exists already is not listened to.
        botocore.register_initializer(yard.recorder.listen)
        try:
            check_accounts(yard.sessions, yard.config)
            clean(yard.sessions, yard.config)
            request.config.stash[_RUN] = yard
            yield yard
            yard.recorder.path = folder / "cassettes" / "janitor.jsonl"
            _finish(request.config, yard, clean(yard.sessions, yard.config))
        finally:
            botocore.unregister_initializer(yard.recorder.listen)


def _kept_folder() -> Path:
    """Of a run on AWS nothing is thrown away that somebody may want to read or give back."""
    folder = ROOT / ".multi_env_lambda" / "live" / time.strftime("%Y-%m-%dT%H-%M-%S")
    folder.mkdir(parents=True)
    return folder


def _running(folder: Path, config: WorkspaceConfig) -> AbstractContextManager[LocalCloud]:
    """With the Python of Glue's jobs, where this machine has it."""
    runtimes = [f"python{GLUE_PYTHON}"] if find_python(GLUE_PYTHON) is not None else []
    return running_local_cloud(folder, config, runtimes=runtimes)


@contextmanager
def _refusing() -> Iterator[None]:
    """Accounts that may not be used end everything at once, with the sentence alone."""
    try:
        yield
    except MultiEnvLambdaError as error:
        pytest.exit(f"refused: {error}", returncode=error.exit_code)


@contextmanager
def _environment(file: Path | None, folder: Path) -> Iterator[Mapping[str, str]]:
    """That of whoever runs this, or of a strict local cloud whose accounts say yes."""
    if file is not None:
        yield dict(os.environ)
        return
    config = config_of(LOCAL)
    with pytest.MonkeyPatch.context() as patch, _running(folder / "cloud", config) as cloud:
        wanted = environment_variables(cloud)
        for name in set(os.environ) - set(wanted):
            patch.delenv(name)
        for name, value in wanted.items():
            patch.setenv(name, value)
        for place in places(config):
            Sessions().client(place, "iam").create_account_alias(AccountAlias=f"{CONSENT}-{place.name}")
        yield wanted


def _yard(file: Path, folder: Path, environment: Mapping[str, str], *, is_aws: bool) -> Yard:
    config = config_of(file)
    root = folder / "workspace"
    root.mkdir()
    (root / "pyproject.toml").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (root / ".gitignore").write_text("/.multi_env_lambda/\n__pycache__/\n", encoding="utf-8")
    git(root, "init", "-q")
    commit(root)
    source = f"{'AWS' if is_aws else 'local cloud'}, {time.strftime('%Y-%m-%d')}, {config.devops.region}"
    return Yard(
        run=secrets.token_hex(3),
        config=config,
        folder=root,
        sessions=Sessions(),
        recorder=Recorder(folder / "cassettes" / "before.jsonl", stand_ins(config), source),
        environment=environment,
        is_aws=is_aws,
    )


@pytest.fixture(autouse=True)
def _own_cassette(request: pytest.FixtureRequest) -> None:
    """Each step has units, a cassette and notes of its own: a unit that is wrong stops no other step."""
    step = step_of(request.node)
    if step is not None:
        yard = request.getfixturevalue("yard")
        yard.recorder.path = yard.folder.parent / "cassettes" / f"{step.name}.jsonl"
        yard.notes.clear()
        shutil.rmtree(yard.folder / "projects", ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Steps in their order, whatever file they stand in; other tests stay where they are."""
    steps = sorted((item for item in items if step_of(item)), key=lambda item: step_of(item).number)  # type: ignore[union-attr]
    following = iter(steps)
    items[:] = [next(following) if step_of(item) else item for item in items]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A step that builds on one that did not pass would only fail for the same reason."""
    step = step_of(item)
    passed = {line.step.name for line in item.config.stash[_LINES] if line.result == "passed"}
    missing = [name for name in step.needs if name not in passed] if step else []
    if missing:
        pytest.skip(f"needs the step {missing[0]}, which did not pass")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    report = yield
    step = step_of(item)
    if step is not None and (report.when == "call" or (report.when == "setup" and not report.passed)):
        yard = item.config.stash.get(_RUN, None)
        why = () if report.passed or call.excinfo is None else (reason(str(call.excinfo.value)),)
        line = Line(
            step=step,
            result="untrue" if hasattr(report, "wasxfail") else report.outcome,
            seconds=round(report.duration, 1),
            created=changes(yard.recorder.path) if yard and report.when == "call" else "",
            notes=(*(yard.notes if yard and report.when == "call" else ()), *why),
        )
        item.config.stash[_LINES].append(line)
    return report


def _finish(config: pytest.Config, yard: Yard, failed: tuple[str, ...]) -> None:
    """The JSON file: what is left over counts for the step whose unit's name it has."""
    left = [str(item) for item in inventory(yard.sessions, yard.config)]
    parted = {} if yard.is_aws else _parted(yard, [line.step.name for line in config.stash[_LINES]])
    for position, line in enumerate(config.stash[_LINES]):
        word = yard.name(line.step.name.replace("_", "-"))
        own = tuple(text for text in left if word in text)
        notes = (*line.notes, *(f"AWS: {text}" for text in parted.get(line.step.name, ())))
        config.stash[_LINES][position] = attrs.evolve(line, left_over=own, notes=notes)
    target = yard.folder.parent / "report.json"
    target.write_text(document(yard.run, config.stash[_LINES]), encoding="utf-8")
    yard.notes[:] = [f"report: {target}", f"cassettes: {target.parent / 'cassettes'}"]
    yard.notes += [f"left over: {text}" for text in left] + [f"could not be removed: {text}" for text in failed]
    assert not left, left
    assert not parted, "the local cloud parts from what was recorded on AWS; see the table"


def _parted(yard: Yard, steps: list[str]) -> dict[str, tuple[str, ...]]:
    """By step that was recorded on AWS: what it hears there and not here, where that is not what is known."""
    here = yard.folder.parent / "cassettes"
    found = {}
    for name in steps:
        recorded = FOLDER / "recorded" / f"{name}.jsonl"
        if recorded.is_file() and (here / recorded.name).is_file():
            lines = step_differences(read(recorded), read(here / recorded.name))
            if lines != KNOWN_OF_STEPS.get(name, ((), ""))[0]:
                found[name] = lines
    return found


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.stash[_LINES]:
        terminalreporter.section("live suite")
        terminalreporter.write_line(table(config.stash[_LINES]))
        yard = config.stash.get(_RUN, None)
        for note in yard.notes if yard else ():
            terminalreporter.write_line(note)
