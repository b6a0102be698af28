"""What all tests may ask for."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.config_file import environment_variables
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import running_local_cloud, sample_config
from tests.marks import LONGEST, MARKS, STORIES, TESTS, certain, possible, takes_some_of
from tests.person import environment_of_a_person, signals_of_a_person, variables_are_put_back
from tests.rules import keep_all_rules

keep_all_rules()
gc.disable()  # until all is imported: a look through what is never forgotten is a tenth of the work
# How fast a machine is says nothing about the code: with a load of 40 every deadline passes.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file of which ``-m`` takes no test is not even imported, unless it is named itself."""
    expression = config.option.markexpr
    if not expression or not collection_path.match("test_*.py") or not collection_path.is_relative_to(TESTS):
        return None
    named = {Path(config.invocation_params.dir, each.partition("::")[0]) for each in config.args}
    return None if collection_path in named or takes_some_of(collection_path, expression) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in the folders of stories are stories; what is said of a file without importing it is true; the longest
    files come first."""
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        if item.path.relative_to(TESTS).parts[0] in STORIES:
            item.add_marker(pytest.mark.story)
        marks = MARKS.intersection(mark.name for mark in item.iter_markers())
        if not certain(item.path) <= marks <= possible(item.path):
            raise pytest.UsageError(f"{item.nodeid}: tests/marks.py reads other marks in its file than {sorted(marks)}")
    first = {TESTS / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def person(request: pytest.FixtureRequest) -> Iterator[None]:
    """In the workers only: what starts them keeps its own environment, which pytest and its plugins read too."""
    with_accounts = bool(request.config.getoption("--live", default=None))
    with environment_of_a_person(with_accounts=with_accounts), signals_of_a_person():
        yield


@pytest.fixture(scope="module", autouse=True)
def as_they_were() -> Iterator[None]:
    """A file of tests that leaves variables behind says so itself: else another file is red, now and then."""
    with variables_are_put_back():
        yield


@pytest.fixture(scope="session")
def local_config() -> WorkspaceConfig:
    """The workspace whose accounts ``local_cloud`` has."""
    return sample_config()


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    """One server for all tests of the session, so tests name what they make after themselves."""
    with running_local_cloud(tmp_path_factory.mktemp("local-cloud"), local_config) as cloud:
        yield cloud


@pytest.fixture
def local_environment(local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    """This process's environment as a command has it in local mode."""
    wanted = environment_variables(local_cloud)
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    return local_cloud
