"""What is done in an environment's account, over real sessions: stacks through one poller, functions by alias."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Literal

from multi_env_lambda.aws import functions, jobs, metrics, versions
from multi_env_lambda.aws.account import AliasState, Caller, Invocation, StackRequest
from multi_env_lambda.aws.concurrency import Shortage, reserved_now, shortage_of
from multi_env_lambda.aws.drift import StackDrift
from multi_env_lambda.aws.logs import LogLine, group_now, recent_lines
from multi_env_lambda.aws.poller import Poller, StackReading
from multi_env_lambda.aws.protection import protect
from multi_env_lambda.aws.quotas import read_quotas
from multi_env_lambda.aws.references import missing_references
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.aws.stack_listing import template_of
from multi_env_lambda.aws.stack_tags import stack_of, tagged_arns
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.quota import QuotaKind, Unread, Usage
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.model.reference import MissingReference, Reference
from multi_env_lambda.model.versions import FunctionCode, KeptFunction, KeptLayer, LayerSays, ObjectPlace
from multi_env_lambda.plan.traffic import Counts

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
        return template_of(client, f"stack {stack_name} in {environment.name}", stack_name, stage)

    def resources(self, environment: Environment, stack_name: str) -> tuple[PhysicalResource, ...]:
        return self._stacks_of(environment).resources(stack_name)

    def tagged(self, environment: Environment, stack_name: str) -> frozenset[str]:
        client = self._sessions.client(environment, "resourcegroupstaggingapi")
        return tagged_arns(client, f"stack {stack_name} in {environment.name}", stack_name)

    def stack_of(self, environment: Environment, arn: str) -> str:
        return stack_of(self._sessions.client(environment, "resourcegroupstaggingapi"), arn)

    def code(self, environment: Environment, function_name: str) -> FunctionCode:
        return functions.code_of_function(self._sessions.client(environment, "lambda"), function_name, "live")

    def find_code(self, environment: Environment, function_name: str, qualifier: str) -> FunctionCode | None:
        return functions.find_code(self._sessions.client(environment, "lambda"), function_name, qualifier)

    def functions_there(self, environment: Environment) -> frozenset[str]:
        return versions.functions_there(self._sessions.client(environment, "lambda"), environment.name)

    def send_code(self, environment: Environment, function_name: str, code: ObjectPlace | bytes, held: Held) -> None:
        functions.send_code(self._sessions.client(environment, "lambda"), function_name, code, held, self._retrying)

    def layer_says(self, environment: Environment, arn: str) -> LayerSays | None:
        return functions.layer_says(self._sessions.client(environment, "lambda"), arn)

    def layer_sha256(self, environment: Environment, arn: str) -> str | None:
        return functions.layer_sha256(self._sessions.client(environment, "lambda"), arn)

    def invoke(self, environment: Environment, function_name: str, alias: str, payload: bytes) -> Invocation:
        client = self._sessions.client(environment, "lambda", once=True)
        return functions.invoke(client, function_name, alias, payload, self._retrying)

    def logs(self, environment: Environment, function_name: str, since: datetime) -> tuple[LogLine, ...]:
        group = group_now(self._sessions.client(environment, "lambda"), function_name)
        return recent_lines(self._sessions.client(environment, "logs"), group, since=since)

    def run_job(self, environment: Environment, job_name: str, arguments: dict[str, str]) -> jobs.JobRun:
        start = self._sessions.client(environment, "glue", once=True).start_job_run
        return jobs.run_job(start, self._sessions.client(environment, "glue"), job_name, arguments)

    def alias(self, environment: Environment, function_name: str, alias: str) -> AliasState | None:
        found = functions.find_alias(self._sessions.client(environment, "lambda"), function_name, alias)
        return None if found is None else AliasState(version=found.version, weights=found.weights)

    def point_alias(
        self, environment: Environment, function_name: str, alias: str, wanted: AliasState, held: Held
    ) -> None:
        client = self._sessions.client(environment, "lambda")
        now = functions.find_alias(client, function_name, alias)
        if now is None:
            functions.create_alias(client, function_name, alias, wanted, held)
            return
        state = functions.Alias(version=wanted.version, weights=wanted.weights, revision_id=now.revision_id)
        functions.set_alias(client, function_name, alias, state, held)

    def alarmed(self, environment: Environment, names: tuple[str, ...]) -> tuple[str, ...]:
        return metrics.alarmed(self._sessions.client(environment, "cloudwatch"), names)

    def counts(self, environment: Environment, function_name: str, version: str, seconds: float) -> Counts:
        client = self._sessions.client(environment, "cloudwatch")
        return metrics.counts(client, function_name, "live", version, seconds)

    def references_missing(
        self, environment: Environment, references: tuple[Reference, ...]
    ) -> tuple[MissingReference, ...]:
        return missing_references(
            lambda service: self._sessions.client(environment, service), environment.name, references
        )

    def protect(self, environment: Environment, stack_name: str, held: Held) -> None:
        client = self._sessions.client(environment, "cloudformation")
        protect(client, stack_name, f"stack {stack_name} in {environment.name}", held, self._retrying)

    def shortage(self, environment: Environment, reserved: Mapping[str, int]) -> Shortage | None:
        return shortage_of(self._sessions.client(environment, "lambda"), environment.name, reserved)

    def quotas(self, environment: Environment, kinds: Collection[QuotaKind]) -> tuple[Usage | Unread, ...]:
        return read_quotas(partial(self._sessions.client, environment), kinds)

    def reserved(self, environment: Environment, function_name: str) -> int | None:
        return reserved_now(self._sessions.client(environment, "lambda"), environment.name, function_name)

    def unreserve(self, environment: Environment, function_name: str, held: Held) -> None:
        functions.unreserve(self._sessions.client(environment, "lambda"), function_name, held, self._retrying)

    def kept_function(self, environment: Environment, function_name: str) -> KeptFunction | None:
        return versions.kept_function(self._sessions.client(environment, "lambda"), function_name)

    def kept_layers(self, environment: Environment, layer_name: str) -> tuple[KeptLayer, ...]:
        return versions.kept_layers(self._sessions.client(environment, "lambda"), layer_name)

    def delete_function_version(self, environment: Environment, function_name: str, number: str, held: Held) -> None:
        versions.delete_function_version(self._sessions.client(environment, "lambda"), function_name, number, held)

    def delete_layer_version(self, environment: Environment, layer_name: str, number: int, held: Held) -> None:
        versions.delete_layer_version(self._sessions.client(environment, "lambda"), layer_name, number, held)

    def _stacks_of(self, environment: Environment) -> Stacks:
        key = (environment.account_id, environment.region)
        with self._lock:
            if key not in self._stacks:
                client = self._sessions.client(environment, "cloudformation")
                self._stacks[key] = Stacks(client, Poller(client), place=environment.name, retrying=self._retrying)
            return self._stacks[key]
