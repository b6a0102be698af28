"""Glue runs a job only once at a time, unless the job allows more concurrent runs.

Reason: ministack ignores the job's setting, and starts any number of runs.
Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html (ExecutionProperty: "The default is 1. An
error is returned when this threshold is reached.")
Text: https://github.com/aws-samples (of a client of StartJobRun: "Concurrent runs exceeded for" and the job's name)
"""

from __future__ import annotations

from typing import Any

from .names import load, original

__all__ = ["patch"]

_PROPERTY = "ExecutionProperty"
_OVER = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})


def patch() -> None:
    """Count a job's runs before another one is started."""
    glue = load("ministack.services.glue")
    make, change = original(glue, "_create_job"), original(glue, "_update_job")
    start, respond = original(glue, "_start_job_run"), original(glue, "error_response_json")
    jobs, runs = original(glue, "_jobs"), original(glue, "_job_runs")

    def keep(name: str, said: dict[str, Any], answer: Any) -> Any:
        if answer[0] == 200 and name in jobs:
            jobs[name][_PROPERTY] = {"MaxConcurrentRuns": 1, **(said.get(_PROPERTY) or {})}
        return answer

    def created(data: dict[str, Any]) -> Any:
        return keep(data.get("Name", ""), data, make(data))

    def updated(data: dict[str, Any]) -> Any:
        return keep(data.get("JobName", ""), data.get("JobUpdate", {}), change(data))

    def started(data: dict[str, Any]) -> Any:
        name = data.get("JobName", "")
        allowed = int(jobs.get(name, {}).get(_PROPERTY, {}).get("MaxConcurrentRuns", 1))
        running = [run for run in runs.get(name, ()) if run["JobRunState"] not in _OVER]
        if name in jobs and len(running) >= allowed:
            return respond("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}", 400)
        return start(data)

    glue._create_job, glue._update_job, glue._start_job_run = created, updated, started
    _patch_resource()


def _patch_resource() -> None:
    provisioners = load("ministack.services.cloudformation.provisioners")
    fields = original(provisioners, "_glue_job_fields")
    provisioners._glue_job_fields = lambda properties: {
        **fields(properties),
        **({_PROPERTY: properties[_PROPERTY]} if _PROPERTY in properties else {}),
    }
