"""An entry point of a unit, as Lambda or Glue starts it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.building.glue_image import modules_of_glue
from multi_env_lambda.model.lambda_image import OFFERED_MODULES

__all__ = ["Handler"]

_OFFERED = OFFERED_MODULES | {"snapshot_restore_py"}


@attrs.frozen(kw_only=True)
class Handler:
    """One entry point: ``key`` is the function's (or job's) name, ``text`` is what the settings say.

    ``root`` is the folder of the unit that is the top of its code; empty: the unit's own. ``python`` is the version
    that Glue runs a job in. ``is_layered``: the function has somebody else's layer, which may bring unknown modules,
    libraries and programs; of modules only those in ``provided``, if there are some. ``variables`` are those that it
    has in ``environments``, which need not be all; ``runtime`` are those that Lambda sets.
    """

    key: str
    text: str
    root: str = ""
    python: str = ""
    is_layered: bool = False
    provided: tuple[str, ...] = ()
    variables: Mapping[str, str] = attrs.field(factory=dict)
    runtime: Mapping[str, str] = attrs.field(factory=dict)
    environments: tuple[str, ...] = ()

    @property
    def is_job(self) -> bool:
        return ":" in self.text

    @property
    def module(self) -> str:
        return self.text.rpartition(self._separator)[0].replace("/", ".")

    @property
    def function(self) -> str:
        return self.text.rpartition(self._separator)[2]

    @property
    def _separator(self) -> str:
        return ":" if self.is_job else "."

    @property
    def place(self) -> str:
        return "Glue" if self.is_job else "Lambda"

    @property
    def offered(self) -> frozenset[str]:
        """Top-level modules that exist without being packaged, besides the standard library."""
        return modules_of_glue(self.python) if self.is_job else _OFFERED

    def may_be_brought(self, top: str) -> bool:
        """Whether somebody else's layer may contain this top-level module."""
        return self.is_layered and (not self.provided or top in self.provided)

    @property
    def shown(self) -> str:
        place = f", root `{self.root}`" if self.root else ""
        return f"{'job' if self.is_job else 'function'} `{self.key}`, handler `{self.text}`{place}"
