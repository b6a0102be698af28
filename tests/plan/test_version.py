"""Numbers and versions are given once: known content gets its own again, new content the next one."""

from __future__ import annotations

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.version import layer_number, source_version


@pytest.mark.parametrize(
    ("digest", "published", "number"),
    [
        ("a", {}, 1),
        ("a", {1: "a", 2: "b"}, 1),
        ("c", {1: "a", 2: "b"}, 3),
        ("c", {1: "a", 5: "b"}, 6),
        ("a", {2: "a", 7: "a"}, 2),
        ("", {1: ""}, 1),
    ],
)
def test_a_layer_has_the_number_of_its_content_or_the_one_after_the_highest(
    digest: str, published: dict[int, str], number: int
) -> None:
    assert layer_number(digest, published) == number


@pytest.mark.parametrize(
    ("base", "published", "version"),
    [
        ("0.1.0", {}, "0.1.0"),
        ("0.1.0", {"0.1.0": "new"}, "0.1.0"),
        ("0.1.0", {"0.1.0": "a"}, "0.1.0.post1"),
        ("0.1.0", {"0.1.0": "a", "0.1.0.post4": "b"}, "0.1.0.post5"),
        ("0.1.0", {"0.1.0": "a", "0.1.0.post1": "b", "0.2.0.post9": "c"}, "0.1.0.post2"),
        ("0.1.0", {"0.1.0": "a", "0.1.0.post1": "new", "0.1.0.post2": "b"}, "0.1.0.post1"),
        ("0.1.0", {"0.1.0": ""}, "0.1.0.post1"),
        ("0.1.0.post3", {"0.1.0.post3": "a"}, "0.1.0.post4"),
    ],
)
def test_a_content_has_the_version_that_it_was_given_or_one_that_nobody_has(
    base: str, published: dict[str, str], version: str
) -> None:
    assert source_version(base, "new", published, strict=False, where="orders") == version


def test_with_strict_versioning_a_version_that_is_taken_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="version 0.1.0 is already published with different content"):
        source_version("0.1.0", "new", {"0.1.0": "a"}, strict=True, where="orders")
    assert source_version("0.1.0", "new", {"0.1.0": "new"}, strict=True, where="orders") == "0.1.0"
