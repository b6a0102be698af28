"""An object store and a platform in memory, which fail on demand; for users' tests as well as ours."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import attrs

from multi_env_lambda.aws.account import Caller, Invocation, StackRequest
from multi_env_lambda.aws.concurrency import Shortage
from multi_env_lambda.aws.drift import ResourceDrift, StackDrift
from multi_env_lambda.aws.jobs import JobRun
from multi_env_lambda.aws.logs import LogLine
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.alias import AliasState, Counts
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.quota import QuotaKind, Unread, Usage
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.model.reference import MissingReference, Reference
from multi_env_lambda.model.versions import FunctionCode, KeptFunction, KeptLayer, KeptVersion, LayerSays, ObjectPlace
from multi_env_lambda.plan.pins import unsent
from multi_env_lambda.testing.memory_stack import (
    MemoryStack,
    alias_state,
    aliases_in,
    aliases_of,
    answered,
    function_in,
    function_names,
    layers_of,
    lost,
    new_layers,
    note_sent,
    reading_of,
    resources_of,
    stacks_of_functions,
    used_of,
    versions_in,
)
from multi_env_lambda.testing.memory_store import MemoryStore

__all__ = ["Killed", "MemoryPlatform", "MemoryStore"]


class Killed(BaseException):
    """The process ended here, as by ``kill -9``: no handler in the code under test may treat it as an error."""


class MemoryPlatform:
    """A ``Platform`` whose stacks are texts and whose functions run the code that their template names.

    Safe for threads. Like the real one, it checks the held lease right before it changes anything.

    Args:
        code: returns the SHA-256 (base64) of the object that a template's ``Code`` names.
        answers: function name -> payload -> response; if missing, ``{"ok": true}``; an exception is its error.
        failing: stack or function name -> why CloudFormation would refuse the one, or Lambda new code for the other.
        logged: function name -> what its log has, for any time.
        missing: (environment, name) of secrets and parameters that do not exist there.
        shortages: environment -> what its account lacks for any reserved concurrency.
        used: (environment, kind) -> how much of a quota is in use; otherwise there is room for everything.
        drifted, unchecked: (environment, stack name) -> what was changed by hand there, or cannot be compared.
        reservations: function name -> what was reserved for it by hand.
        after_write: called after each change with what was done and to what, and may raise ``Killed``.
        layers: (environment, layer name) -> the versions that Lambda keeps of a layer.
        metrics: (function name, version) -> what CloudWatch shows, for any time.
        measured: returns what CloudWatch shows of function, version and seconds, instead of ``metrics``.
        by_hand: function name -> where its alias was moved by hand since CloudFormation wrote it; None: deleted.
        left: function name -> weights that an alias still has if its template has no ``RoutingConfig``.
        said: ARN of a version of somebody else's layer -> what it says about itself.
        tags: stack name -> the ARNs of what a stack with that name created and still exists.
        uploaded: function name -> the SHA-256 (base64) of code that somebody uploaded by hand.
        stale: function name -> versions that respond to the next calls through the alias, instead of the one behind it.
        deleted: the functions that somebody deleted by hand. counted: where all functions were listed.
        listed, runs: where ``find_stacks`` looked and for how many names; the jobs that were started.
    """

    def __init__(self, code: Callable[[str], str], after_write: Callable[[str, str], None] | None = None) -> None:
        self.stacks: dict[tuple[str, str], MemoryStack] = {}
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self.logged: dict[str, list[LogLine]] = {}
        self.failing: dict[str, str] = {}
        self.alarms, self.metrics, self.missing = set[str](), dict[tuple[str, str], Counts](), set[tuple[str, str]]()
        self.measured: Callable[[str, str, float], Counts] | None = None
        self.by_hand: dict[str, AliasState | None] = {}
        self.left: dict[str, tuple[tuple[str, float], ...]] = {}
        self.tags: dict[str, frozenset[str]] = {}
        self.said, self.stale = dict[str, LayerSays](), dict[str, list[str]]()
        self.uploaded: dict[str, str] = {}
        self.drifted: dict[tuple[str, str], tuple[ResourceDrift, ...]] = {}
        self.unchecked: dict[tuple[str, str], tuple[str, ...]] = {}
        self.reservations: dict[str, int] = {}
        self.shortages: dict[str, Shortage] = {}
        self.layers: dict[tuple[str, str], list[KeptLayer]] = {}
        self.versions: dict[tuple[str, str], list[KeptVersion]] = {}
        self.listed, self.runs = list[tuple[str, int]](), list[tuple[str, dict[str, str]]]()
        self.used: dict[tuple[str, QuotaKind], Usage | Unread] = {}
        self._made, self.deleted, self._bytes = 0, set[str](), dict[str, str]()
        self.looked, self.counted, self.verified = list[str](), list[str](), list[str]()
        self.who, self.ends = "arn:aws:iam::111111111111:user/ada", ""
        self.after_write, self._code, self._lock = after_write, code, threading.RLock()

    def caller(self) -> str:
        return self.who

    def writer(self) -> Caller:
        return Caller(arn=self.who, user_id=f"AIDA{hashlib.sha256(self.who.encode()).hexdigest()[:16].upper()}")

    def session_end(self) -> str:
        return self.ends

    def verify(self, environment: Environment) -> None:
        self.verified.append(environment.name)

    def look(self, environment: Environment, stack_name: str) -> StackReading | None:
        self.looked.append(stack_name)
        return self._reading(environment, stack_name)

    def _reading(self, environment: Environment, stack_name: str) -> StackReading | None:
        with self._lock:
            there = self.stacks.get((environment.name, stack_name))
        return None if there is None else reading_of(stack_name, there)

    def find_stacks(self, environment: Environment, names: Collection[str]) -> Mapping[str, StackReading]:
        self.listed.append((environment.name, len(names)))
        found = {name: self._reading(environment, name) for name in names}
        return {name: reading for name, reading in found.items() if reading is not None}

    def functions_there(self, environment: Environment) -> frozenset[str]:
        self.counted.append(environment.name)
        with self._lock:
            return frozenset(stacks_of_functions(self.stacks, environment.name)) - self.deleted

    def stack_of(self, environment: Environment, arn: str) -> str:
        return stacks_of_functions(self.stacks, environment.name).get(arn.rpartition(":")[2], "")

    def put_stack(self, environment: str, stack_name: str, template: str, tags: Mapping[str, str] | None = None) -> str:
        """Create a stack as somebody else, replacing any that exists; returns its id."""
        with self._lock:
            made = MemoryStack(template, dict(tags or {}), 1, self._new_id(environment, stack_name))
            self.stacks[environment, stack_name] = made
            return made.stack_id

    def _new_id(self, environment: str, stack_name: str) -> str:
        """As in CloudFormation, a stack that is created again under its name is a different one."""
        self._made += 1
        return f"arn:{environment}:{stack_name}/{self._made}"

    def deploy(self, environment: Environment, request: StackRequest, held: Held, say: Callable[[str], None]) -> str:
        key = (environment.name, request.name)
        if request.name in self.failing:
            raise StackError(f"stack {request.name}", self.failing[request.name], hint="fix the cause")
        with self._lock:
            there = self.stacks.get(key)
        if there is not None:
            request.check(reading_of(request.name, there))
            if gone := lost(request.name, there.template, request.template):
                request.loses(gone)
        request.ready()
        drifted = bool(self.drifted.pop(key, ())) if request.reverts and there is not None else False
        changed = there is None or drifted or there.template != request.template or there.tags != dict(request.tags)
        # A change set without changes is created, and not executed.
        (held.begin if changed else held.make_sure)()
        with self._lock:
            before = "" if there is None else there.template
            self._write(before, request.template)
            updates = (0 if there is None else there.updates) + changed
            stack_id = self._new_id(*key) if there is None else there.stack_id
            made = MemoryStack(request.template, dict(request.tags), updates, stack_id)
            made.protected, made.parameters = there is not None and there.protected, dict(request.parameters)
            self.stacks[key] = made
            self._publish(environment, before, request.template)
        if changed:
            self._changed("stack", request.name)
        return stack_id

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
        key = (environment.name, stack_name)
        reading = self.look(environment, stack_name)
        if reading is None:
            return
        check(reading)
        held.begin()
        if stack_name in self.failing:
            self.stacks[key] = attrs.evolve(self.stacks[key], status="DELETE_FAILED")
            raise StackError(f"stack {stack_name}", self.failing[stack_name], hint="fix the cause")
        with self._lock:
            for name in function_names(json.loads(self.stacks.pop(key).template)).values():
                self.versions.pop((environment.name, name), None)
                # What was done to a function by hand goes with it.
                for done in (self.uploaded, self.by_hand, self.reservations):
                    done.pop(name, None)
        self._changed("delete stack", stack_name)

    def _write(self, before: str, after: str) -> None:
        """CloudFormation writes an alias whose template has changed, and likewise code."""
        if before:
            for name in set(function_names(json.loads(after)).values()) - set(unsent(after, before)):
                self.uploaded.pop(name, None)
        old, new = (aliases_of(text) for text in (before, after))
        for name in new:
            if old.get(name) != new[name]:
                self.by_hand.pop(name, None)

    def kept_function(self, environment: Environment, function_name: str) -> KeptFunction | None:
        with self._lock:
            kept = list(self.versions.get((environment.name, function_name), ()))
        if not kept:
            return None
        alias = self.alias(environment, function_name, "live")
        aliased = () if alias is None else (alias.version, *(version for version, _ in alias.weights))
        return KeptFunction(name=function_name, versions=tuple(kept), aliased=frozenset(aliased))

    def kept_layers(self, environment: Environment, layer_name: str) -> tuple[KeptLayer, ...]:
        with self._lock:
            return tuple(self.layers.get((environment.name, layer_name), ()))

    def delete_function_version(self, environment: Environment, function_name: str, number: str, held: Held) -> None:
        held.make_sure()
        with self._lock:
            kept = self.versions.get((environment.name, function_name), [])
            kept[:] = [version for version in kept if version.number != number]
        self._changed("delete function version", f"{function_name}:{number}")

    def delete_layer_version(self, environment: Environment, layer_name: str, number: int, held: Held) -> None:
        held.make_sure()
        with self._lock:
            kept = self.layers.get((environment.name, layer_name), [])
            kept[:] = [layer for layer in kept if layer.number != number]
        self._changed("delete layer version", f"{layer_name}:{number}")

    def _changed(self, kind: str, name: str) -> None:
        if self.after_write is not None:
            self.after_write(kind, name)

    def _publish(self, environment: Environment, before: str, template: str) -> None:
        """The new versions of functions and layers."""
        for name, key, number in versions_in(json.loads(template)):
            kept = self.versions.setdefault((environment.name, name), [])
            if number not in {version.number for version in kept}:
                kept.append(KeptVersion(number=number, code_sha256=self.uploaded.get(name, self._code(key))))
        for layer, key in new_layers(environment.name, before, template, self.layers):
            self.layers.setdefault((environment.name, layer.name), []).insert(0, layer)
            self._bytes[layer.arn] = self._code(key)

    def run_job(self, environment: Environment, job_name: str, arguments: dict[str, str]) -> JobRun:
        self.runs.append((job_name, arguments))
        return JobRun(identifier="jr_1", state="SUCCEEDED", error=None)

    def alias(self, environment: Environment, function_name: str, alias: str) -> AliasState | None:
        found = self._alias(environment, function_name)
        if found is None or function_name in self.deleted:
            return None
        if function_name in self.by_hand:
            return self.by_hand[function_name]
        return alias_state(found, self.left.get(function_name, ()))

    def point_alias(
        self, environment: Environment, function_name: str, alias: str, wanted: AliasState, held: Held
    ) -> None:
        held.begin()
        self.by_hand[function_name] = wanted
        self._changed("alias", function_name)

    def alarmed(self, environment: Environment, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self.alarms)

    def counts(self, environment: Environment, function_name: str, version: str, seconds: float) -> Counts:
        if self.measured is not None:
            return self.measured(function_name, version, seconds)
        return self.metrics.get((function_name, version), Counts(invocations=0, errors=0))

    def _resources(self, environment: Environment, function_name: str) -> list[dict[str, Any]]:
        """For each stack that names the function. Other threads keep deploying."""
        with self._lock:
            here = [stack.template for (place, _), stack in self.stacks.items() if place == environment.name]
        return [json.loads(template)["Resources"] for template in here if f'"{function_name}"' in template]

    def _alias(self, environment: Environment, function_name: str) -> dict[str, Any] | None:
        found = (aliases_in(resources).get(function_name) for resources in self._resources(environment, function_name))
        return next((alias for alias in found if alias is not None), None)

    def outputs(self, environment: Environment, stack_name: str) -> Mapping[str, str]:
        return {}

    def drift(self, environment: Environment, stack_name: str) -> StackDrift:
        key = (environment.name, stack_name)
        if key not in self.stacks:
            raise StackError(f"stack {stack_name}", "there is no such stack", hint="deploy it")
        found, unchecked = self.drifted.get(key, ()), self.unchecked.get(key, ())
        return StackDrift(status="DRIFTED" if found else "IN_SYNC", resources=found, unchecked=unchecked)

    def protect(self, environment: Environment, stack_name: str, held: Held) -> None:
        held.make_sure()
        with self._lock:
            there = self.stacks[environment.name, stack_name]
            self.stacks[environment.name, stack_name] = attrs.evolve(there, protected=True)
        self._changed("protection", stack_name)

    def shortage(self, environment: Environment, reserved: Mapping[str, int]) -> Shortage | None:
        return self.shortages.get(environment.name)

    def quotas(self, environment: Environment, kinds: Collection[QuotaKind]) -> tuple[Usage | Unread, ...]:
        return used_of(self.used, environment.name, kinds)

    def references_missing(
        self, environment: Environment, references: tuple[Reference, ...]
    ) -> tuple[MissingReference, ...]:
        return tuple(
            MissingReference(reference=item, what=f"there is no such {item.kind}", hint="create it")
            for item in references
            if (environment.name, item.name) in self.missing
        )

    def resources(self, environment: Environment, stack_name: str) -> tuple[PhysicalResource, ...]:
        return resources_of(self.stacks, environment.name, stack_name)

    def tagged(self, environment: Environment, stack_name: str) -> frozenset[str]:
        return self.tags.get(stack_name, frozenset())

    def template(self, environment: Environment, stack_name: str, *, processed: bool = False) -> str:
        there = self.stacks.get((environment.name, stack_name))
        if there is None:
            raise StackError(f"stack {stack_name}", "there is no such stack", hint="deploy it")
        return there.template

    def code(self, environment: Environment, function_name: str) -> FunctionCode:
        return self._runs(environment, function_name, "live")

    def find_code(self, environment: Environment, function_name: str, qualifier: str) -> FunctionCode | None:
        with suppress(StackError):
            return self._runs(environment, function_name, qualifier)
        return None

    def send_code(self, environment: Environment, function_name: str, code: ObjectPlace | bytes, held: Held) -> None:
        held.make_sure()
        if function_name in self.failing:
            raise StackError(function_name, self.failing[function_name], hint="fix the cause")
        note_sent(self.uploaded, function_name, code)
        self._changed("code", function_name)

    def _runs(self, environment: Environment, function_name: str, qualifier: str) -> FunctionCode:
        sent = self._code(self._function(environment, function_name)["Code"]["S3Key"])
        version = self._version_behind(environment, function_name, qualifier)
        kept = {item.number: item.code_sha256 for item in self.versions.get((environment.name, function_name), ())}
        code = self.uploaded.get(function_name, sent) if version == "$LATEST" else kept.get(version, sent)
        layers = layers_of(self.stacks, environment.name, function_name)
        return FunctionCode(code_sha256=code, version=version, layers=layers)

    def layer_sha256(self, environment: Environment, arn: str) -> str | None:
        return self._bytes.get(arn)

    def layer_says(self, environment: Environment, arn: str) -> LayerSays | None:
        return self.said.get(arn)

    def reserved(self, environment: Environment, function_name: str) -> int | None:
        return self.reservations.get(function_name)

    def unreserve(self, environment: Environment, function_name: str, held: Held) -> None:
        held.make_sure()
        self.reservations.pop(function_name, None)
        self._changed("reservation", function_name)

    def invoke(self, environment: Environment, function_name: str, alias: str, payload: bytes) -> Invocation:
        self._function(environment, function_name)
        answer: Callable[[Any], Any] = self.answers.get(function_name, lambda _: {"ok": True})
        version = (self.stale.get(function_name) or [self._version_behind(environment, function_name, alias)]).pop(0)
        return answered(answer, payload, version)

    def logs(self, environment: Environment, function_name: str, since: datetime) -> tuple[LogLine, ...]:
        return tuple(self.logged.get(function_name, ()))

    def _version_behind(self, environment: Environment, function_name: str, qualifier: str) -> str:
        alias = self.alias(environment, function_name, "live") if qualifier == "live" else None
        return qualifier if alias is None else alias.version

    def _function(self, environment: Environment, name: str) -> dict[str, Any]:
        for resources in self._resources(environment, name) if name not in self.deleted else ():
            if found := function_in(resources, name):
                return found
        raise StackError(name, "there is no such function", hint="deploy it")
