"""Things by their names; one that is not there is an error of ours, with what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.reading import did_you_mean

__all__ = ["ByName"]

Thing = TypeVar("Thing")


class ByName(dict[str, Thing]):
    """A dict of things of one ``kind``. ``in`` and ``get`` are those of a dict.

    Asked for by name, a thing that is not there for one of the ``faults`` is that error.

    Source: https://docs.python.org/3/library/stdtypes.html#mapping-types-dict (``__missing__``)
    """

    def __init__(
        self, kind: str, things: Mapping[str, Thing], faults: Mapping[str, MultiEnvLambdaError] | None = None
    ) -> None:
        super().__init__(things)
        self.kind = kind
        self.faults = faults or {}

    def __missing__(self, name: object) -> Thing:
        if isinstance(name, str) and name in self.faults:
            raise self.faults[name]
        what = f"there is no {self.kind} `{name}`"
        raise ConfigurationError(f"{self.kind}s", what, hint=did_you_mean(str(name), (*self, *self.faults)))
