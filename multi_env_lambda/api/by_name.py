"""A mapping by name, whose lookup errors suggest the name that was probably meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.nearest import did_you_mean

__all__ = ["ByName"]

Thing = TypeVar("Thing")


class ByName(dict[str, Thing]):
    """A dict of things of one ``kind``. ``in`` and ``get`` work as in any dict.

    Looking up a name that is missing because of one of the ``faults`` raises that error.

    Source: https://docs.python.org/3/library/stdtypes.html#mapping-types-dict (``__missing__``)
    """

    def __init__(
        self, kind: str, things: Mapping[str, Thing], faults: Mapping[str, MultiEnvLambdaError] | None = None
    ) -> None:
        super().__init__(things)
        self.kind = kind
        self.faults = faults or {}

    def __getitem__(self, name: Any) -> Thing:
        try:
            return super().__getitem__(name)
        except TypeError:  # a list, for example, which can be no key
            return self.__missing__(name)

    def __missing__(self, name: object) -> Thing:
        if isinstance(name, str) and name in self.faults:
            raise self.faults[name]
        names = (*self, *self.faults)
        if self.kind == "unit":
            raise _without_folder(str(name), names)
        what = f"there is no {self.kind} `{name}`"
        raise ConfigurationError(f"{self.kind}s", what, hint=did_you_mean(str(name), names))


def _without_folder(name: str, names: tuple[str, ...]) -> ConfigurationError:
    """Names in the account come from a unit's settings, so a unit that runs but has no folder here is not enough."""
    runs = "if it is deployed but its folder is gone, check the folder out first: its settings are needed"
    hint = f"{did_you_mean(name, names)} ({runs})" if names else runs
    return ConfigurationError("units", f"there is no unit `{name}` in this work tree", hint=hint)
