"""The one place that knows cottonformation: a template's document → ``extend`` → the document with what it added.

cottonformation takes 0.7 s to import, so nothing here runs for a unit that has no ``stack.py``.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attr

from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, ToolError
from multi_env_lambda.plan.template.context import Context
from multi_env_lambda.plan.template.parts import Json

if TYPE_CHECKING:
    from cottonformation import Template

__all__ = ["extended", "import_cottonformation", "plain"]

_MODULES = {"Lambda": "awslambda"}
_ATTRIBUTES = ("DeletionPolicy", "DependsOn", "UpdateReplacePolicy")


def extended(document: Json, extend: Callable[[Template, Context], None], context: Context) -> Json:
    """Call a unit's ``extend`` with all of the unit's resources as cottonformation objects.

    Raises:
        ConfigurationError: whatever went wrong in ``extend``, with the name of its file.
    """
    cf = import_cottonformation()
    template, unknown = _to_template(cf, document)
    try:
        extend(template, context)
        found: Json = template.to_dict()
    except MultiEnvLambdaError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            context.where,
            f"extend() failed for {context.environment.name} with {type(error).__name__}: {error}",
            hint="each name may be added once; mind the types of properties (p_…), which cottonformation checks",
        ) from error
    # The version of cottonformation is no reason for a deploy.
    found.get("Metadata", {}).pop("cottonformation", None)
    for key in ("Metadata", "Resources", "Outputs"):
        if not found.get(key, True):
            found.pop(key)
    for name, properties in unknown.items():
        if name in found.get("Resources", {}):
            found["Resources"][name].setdefault("Properties", {}).update(properties)
    return found


def plain(value: Any) -> Any:
    """References made with cottonformation (``bucket.rv_Arn``, ``cf.Sub(…)``) in CloudFormation's own words."""
    from cottonformation.core.model import serialize

    return serialize(value)


def import_cottonformation() -> Any:
    """Import it without a word; whoever loads a ``stack.py`` calls this first, since that file imports it too.

    The first call must be alone: two threads in here at once would leave stdout redirected for good.
    """
    # It prints to stdout when one of its own dependencies is too new for it; what we use of it works all the same.
    # Python 3.12 and newer warn about its string literals.
    if hasattr(there := sys.modules.get("cottonformation"), "Template"):
        return there
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cf = importlib.import_module("cottonformation")
    if not hasattr(cf, "Template"):
        raise ToolError(
            "cottonformation", "it was imported only in part", hint="install cottonformation 1.1.2 and its dependencies"
        )
    return cf


def _to_template(cf: Any, document: Json) -> tuple[Any, dict[str, Json]]:
    """The same document as a cottonformation template, and the properties that cottonformation does not know."""
    template = cf.Template(Description=document["Description"])
    unknown: dict[str, Json] = {}
    for name, body in copy.deepcopy(document["Resources"]).items():
        resource, rest = _to_resource(name, body)
        template.add_one(resource)
        if rest:
            unknown[name] = rest
    for name, output in document["Outputs"].items():
        template.add_one(cf.Output(name, Value=output["Value"]))
    return template, unknown


def _to_resource(name: str, body: Json) -> tuple[Any, Json]:
    kind = _class_of(body["Type"])
    attributes = {f"ra_{key}": body[key] for key in _ATTRIBUTES if key in body}
    # Properties are set afterwards: the constructor takes nested ones under cottonformation's own names only.
    with attr.validators.disabled():
        resource = kind(id=name, **attributes)
    rest: Json = {}
    for key, value in body.get("Properties", {}).items():
        field = next((f"{prefix}{key}" for prefix in ("p_", "rp_") if hasattr(resource, f"{prefix}{key}")), None)
        if field is None:
            rest[key] = value
        else:
            setattr(resource, field, value)
    return resource, rest


def _class_of(type_: str) -> Any:
    _, service, _ = type_.split("::")
    module = importlib.import_module(f"cottonformation.res.{_MODULES.get(service, service.lower())}")
    return next(
        found
        for found in vars(module).values()
        if isinstance(found, type) and getattr(found, "AWS_OBJECT_TYPE", None) == type_
    )
