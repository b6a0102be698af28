"""Two releases of one version are told apart, and only they."""

from __future__ import annotations

import pytest

from multi_env_lambda.model.label import label

OTHERS = [("0.1.0", "c7321f00"), ("0.2.0", "1b970000")]


@pytest.mark.parametrize(
    ("among", "called"),
    [
        (OTHERS, "0.1.0 (1b97)"),
        ([*OTHERS, ("0.1.0", "1b970000")], "0.1.0 (1b977)"),
        ([("0.1.0", "1b9773aa"), ("0.2.0", "1b970000")], "0.1.0"),
        ([("0.1.0", "")], "0.1.0"),
        ([("0.1.0", "1b9773aa00")], "0.1.0 (1b9773aa)"),
    ],
    ids=["another of that version", "one that begins alike", "itself", "one of which nothing is known", "a longer one"],
)
def test_a_version_is_called_with_its_digest_where_another_release_has_it(
    among: list[tuple[str, str]], called: str
) -> None:
    assert label("0.1.0", "1b9773aa", among) == called
