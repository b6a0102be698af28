"""Read back a plan, or a request to delete a unit, that was saved as JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError, DocumentError
from multi_env_lambda.host.documents import read_bounded
from multi_env_lambda.model.document import LARGEST, check_format, read_document
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.plan.removal import Removal
from multi_env_lambda.wording import Advice, advice

__all__ = ["Saved", "SavedPlan", "read_saved"]

Saved = Plan | Removal | Mapping[str, Any] | str | os.PathLike[str]
"""What a plan can be read from: the value itself, its document, or the file that it was saved to."""


_KIND = "a saved plan"


@attrs.frozen(kw_only=True)
class SavedPlan:
    """What is needed to make a plan again and compare: its ``digest``, and the request behind it (``asked``)."""

    digest: str
    asked: Mapping[str, str]
    document: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    @property
    def removes(self) -> bool:
        """Whether it is a request to delete a unit."""
        return self.asked.get("verb") == "destroy"

    @property
    def asks(self) -> frozenset[str]:
        """The environments that asked for an approval where it was made."""
        found = self.document.get("asks")
        return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


def read_saved(saved: Saved) -> SavedPlan:
    """Read it from any of its forms.

    Raises:
        ConfigurationError: this is not a saved plan.
        UpgradeNeeded: a newer version of this library has written it.
    """
    if isinstance(saved, Plan):
        return SavedPlan(digest=saved.digest, asked=dict(saved.asked), document=saved.to_dict())
    where, document = _document(saved.to_dict() if isinstance(saved, Removal) else saved)
    found, asked = document.get("digest"), document.get("asked")
    if not isinstance(found, str) or not isinstance(asked, Mapping):
        missing = "asked" if isinstance(found, str) else "digest"
        raise _no_plan(where, f"not a saved plan: found {document.get(missing)!r:.80} as its `{missing}`")
    return SavedPlan(digest=found, asked={str(name): str(value) for name, value in asked.items()}, document=document)


def _document(saved: Mapping[str, Any] | str | os.PathLike[str]) -> tuple[str, Mapping[str, Any]]:
    where = "the saved plan" if isinstance(saved, Mapping) else os.fspath(saved)
    try:
        if isinstance(saved, Mapping):
            check_format(saved, where=where, kind=_KIND)
            return where, saved
        return where, read_document(read_bounded(Path(saved), where, LARGEST), where=where, kind=_KIND)
    except OSError as error:
        raise _no_plan(where, f"the file cannot be read: {error.strerror}") from error
    except DocumentError as error:
        raise _no_plan(where, error.what) from error


def _no_plan(where: str, what: str) -> ConfigurationError:
    kinds = (
        Advice("plan.py --out", "save(workspace.plan(), …)"),
        Advice("destroy.py --out", "save(unit.plan_removal(…), …)"),
    )
    hint = advice("save it with `{}` or `{}`", *kinds)
    return ConfigurationError(where, what, hint=hint)
