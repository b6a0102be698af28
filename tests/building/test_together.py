"""Versions that cannot be imported together are known by a short list."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from multi_env_lambda.building.together import AT_ODDS, AtOdds, at_odds


@pytest.mark.parametrize(
    ("locked", "pinned", "requirements"),
    [
        ({"flask": "1.0.2", "jinja2": "3.1.2"}, (), ["jinja2<3.1"]),
        ({"flask": "1.0.2", "jinja2": "3.0.3"}, (), []),
        ({"flask": "2.0", "jinja2": "3.1.2"}, (), []),
        ({"flask": "1.0.2"}, (), []),
        ({"jinja2": "3.1.2"}, (), []),
        ({"flask": "1.0.2", "jinja2": "3.1.2"}, ("jinja2",), []),
        ({"flask": "1.1", "werkzeug": "3.0"}, (), ["werkzeug<2.1"]),
        ({"flask": "2.2.5", "werkzeug": "3.0"}, (), ["werkzeug<3"]),
        ({"flask": "1.1", "flask-restplus": "0.13", "werkzeug": "3.0"}, (), ["werkzeug<1"]),
        ({"pandas": "1.5.3", "numpy": "2.0.1", "scikit-learn": "1.2"}, (), ["numpy<2"]),
        ({"openai": "0.28", "httpx": "0.28"}, (), []),
        ({"openai": "1.3.0", "httpx": "0.28.1"}, (), ["httpx<0.28"]),
    ],
)
def test_what_is_too_new_for_what_is_old(
    locked: dict[str, str], pinned: tuple[str, ...], requirements: list[str]
) -> None:
    assert [one.requirement for one in at_odds(locked, pinned)] == requirements


@pytest.mark.parametrize("row", AT_ODDS, ids=lambda row: f"{row.package} {row.other}")
def test_each_row_is_in_the_form_in_which_it_is_compared(row: AtOdds) -> None:
    assert [canonicalize_name(name) for name in (row.package, row.other)] == [row.package, row.other]
    assert len(SpecifierSet(row.wanted)) == 1 and row.wanted.startswith("<") and not row.wanted.startswith("<=")
