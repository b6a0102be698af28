"""What to know about values that units hand to each other: who reads what, and when a changed value arrives.

A value is a parameter ``/UNIT/ENVIRONMENT/KEY``, which CloudFormation reads when it changes the function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.lent import lent_in
from multi_env_lambda.plan.resources import resources_of

__all__ = ["handed_notes"]

_Resources = Mapping[str, Mapping[str, Any]]
"""Of a template, by logical id."""

_READ = r"\{{\{{resolve:ssm:(/([a-z0-9-]+)/{environment}/([a-z0-9_-]+))\}}\}}"


def handed_notes(before: str | None, text: str | None, environment: str) -> tuple[str, ...]:
    """What a function reads of another unit from now on, and whose value changes; ``before`` is the old template."""
    old, new = resources_of(before), resources_of(text)
    known = set(_read(old, environment))
    reads = (note for note in _read(new, environment) if note not in known)
    return (*reads, *_lent(before, text), *_changed(old, new))


def _lent(before: str | None, text: str | None) -> Iterator[str]:
    now = None if text is None else lent_in(text)
    if now is not None and now != (None if before is None else lent_in(before)):
        yield f"its functions get the layer {now.digest[:12]} of {now.unit}"


def _read(resources: _Resources, environment: str) -> Iterator[str]:
    pattern = re.compile(_READ.format(environment=re.escape(environment)))
    for name, body in sorted(resources.items()):
        if body["Type"] != "AWS::Lambda::Function":
            continue
        variables = body.get("Properties", {}).get("Environment", {}).get("Variables", {})
        for variable, value in sorted(variables.items()) if isinstance(variables, dict) else ():
            found = pattern.fullmatch(value) if isinstance(value, str) else None
            if found is not None:
                yield f"{name} reads `{found[3]}` of {found[2]} into {variable} (the parameter {found[1]})"


def _changed(old: _Resources, new: _Resources) -> Iterator[str]:
    for name, body in sorted(new.items()):
        was = old.get(name, {})
        if body["Type"] == was.get("Type") == "AWS::SSM::Parameter":
            values = [canonical_json(each.get("Properties", {}).get("Value")) for each in (was, body)]
            if values[0] != values[1]:
                called = body.get("Properties", {}).get("Name", name)
                yield f"the value of {called} changes: other units get it with their next deploy that changes them"
