"""What can be imported from the package is exactly what it says."""

from __future__ import annotations

import subprocess
import sys

import pytest

import multi_env_lambda

EXPECTED = {"Environment", "LayerArtifact", "Plan", "Project", "SourceArtifact", "Workspace", "run"}


def test_every_public_name_can_be_imported() -> None:
    for name in multi_env_lambda.__all__:
        assert getattr(multi_env_lambda, name) is not None, name


def test_the_names_of_the_documentation_are_public() -> None:
    assert set(multi_env_lambda.__all__) >= EXPECTED


def test_completion_offers_the_public_names() -> None:
    assert set(multi_env_lambda.__all__) <= set(dir(multi_env_lambda))


@pytest.mark.story
def test_all_names_come_with_a_star_in_a_fresh_interpreter() -> None:
    code = "from multi_env_lambda import *; import multi_env_lambda as m; print(set(m.__all__) - set(globals()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_everything_public_says_what_it_is() -> None:
    silent = []
    for name in multi_env_lambda.__all__:
        public = getattr(multi_env_lambda, name)
        # The protocols have the words of the libraries that they describe.
        if not isinstance(public, type) or getattr(public, "_is_protocol", False):
            continue
        acts = {
            key: each
            for key, each in vars(public).items()
            if isinstance(each, property | classmethod) or callable(each)
        }
        silent += [f"{name}.{key}" for key, each in acts.items() if not key.startswith("_") and not each.__doc__]

    assert silent == []
