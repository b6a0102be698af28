"""Whose credentials are used can be said by the name of a profile, on the command line and in Python."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda import ConfigurationError, Project, Workspace
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.cli.main import main

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("again", [Opened.again, lambda opened: pickle.loads(pickle.dumps(opened))])
def test_a_workspace_keeps_its_profile(again: Callable[[Opened], Opened]) -> None:
    assert again(Opened.at(ROOT, local=False, profile="acme-dev")).profile == "acme-dev"


@pytest.mark.parametrize("handle", [Workspace.open, Project.open])
def test_the_local_cloud_has_credentials_of_its_own(handle: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match="found the profile `acme-dev`, but the local cloud"):
        handle(ROOT / "projects" / "orders", local=True, profile="acme-dev")


def test_a_profile_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="its name is empty") as caught:
        Workspace.open(ROOT, profile="")
    assert "`aws configure list-profiles`" in caught.value.hint


@pytest.mark.parametrize("words", [["status"], ["status", "--profile", "acme-dev"]])
def test_a_command_opens_the_workspace_with_the_profile_that_it_names(words: list[str]) -> None:
    opened_with: list[dict[str, Any]] = []

    def opener(start: Path, **how: Any) -> Workspace:
        opened_with.append(how)
        raise ConfigurationError("here", "nothing is read", hint="none")

    main(words, start=ROOT, opener=opener)

    assert [how.get("profile") for how in opened_with] == [words[2] if words[2:] else None]
