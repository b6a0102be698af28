"""Read back a plan, or a request to delete a unit, that was saved as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.document import check_format
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.plan.removal import Removal
from multi_env_lambda.wording import Advice, advice

__all__ = ["Saved", "SavedPlan", "read_saved"]

Saved = Plan | Removal | Mapping[str, Any] | str | os.PathLike[str]
"""What a plan can be read from: the value itself, its document, or the file that it was saved to."""


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
    try:
        found = SavedPlan(
            digest=str(document["digest"]),
            asked={str(name): str(value) for name, value in dict(document["asked"]).items()},
            document=document,
        )
    except KeyError as error:
        raise _no_plan(where, f"not a saved plan: its `{error.args[0]}` is missing") from error
    except (ValueError, TypeError) as error:
        raise _no_plan(where, f"not a saved plan: {error}") from error
    check_format(document, where=where, kind="a saved plan")
    return found


def _document(saved: Mapping[str, Any] | str | os.PathLike[str]) -> tuple[str, Mapping[str, Any]]:
    if isinstance(saved, Mapping):
        return "the saved plan", saved
    where = os.fspath(saved)
    try:
        document = json.loads(Path(saved).read_bytes())
    except OSError as error:
        raise _no_plan(where, f"the file cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise _no_plan(where, f"not a saved plan: {error}") from error
    if not isinstance(document, dict):
        raise _no_plan(where, f"not a saved plan: found {document!r:.80}")
    return where, document


def _no_plan(where: str, what: str) -> ConfigurationError:
    kinds = (
        Advice("plan.py --out", "save(workspace.plan(), …)"),
        Advice("destroy.py --out", "save(unit.plan_removal(…), …)"),
    )
    hint = advice("save it with `{}` or `{}`", *kinds)
    return ConfigurationError(where, what, hint=hint)
