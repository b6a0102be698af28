"""What is done in an environment's account: a protocol and its values. ``platform.py`` does it; tests have another."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from multi_env_lambda.aws.poller import Look, NotLooked, StackReading
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.shown import shown_as_text

if TYPE_CHECKING:
    from multi_env_lambda.aws.concurrency import Shortage
    from multi_env_lambda.aws.drift import StackDrift
    from multi_env_lambda.aws.jobs import JobRun
    from multi_env_lambda.aws.logs import LogLine
    from multi_env_lambda.model.alias import Counts
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.lease import Held
    from multi_env_lambda.model.quota import QuotaKind, Unread, Usage
    from multi_env_lambda.model.record import Loss, PhysicalResource
    from multi_env_lambda.model.reference import MissingReference, Reference
    from multi_env_lambda.model.versions import FunctionCode, KeptFunction, KeptLayer, LayerSays, ObjectPlace

__all__ = ["AliasState", "Caller", "Invocation", "Platform", "StackRequest"]


@attrs.frozen(kw_only=True)
class StackRequest:
    """One stack as it should be.

    ``token`` is unique to this run and unit; ``address_of`` returns the address of a template that is too long to be
    sent inline; ``before`` is what ``Platform.look`` has just returned for the stack, if it was called. ``ready`` is
    waited for before anything is executed, and may raise. ``check`` is called with each existing stack of this name
    before anything is done to it, and raises if it is not ours. ``adopts`` decides whether existing resources that the
    stack is to create may be brought into it. ``returning`` is imported first: CloudFormation cannot find it by its
    name. ``warned`` is called with CloudFormation's warnings; ``loses`` with what holds data and would be lost: it may
    raise. ``reverts``: what was changed or deleted by hand is restored as well. ``kept``: parameters that keep the
    values that the stack has. ``is_of_others``: another tool made the stack, and goes on to change it.
    """

    name: str
    template: str
    address_of: Callable[[str], str | None]
    token: str
    tags: Mapping[str, str]
    parameters: Mapping[str, str] = attrs.field(factory=dict)
    ready: Callable[[], None] = lambda: None
    deadline_seconds: float = 3600.0
    before: Look = NotLooked.NOT_LOOKED
    check: Callable[[StackReading], None] = lambda _: None
    adopts: Callable[[tuple[PhysicalResource, ...]], bool] = lambda _: False
    returning: tuple[PhysicalResource, ...] = ()
    warned: Callable[[str], None] = lambda _: None
    loses: Callable[[tuple[Loss, ...]], None] = lambda _: None
    reverts: bool = False
    kept: tuple[str, ...] = ()
    is_of_others: bool = False

    def role_in(self, environment: Environment) -> str:
        """The role in which CloudFormation acts, and that the stack keeps; empty: the one that it has already.

        The role of an environment may change what units are called like, and nothing else: with it, nobody could
        update or delete a stack of others any longer.
        """
        return "" if self.is_of_others else environment.execution_role_arn


@attrs.frozen(kw_only=True)
class Caller:
    """Who acts: the ARN of the base identity, and the IAM id of the one that writes to the bucket.

    The id is what policies call ``aws:userid``: for an IAM user its id, for a role its id, a colon, the session's name.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """

    arn: str
    user_id: str


