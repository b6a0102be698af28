"""Links to the AWS console for the parts of a unit.

Source of the shapes: the console itself; AWS documents only the switch-role link.
"""

from __future__ import annotations

from urllib.parse import quote

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project

__all__ = ["unit_links"]


def unit_links(project: Project, environment: Environment) -> tuple[tuple[str, str], ...]:
    """(label, link) of everything worth looking at; the role must be switched first."""
    base = f"https://{environment.region}.console.aws.amazon.com"
    query = f"region={environment.region}"
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
        links.append(
            (f"function {function.key}", f"{base}/lambda/home?{query}#/functions/{quote(name)}?tab=monitoring")
        )
        links.append((f"log of {function.key}", f"{base}/cloudwatch/home?{query}#logsV2:log-groups/log-group/{group}"))
    for job in settings.jobs:
        name = quote(project.job_name(environment.name, job.key))
        links.append((f"job {job.key}", f"{base}/gluestudio/home?{query}#/editor/job/{name}/details"))
    return tuple(links)
