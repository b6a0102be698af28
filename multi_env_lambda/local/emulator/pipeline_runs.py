"""Executions of a pipeline: stage by stage, with real builds, functions and people.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html (stages are locked; a
waiting execution is superseded by a newer one) and
https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html
"""

from __future__ import annotations

import contextvars
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from .pipeline_rules import VARIABLE

__all__ = ["ActionFailed", "Executions"]

Carry = Callable[["Run", dict[str, Any], dict[str, Any], dict[str, str]], dict[str, str]]
"""Does one action: its run, what is said of it, its definition, and its configuration with variables replaced; gives
the variables that it leaves. It raises ``ActionFailed``."""

_WAIT_SECONDS = 0.2


class ActionFailed(Exception):
    """Why an action has failed."""


class Run:
    """One execution, with what is known of its actions."""

    def __init__(self, pipeline: dict[str, Any], identity: str, trigger: Mapping[str, str], now: float) -> None:
        self.pipeline, self.id = pipeline, identity
        self.trigger, self.started = dict(trigger), now
        self.status = "InProgress"
        self.variables: dict[str, dict[str, str]] = {"codepipeline": {"PipelineExecutionId": identity}}
        self.stages: dict[str, str] = {}
        self.actions: list[dict[str, Any]] = []
        self.source: dict[str, str] = {}
        self.stopping = False

    def resolved(self, text: str) -> str:
        """The text with the values of its variables.

        Raises:
            ActionFailed: nobody has left one of them.
        """

        def value(found: re.Match[str]) -> str:
            space, name = found.groups()
            if name not in self.variables.get(space, {}):
                raise ActionFailed(f"The variable {found[0]} could not be resolved")
            return self.variables[space][name]

        return VARIABLE.sub(value, text)