@shown_as_text
@attrs.frozen(kw_only=True)
class Invocation:
    """One response of a function. ``error`` is the function's own error; ``log_tail`` the last 4 KB of its log."""

    payload: bytes
    error: str | None
    log_tail: str
    version: str

    @property
    def reason(self) -> str:
        """What the function raised, such as ``KeyError: 'name'``; empty if it raised nothing.

        Lambda's own word for it, ``error``, only says whether the function could catch it.
        Source: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
        """
        if self.error is None:
            return ""
        try:
            said = json.loads(self.payload)
        except ValueError:
            return self.error
        parts = [said.get(name) for name in ("errorType", "errorMessage")] if isinstance(said, dict) else []
        return ": ".join(str(part) for part in parts if part) or self.error

    def text(self) -> str:
        """What it returned, or why it failed, and what it logged."""
        from multi_env_lambda.show.called import invocation_text

        return invocation_text(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data; ``payload`` is the text that the function returned."""
        return {**attrs.asdict(self), "payload": self.payload.decode(errors="replace")}


class Platform(Protocol):
    """What is done in an environment's account.

    What changes or deletes something takes the held lease of what it changes, and checks it right before each call.
    If the lease is lost, ``PlanStale`` is raised and nothing more is changed.
    """

    def verify(self, environment: Environment) -> None: ...

    def look(self, environment: Environment, stack_name: str) -> StackReading | None: ...

    def find_stacks(self, environment: Environment, names: Collection[str]) -> Mapping[str, StackReading]: ...

    def deploy(self, environment: Environment, request: StackRequest, held: Held, say: Callable[[str], None]) -> str:
        """Deploy this template to the stack; returns its id. Failures are errors."""
        ...

    def delete(
        self,
        environment: Environment,
        stack_name: str,
        token: str,
        held: Held,
        say: Callable[[str], None],
        *,
        check: Callable[[StackReading], None],
        retain: tuple[str, ...] = (),
    ) -> None: ...

    def resources(self, environment: Environment, stack_name: str) -> tuple[PhysicalResource, ...]: ...

    def tagged(self, environment: Environment, stack_name: str) -> frozenset[str]:
        """The ARNs of what a stack with this name created and still exists, according to CloudFormation's own tags."""
        ...

    def stack_of(self, environment: Environment, arn: str) -> str:
        """The name of the stack that created what has this ARN; empty: none did, or the caller may not know."""
        ...

    def code(self, environment: Environment, function_name: str) -> FunctionCode: ...

    def find_code(self, environment: Environment, function_name: str, qualifier: str) -> FunctionCode | None:
        """What an alias, a version or ``$LATEST`` runs; None if it does not exist."""
        ...

    def functions_there(self, environment: Environment) -> frozenset[str]:
        """The names of all functions of the account in this region, by pages."""
        ...

    def send_code(self, environment: Environment, function_name: str, code: ObjectPlace | bytes, held: Held) -> None:
        """Upload code to ``$LATEST``: what lies in a bucket, or the bytes of a zip. No version runs it."""
        ...

    def layer_says(self, environment: Environment, arn: str) -> LayerSays | None:
        """What a version of a layer says about itself; None if there is none."""
        ...

    def layer_sha256(self, environment: Environment, arn: str) -> str | None:
        """None if somebody deleted the layer version."""
        ...

    def reserved(self, environment: Environment, function_name: str) -> int | None:
        """How many concurrent calls are reserved for a function; None without a reservation."""
        ...

    def unreserve(self, environment: Environment, function_name: str, held: Held) -> None:
        """Take back what is reserved for a function, by whomever."""
        ...

    def invoke(self, environment: Environment, function_name: str, alias: str, payload: bytes) -> Invocation: ...

    def logs(self, environment: Environment, function_name: str, since: datetime) -> tuple[LogLine, ...]:
        """What a function has logged since then, oldest first."""
        ...

    def run_job(self, environment: Environment, job_name: str, arguments: dict[str, str]) -> JobRun: ...

    def outputs(self, environment: Environment, stack_name: str) -> Mapping[str, str]: ...

    def drift(self, environment: Environment, stack_name: str) -> StackDrift: ...

    def template(self, environment: Environment, stack_name: str, *, processed: bool = False) -> str:
        """The template that CloudFormation has of a stack, as it was sent; ``processed``: after its macros."""
        ...

    def caller(self) -> str: ...

    def writer(self) -> Caller: ...

    def session_end(self) -> str:
        """When the credentials expire, if nothing renews them, as ISO 8601; empty if unknown."""
        ...

    def alias(self, environment: Environment, function_name: str, alias: str) -> AliasState | None: ...

    def point_alias(
        self, environment: Environment, function_name: str, alias: str, wanted: AliasState, held: Held
    ) -> None: ...

    def alarmed(self, environment: Environment, names: tuple[str, ...]) -> tuple[str, ...]: ...

    def counts(self, environment: Environment, function_name: str, version: str, seconds: float) -> Counts: ...

    def references_missing(
        self, environment: Environment, references: tuple[Reference, ...]
    ) -> tuple[MissingReference, ...]: ...

    def protect(self, environment: Environment, stack_name: str, held: Held) -> None:
        """Make CloudFormation refuse to delete a stack."""
        ...

    def shortage(self, environment: Environment, reserved: Mapping[str, int]) -> Shortage | None:
        """What the account lacks of the concurrency that functions should reserve, by their names."""
        ...

    def quotas(self, environment: Environment, kinds: Collection[QuotaKind]) -> tuple[Usage | Unread, ...]:
        """How much of each quota is in use in the account, one for each kind; what cannot be read is no error."""
        ...

    def kept_function(self, environment: Environment, function_name: str) -> KeptFunction | None: ...

    def kept_layers(self, environment: Environment, layer_name: str) -> tuple[KeptLayer, ...]: ...

    def delete_function_version(
        self, environment: Environment, function_name: str, number: str, held: Held
    ) -> None: ...

    def delete_layer_version(self, environment: Environment, layer_name: str, number: int, held: Held) -> None: ...
