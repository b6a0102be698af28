"""Links to the AWS console for the parts of a unit.

Source of the shapes: the console itself; AWS documents only the switch-role link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.outputs import OutputKind
    from multi_env_lambda.model.project import Project

__all__ = ["resource_link", "unit_links"]


def unit_links(project: Project, environment: Environment) -> tuple[tuple[str, str], ...]:
    """(label, link) of everything worth looking at; the role must be switched first."""
    base, query = _console(environment)
    stack = project.stack_name(environment.name)
    settings = project.settings[environment.name]
    links = [("switch role", environment.switch_role_url)] if environment.switch_role_url else []
    links += [
        ("stack", f"{base}/cloudformation/home?{query}#/stacks?filteringText={quote(stack)}"),
    ]
    for function in settings.functions:
        name = project.function_name(environment.name, function.key)
        # The console escapes twice, with $25 for %.
        group = quote(quote(f"/aws/lambda/{name}", safe="")).replace("%", "$")
        links.append((f"function {function.key}", _page("function", name, environment)))
        links.append((f"log of {function.key}", f"{base}/cloudwatch/home?{query}#logsV2:log-groups/log-group/{group}"))
    for job in settings.jobs:
        name = project.job_name(environment.name, job.key)
        links.append((f"job {job.key}", _page("job", name, environment)))
    return tuple(links)


_PAGES: Mapping[OutputKind, str] = {
    "function": "lambda/home?{query}#/functions/{name}?tab=monitoring",
    "job": "gluestudio/home?{query}#/editor/job/{name}/details",
    "queue": "sqs/v3/home?{query}#/queues/{url}",
    "bucket": "s3/buckets/{name}?{query}",
    "table": "dynamodbv2/home?{query}#table?name={name}",
    "topic": "sns/v3/home?{query}#/topic/{arn}",
    "stream": "kinesis/home?{query}#/streams/details/{name}/monitoring",
    "state machine": "states/home?{query}#/statemachines/view/{arn}",
    "security group": "ec2/home?{query}#SecurityGroup:groupId={name}",
    "API": "apigateway/main/apis/{name}/resources?api={name}&{query}",
}


def resource_link(kind: OutputKind, name: str, environment: Environment, *, url: str = "", arn: str = "") -> str | None:
    """Where the console shows one thing; None if it has no page of its own.

    ``url`` is that of a queue, ``arn`` that of a topic or state machine: their pages are named by it.
    """
    return _page(kind, name, environment, url, arn) if kind in _PAGES else None


def _page(kind: OutputKind, name: str, environment: Environment, url: str = "", arn: str = "") -> str:
    base, query = _console(environment)
    page = _PAGES[kind].format(query=query, name=quote(name), url=quote(url, safe=""), arn=quote(arn, safe=":"))
    return f"{base}/{page}"


def _console(environment: Environment) -> tuple[str, str]:
    return f"https://{environment.region}.console.aws.amazon.com", f"region={environment.region}"
