"""What the protected branch says, left in the bucket for a dispatcher, which has no Git.

A build leaves it after each look, so a changed table or ``ci.py`` needs no deployment of anything. A dispatcher that
knows it late decides nothing wrong: the build decides again, from the branch itself.
"""

from __future__ import annotations

import base64
import binascii

import attrs

from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, is_junk, read_document, structure

__all__ = ["PLACE", "Protected"]

PLACE = "ci/protected.json"


@attrs.frozen(kw_only=True)
class Protected:
    """The settings and the ``ci.py`` of the protected branch, at one commit.

    Args:
        environments: the names, in promotion order.
        decides: the ``ci.py`` in Base64; empty: there is none.
    """

    commit: str
    rules: CiRules
    environments: tuple[str, ...]
    decides: str = ""

    @classmethod
    def of(cls, commit: str, rules: CiRules, environments: tuple[str, ...], text: bytes | None) -> Protected:
        """The value with this text of a ``ci.py``; None: there is none."""
        # An empty file is a mistake that is reported; so a line feed, which is one as well, stands for it.
        decides = "" if text is None else base64.b64encode(text or b"\n").decode("ascii")
        return cls(commit=commit, rules=rules, environments=environments, decides=decides)

    @property
    def text(self) -> bytes | None:
        """The ``ci.py``; None: there is none."""
        return base64.b64decode(self.decides) if self.decides else None

    def to_bytes(self) -> bytes:
        return canonical_json({"format": FORMAT, **attrs.asdict(self)}).encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes) -> Protected:
        """Read it back.

        Raises:
            UpgradeNeeded: it was written by a newer version of this library.
            DocumentError: it is something else.
        """
        document = read_document(body, where=PLACE, kind="what the protected branch says")
        found = structure(cls, document, where=PLACE, kind="what the protected branch says")
        try:
            base64.b64decode(found.decides, validate=True)
        except (binascii.Error, ValueError) as error:
            raise is_junk(PLACE, "what the protected branch says", f"`decides` is no Base64: {error}") from error
        return found
