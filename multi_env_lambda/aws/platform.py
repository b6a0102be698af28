"""What is done in an environment's account, over real sessions: stacks through one poller, functions by alias."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

from multi_env_lambda import aws
from multi_env_lambda.aws.account import Caller
from multi_env_lambda.host.retrying import Retrying

if TYPE_CHECKING:
    from multi_env_lambda.aws.account import Invocation, StackRequest
    from multi_env_lambda.aws.concurrency import Shortage
    from multi_env_lambda.aws.drift import StackDrift
    from multi_env_lambda.aws.jobs import JobRun
    from multi_env_lambda.aws.logs import LogLine
    from multi_env_lambda.aws.poller import StackReading
    from multi_env_lambda.aws.session import Sessions
    from multi_env_lambda.aws.stack import Stacks
    from multi_env_lambda.model.alias import AliasState, Counts
    from multi_env_lambda.model.environment import Devops, Environment
    from multi_env_lambda.model.lease import Held
    from multi_env_lambda.model.quota import QuotaKind, Unread, Usage
    from multi_env_lambda.model.record import PhysicalResource
    from multi_env_lambda.model.reference import MissingReference, Reference
    from multi_env_lambda.model.versions import FunctionCode, KeptFunction, KeptLayer, LayerSays, ObjectPlace

__all__ = ["AwsPlatform"]


class AwsPlatform:
    """The ``Platform`` of production; safe for threads. One poller serves all stacks of an account and region."""

    def __init__(self, sessions: Sessions, devops: Devops) -> None:
        self._sessions = sessions
        self._devops = devops
        self._retrying = Retrying(retries=sessions.retries)
        self._stacks: dict[tuple[str, str], Stacks] = {}
        self._lock = threading.Lock()

    def caller(self) -> str:
        return self._sessions.caller()

    def writer(self) -> Caller:
        return Caller(arn=self._sessions.caller(), user_id=self._sessions.user_id(self._devops))

    def session_end(self) -> str:
        # Every other source of credentials renews them. https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html
        return self._sessions.variables().get("AWS_CREDENTIAL_EXPIRATION", "")

    def verify(self, environment: Environment) -> None:
        self._sessions.verify(environment)

    def look(self, environment: Environment, stack_name: str) -> StackReading | None:
        return self._stacks_of(environment).describe(stack_name)

    def find_stacks(self, environment: Environment, names: Collection[str]) -> Mapping[str, StackReading]:
        return self._stacks_of(environment).find(names)

    def deploy(self, environment: Environment, request: StackRequest, held: Held, say: Callable[[str], None]) -> str:
        result = self._stacks_of(environment).deploy(
            request.name,
            request.template,
            held=held,
            address_of=request.address_of,
            token=request.token,
            tags=request.tags,
            deadline_seconds=request.deadline_seconds,
            on_event=say,
            before=request.before,
            parameters=request.parameters,
            ready=request.ready,
            check=request.check,
            adopts=request.adopts,
            returning=request.returning,
            warned=request.warned,
            loses=request.loses,
            reverts=request.reverts,
            kept=request.kept,
            role_arn=request.role_in(environment),
        )
        return result.stack_id

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
    ) -> None:
        self._stacks_of(environment).delete(
            stack_name,
            held=held,
            token=token,
            on_event=say,
            check=check,
            retain=retain,
            role_arn=environment.execution_role_arn,
        )

    def outputs(self, environment: Environment, stack_name: str) -> Mapping[str, str]:
        reading = self.look(environment, stack_name)
        return {} if reading is None else reading.outputs

    def drift(self, environment: Environment, stack_name: str) -> StackDrift:
        return self._stacks_of(environment).drift(stack_name)

    def template(self, environment: Environment, stack_name: str, *, processed: bool = False) -> str:
        client = self._sessions.client(environment, "cloudformation")
        stage: Literal["Original", "Processed"] = "Processed" if processed else "Original"
        return aws.stack_listing.template_of(client, f"stack {stack_name} in {environment.name}", stack_name, stage)

    def resources(self, environment: Environment, stack_name: str) -> tuple[PhysicalResource, ...]:
        return self._stacks_of(environment).resources(stack_name)

    def tagged(self, environment: Environment, stack_name: str) -> frozenset[str]:
        client = self._sessions.client(environment, "resourcegroupstaggingapi")
        return aws.stack_tags.tagged_arns(client, f"stack {stack_name} in {environment.name}", stack_name)

    def stack_of(self, environment: Environment, arn: str) -> str:
        return aws.stack_tags.stack_of(self._sessions.client(environment, "resourcegroupstaggingapi"), arn)

    def code(self, environment: Environment, function_name: str) -> FunctionCode:
        return aws.functions.code_of_function(self._sessions.client(environment, "lambda"), function_name, "live")

    def find_code(self, environment: Environment, function_name: str, qualifier: str) -> FunctionCode | None:
        return aws.functions.find_code(self._sessions.client(environment, "lambda"), function_name, qualifier)

    def functions_there(self, environment: Environment) -> frozenset[str]:
        return aws.versions.functions_there(self._sessions.client(environment, "lambda"), environment.name)

    def send_code(self, environment: Environment, function_name: str, code: ObjectPlace | bytes, held: Held) -> None:
        aws.functions.send_code(self._sessions.client(environment, "lambda"), function_name, code, held, self._retrying)

    def layer_says(self, environment: Environment, arn: str) -> LayerSays | None:
        return aws.functions.layer_says(self._sessions.client(environment, "lambda"), arn)

    def layer_sha256(self, environment: Environment, arn: str) -> str | None:
        return aws.functions.layer_sha256(self._sessions.client(environment, "lambda"), arn)

    def invoke(self, environment: Environment, function_name: str, alias: str, payload: bytes) -> Invocation:
        client = self._sessions.client(environment, "lambda", once=True)
        return aws.functions.invoke(client, function_name, alias, payload, self._retrying)

    def logs(self, environment: Environment, function_name: str, since: datetime) -> tuple[LogLine, ...]:
        group = aws.logs.group_now(self._sessions.client(environment, "lambda"), function_name)
        return aws.logs.recent_lines(self._sessions.client(environment, "logs"), group, since=since)

    def run_job(self, environment: Environment, job_name: str, arguments: dict[str, str]) -> JobRun:
        start = self._sessions.client(environment, "glue", once=True).start_job_run
        return aws.jobs.run_job(start, self._sessions.client(environment, "glue"), job_name, arguments)

    def alias(self, environment: Environment, function_name: str, alias: str) -> AliasState | None:
        return aws.functions.alias_state(self._sessions.client(environment, "lambda"), function_name, alias)

    def point_alias(
        self, environment: Environment, function_name: str, alias: str, wanted: AliasState, held: Held
    ) -> None:
        client = self._sessions.client(environment, "lambda")
        now = aws.functions.find_alias(client, function_name, alias)
        if now is None:
            aws.functions.create_alias(client, function_name, alias, wanted, held)
            return
        state = aws.functions.Alias(version=wanted.version, weights=wanted.weights, revision_id=now.revision_id)
        aws.functions.set_alias(client, function_name, alias, state, held)

    def alarmed(self, environment: Environment, names: tuple[str, ...]) -> tuple[str, ...]:
        return aws.metrics.alarmed(self._sessions.client(environment, "cloudwatch"), names)

    def counts(self, environment: Environment, function_name: str, version: str, seconds: float) -> Counts:
        client = self._sessions.client(environment, "cloudwatch")
        return aws.metrics.counts(client, function_name, "live", version, seconds)

    def references_missing(
        self, environment: Environment, references: tuple[Reference, ...]
    ) -> tuple[MissingReference, ...]:
        return aws.references.missing_references(
            lambda service: self._sessions.client(environment, service), environment.name, references
        )

    def protect(self, environment: Environment, stack_name: str, held: Held) -> None:
        client = self._sessions.client(environment, "cloudformation")
        aws.protection.protect(client, stack_name, f"stack {stack_name} in {environment.name}", held, self._retrying)

    def shortage(self, environment: Environment, reserved: Mapping[str, int]) -> Shortage | None:
        return aws.concurrency.shortage_of(self._sessions.client(environment, "lambda"), environment.name, reserved)

    def quotas(self, environment: Environment, kinds: Collection[QuotaKind]) -> tuple[Usage | Unread, ...]:
        return aws.quotas.read_quotas(partial(self._sessions.client, environment), kinds)

    def reserved(self, environment: Environment, function_name: str) -> int | None:
        return aws.concurrency.reserved_now(
            self._sessions.client(environment, "lambda"), environment.name, function_name
        )

    def unreserve(self, environment: Environment, function_name: str, held: Held) -> None:
        aws.functions.unreserve(self._sessions.client(environment, "lambda"), function_name, held, self._retrying)

    def kept_function(self, environment: Environment, function_name: str) -> KeptFunction | None:
        return aws.versions.kept_function(self._sessions.client(environment, "lambda"), function_name)

    def kept_layers(self, environment: Environment, layer_name: str) -> tuple[KeptLayer, ...]:
        return aws.versions.kept_layers(self._sessions.client(environment, "lambda"), layer_name)

    def delete_function_version(self, environment: Environment, function_name: str, number: str, held: Held) -> None:
        aws.versions.delete_function_version(self._sessions.client(environment, "lambda"), function_name, number, held)

    def delete_layer_version(self, environment: Environment, layer_name: str, number: int, held: Held) -> None:
        aws.versions.delete_layer_version(self._sessions.client(environment, "lambda"), layer_name, number, held)

    def _stacks_of(self, environment: Environment) -> Stacks:
        key = (environment.account_id, environment.region)
        with self._lock:
            if key not in self._stacks:
                client = self._sessions.client(environment, "cloudformation")
                self._stacks[key] = aws.stack.Stacks(
                    client, aws.poller.Poller(client), place=environment.name, retrying=self._retrying
                )
            return self._stacks[key]