class Executions:
    """All executions of all pipelines. ``now`` is in seconds since 1970."""

    def __init__(self, now: Callable[[], float], carry: Carry) -> None:
        self._now, self._carry = now, carry
        self.turn = threading.Condition()
        self.runs: dict[tuple[str, str], list[Run]] = {}
        self._inside: dict[tuple[str, str, str], Run] = {}

    def start(self, place: tuple[str, str], pipeline: dict[str, Any], trigger: Mapping[str, str]) -> Run:
        """Start one, in the context of this request."""
        run = Run(pipeline, str(uuid.uuid4()), trigger, self._now())
        with self.turn:
            self.runs.setdefault(place, []).append(run)
        self._set_out(place, run, 0, frozenset())
        return run

    def stop(self, run: Run, *, abandon: bool) -> None:
        """Go no further; ``abandon``: nor wait for the actions that run, which go on unseen, as builds do."""
        with self.turn:
            run.stopping, run.status = True, "Stopping"
            for said in run.actions if abandon else ():
                if said["status"] == "InProgress":
                    said |= {"status": "Abandoned", "lastUpdateTime": self._now()}
            self.turn.notify_all()

    def retry(self, place: tuple[str, str], run: Run, stage: str, *, all_actions: bool) -> None:
        """Do the actions of a stage again that have failed, or all of them, and go on from there."""
        names = [one["name"] for one in run.pipeline["stages"]]
        last = {said["actionName"]: said["status"] for said in run.actions if said["stageName"] == stage}
        done = frozenset(name for name, status in last.items() if status == "Succeeded" and not all_actions)
        run.stopping, run.status = False, "InProgress"
        self._set_out(place, run, names.index(stage), done)

    def is_last_in(self, place: tuple[str, str], run: Run, stage: str) -> bool:
        """Whether none that began later has been in the stage."""
        runs = self.runs[place]
        return not any(stage in one.stages for one in runs[runs.index(run) + 1 :])

    def _set_out(self, place: tuple[str, str], run: Run, first: int, done: frozenset[str]) -> None:
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._walk, place, run, first, done), daemon=True).start()

    def _walk(self, place: tuple[str, str], run: Run, first: int, done: frozenset[str]) -> None:
        """From the stage ``first`` on; ``done``: its actions that are not done again."""
        try:
            for stage in run.pipeline["stages"][first:]:
                if not self._enter(place, stage["name"], run):
                    run.status = "Stopped" if run.stopping else "Superseded"
                    return
                try:
                    self._through(run, stage, done)
                finally:
                    self._leave(place, stage["name"])
                done = frozenset()
                if run.stages[stage["name"]] in ("Failed", "Stopped"):
                    run.status = run.stages[stage["name"]]
                    return
            run.status = "Succeeded"
        except Exception as error:  # noqa: BLE001 -- the thread's last chance to say why
            run.status = "Failed"
            print(f"pipeline {run.pipeline['name']}: {error!r}", flush=True)

    def _enter(self, place: tuple[str, str], stage: str, run: Run) -> bool:
        """Wait for the stage; False: it is stopped, or a newer execution waits for it, too, and goes first."""
        mode = run.pipeline.get("executionMode", "SUPERSEDED")
        if run.stopping:
            return False
        run.stages[stage] = "InProgress"
        if mode == "PARALLEL":
            return True
        with self.turn:
            while (holder := self._inside.get((*place, stage))) is not None or self._earlier(place, stage, run, mode):
                if run.stopping or (mode == "SUPERSEDED" and holder is not None and self._newer(place, stage, run)):
                    return False
                self.turn.wait(_WAIT_SECONDS)
            self._inside[(*place, stage)] = run
        return True

    def _newer(self, place: tuple[str, str], stage: str, run: Run) -> bool:
        """Whether one that began later waits for the same stage."""
        runs = self.runs[place]
        return any(one.status == "InProgress" and stage in one.stages for one in runs[runs.index(run) + 1 :])

    def _earlier(self, place: tuple[str, str], stage: str, run: Run, mode: str) -> bool:
        """Whether one that began earlier is still before the stage, which a queue lets in first."""
        runs = self.runs[place]
        before = runs[: runs.index(run)]
        return mode == "QUEUED" and any(
            one.status == "InProgress" and one.stages.get(stage, "InProgress") == "InProgress" for one in before
        )

    def _leave(self, place: tuple[str, str], stage: str) -> None:
        with self.turn:
            self._inside.pop((*place, stage), None)
            self.turn.notify_all()

    def _through(self, run: Run, stage: dict[str, Any], done: frozenset[str]) -> None:
        name = stage["name"]
        try:
            if (result := _refused(run, stage)) is not None:
                run.stages[name] = {"SKIP": "Skipped", "FAIL": "Failed"}[result]
                return
        except ActionFailed:
            run.stages[name] = "Failed"
            return
        left = [action for action in stage["actions"] if action["name"] not in done]
        for order in sorted({int(action.get("runOrder", 1)) for action in left}):
            group = [action for action in left if int(action.get("runOrder", 1)) == order]
            told = [self._begin(run, name, action) for action in group]
            threads = [
                threading.Thread(target=contextvars.copy_context().run, args=(self._one, run, said, action))
                for said, action in zip(told, group, strict=True)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if run.stopping or any(said["status"] != "Succeeded" for said in told):
                run.stages[name] = "Stopped" if run.stopping else "Failed"
                return
        run.stages[name] = "Succeeded"

    def _begin(self, run: Run, stage: str, action: dict[str, Any]) -> dict[str, Any]:
        said = {
            "pipelineExecutionId": run.id,
            "actionExecutionId": str(uuid.uuid4()),
            "pipelineVersion": run.pipeline["version"],
            "stageName": stage,
            "actionName": action["name"],
            "startTime": self._now(),
            "lastUpdateTime": self._now(),
            "status": "InProgress",
            "input": {
                "actionTypeId": action["actionTypeId"],
                "configuration": dict(action.get("configuration") or {}),
                "inputArtifacts": list(action.get("inputArtifacts") or []),
            },
            "output": {"outputVariables": {}, "executionResult": {}},
        }
        if action.get("namespace"):
            said["input"]["namespace"] = action["namespace"]
        with self.turn:
            run.actions.append(said)
        return said

    def _one(self, run: Run, said: dict[str, Any], action: dict[str, Any]) -> None:
        try:
            given = {key: run.resolved(text) for key, text in said["input"]["configuration"].items()}
            said["input"]["resolvedConfiguration"] = given
            left = self._carry(run, said, action, given)
            said["output"]["outputVariables"] = left
            if action.get("namespace"):
                run.variables[action["namespace"]] = left
            self.settle(said, "Succeeded", "")
        except ActionFailed as error:
            self.settle(said, "Failed", str(error))
        except Exception as error:  # noqa: BLE001 -- the thread's last chance to say why
            self.settle(said, "Failed", f"InternalError: {error!r}")

    def settle(self, said: dict[str, Any], status: str, why: str) -> None:
        """How an action ended; what is said of one that a person or a function has ended stays."""
        with self.turn:
            if said["status"] == "InProgress":
                said |= {"status": status, "lastUpdateTime": self._now()}
            if why:
                said["output"]["executionResult"].setdefault("externalExecutionSummary", why)
            self.turn.notify_all()


def _refused(run: Run, stage: Mapping[str, Any]) -> str | None:
    """The result of a condition that is not met."""
    for condition in (stage.get("beforeEntry") or {}).get("conditions", ()):
        if not all(_holds(run, rule["configuration"]) for rule in condition["rules"]):
            return str(condition["result"])
    return None


def _holds(run: Run, said: Mapping[str, str]) -> bool:
    found, value = run.resolved(said["Variable"]), run.resolved(said["Value"])
    match said["Operator"]:
        case "EQ":
            return found == value
        case "NE":
            return found != value
        case "CONTAINS":
            return value in found
        case _:
            return re.search(value, found) is not None


def event_of(job: str, configuration: Mapping[str, str], account: str) -> dict[str, Any]:
    """What a function is called with."""
    data = {
        "actionConfiguration": {"configuration": dict(configuration)},
        "inputArtifacts": [],
        "outputArtifacts": [],
        "artifactCredentials": {},
    }
    return json.loads(json.dumps({"CodePipeline.job": {"id": job, "accountId": account, "data": data}}))  # type: ignore[no-any-return]
