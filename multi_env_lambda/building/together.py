"""Versions that may be installed together and cannot be imported together: what is locked in, what it has to be out.

A package that is pinned and old says of what it needs only how old it may be; what came out later may lack what it
imports. Each of these was seen in public projects, and has been checked by people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs
from packaging.specifiers import SpecifierSet
from packaging.version import Version

__all__ = ["AT_ODDS", "AtOdds", "at_odds"]


@attrs.frozen
class AtOdds:
    """Where a package is locked in one of these versions, another one has to be in one of those."""

    package: str
    versions: str
    other: str
    wanted: str

    @property
    def requirement(self) -> str:
        return f"{self.other}{self.wanted}"


AT_ODDS = (
    AtOdds("flask", "<2", "jinja2", "<3.1"),  # Markup and escape
    AtOdds("flask", "<2", "itsdangerous", "<2.1"),  # json
    AtOdds("flask", "<2", "werkzeug", "<2.1"),  # BaseResponse
    AtOdds("flask", "<2.3", "werkzeug", "<3"),  # url_quote
    AtOdds("flask-login", "<0.6.3", "werkzeug", "<3"),  # url_decode
    AtOdds("flask-restplus", "", "werkzeug", "<1"),  # cached_property
    AtOdds("flask-restplus", "", "flask", "<2"),  # helpers
    AtOdds("flask-sqlalchemy", "<3", "sqlalchemy", "<2"),  # __all__ of the module
    AtOdds("jinja2", "<3", "markupsafe", "<2.1"),  # soft_unicode
    AtOdds("openai", ">=1,<1.55.3", "httpx", "<0.28"),  # proxies
    AtOdds("pandas", "<2.1", "numpy", "<2"),  # its objects are for numpy 1
    AtOdds("pyopenssl", "<22.1", "cryptography", "<39"),  # names of its binding
    AtOdds("scikit-learn", "<1.4.2", "numpy", "<2"),  # its objects are for numpy 1
)
"""Source: the changelogs of the second package of each, at the version that is excluded."""


def at_odds(locked: Mapping[str, str], pinned: Collection[str]) -> tuple[AtOdds, ...]:
    """What has to be another version, once for each package; the strictest counts.

    Args:
        locked: versions by normal name. pinned: the packages of which the unit itself wants one exact version.
    """
    found: dict[str, AtOdds] = {}
    for one in AT_ODDS:
        if one.package not in locked or one.other not in locked or one.other in pinned:
            continue
        if _is_in(locked[one.package], one.versions) and not _is_in(locked[one.other], one.wanted):
            before = found.get(one.other)
            if before is None or _bound(one) < _bound(before):
                found[one.other] = one
    return tuple(found.values())


def _is_in(version: str, specifiers: str) -> bool:
    return SpecifierSet(specifiers).contains(version, prereleases=True)


def _bound(one: AtOdds) -> Version:
    return Version(one.wanted.removeprefix("<"))
