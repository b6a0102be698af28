"""One event of a function of Serverless, and what can become of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from multi_env_lambda.adopt.found import Ours
from multi_env_lambda.adopt.serverless_service import Service, at, unknown_in
from multi_env_lambda.adopt.serverless_values import Value
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["Asked", "Event", "is_off", "may_call", "number_or"]

Event = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Asked:
    """One event of one function, as the service has it.

    Args:
        kind: such as ``sqs``. path: where it is. number: of the event among those of the function.
    """

    service: Service
    function: str
    kind: str
    value: Value
    path: Sequence[str | int]
    number: int

    @property
    def key(self) -> str:
        return self.service.keys[self.function]

    @property
    def what(self) -> str:
        return f"event {self.kind}"

    def has(self, *names: str) -> bool:
        return any(at(self.value, name) is not None for name in names)

    def dropped(self, reason: str) -> tuple[Event, ...]:
        self.service.dropped(self.function, self.what, self.path, reason)
        return ()

    def unless(self, reasons: Mapping[str, str]) -> None:
        """Says which of its settings have no counterpart."""
        for name, reason in reasons.items():
            if self.has(name):
                self.service.dropped(self.function, f"{self.what}: {name}", [*self.path, name], reason)

    def to(self, event: Event) -> tuple[Event, ...]:
        """It has become an event of ours."""
        kind, value = next(iter(event.items()))
        self.service.carried(self.function, self.what, self.path, f"{kind} = {_short(value)}")
        return (event,)

    def in_stack(self, *resources: tuple[str, Any]) -> tuple[Event, ...]:
        """It has become resources in ``stack.py``."""
        if (unknown := unknown_in([body for _, body in resources])) is not None:
            return self.dropped(unknown.why)
        self.service.resources.update(resources)
        names = ", ".join(name for name, _ in resources)
        self.service.carried(self.function, self.what, self.path, f"stack.py: {names}")
        return ()

    def named(self, word: str) -> str:
        """A logical id for what the event needs in the stack."""
        return logical_id(self.key, word, str(self.number + 1))


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def number_or(value: Value, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def is_off(asked: Asked) -> bool:
    if at(asked.value, "enabled") not in (False, "false"):
        return False
    asked.dropped("it is switched off (`enabled: false`), and an event here is always on; add it when it is needed")
    return True


def may_call(asked: Asked, principal: str, source: Any = None, **more: Any) -> dict[str, Any]:
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": Ours("alias", asked.key),
        "Principal": principal,
        **({} if source is None else {"SourceArn": source}),
        **more,
    }
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}
