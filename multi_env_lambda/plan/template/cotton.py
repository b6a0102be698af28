"""The one module that knows cottonformation: a template's document ↔ the same as a typed ``Template``.

Nothing here runs for a unit without a ``stack.py`` unless somebody asks for its template.
"""

from __future__ import annotations

import ast
import copy
import importlib
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.util import find_spec, module_from_spec
from keyword import iskeyword
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attr

from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.said import said_by
from multi_env_lambda.plan.template.context import Context
from multi_env_lambda.plan.template.parts import Json

if TYPE_CHECKING:
    from cottonformation import Template

__all__ = ["document_of", "extended", "import_cottonformation", "made_of", "plain", "typed"]

_MODULES = {"Lambda": "awslambda"}
_NEWER = {"AWS::Lambda::Permission": ("InvokedViaFunctionUrl",)}
"""Properties of types that are newer than the release of cottonformation that is used."""
_LIGHT = frozenset({"_version", "core.config", "core.constant", "core.model", "core.template"})
"""What every template needs. The rest of cottonformation is for deploying, and imports boto3."""


def extended(document: Json, extend: Callable[[Template, Context], None], context: Context) -> Json:
    """Call a unit's ``extend`` with all of the unit's resources as cottonformation objects.

    Raises:
        ConfigurationError: whatever went wrong in ``extend``, with the name of its file.
    """
    template = typed(document)
    try:
        extend(template, context)
        return document_of(template)
    except MultiEnvLambdaError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            context.where,
            f"extend() failed for {context.environment.name} with {type(error).__name__}: {said_by(error)}",
            hint="add each name once, and check the types of properties (p_…), which cottonformation enforces",
        ) from error


def typed(document: Json) -> Template:
    """A template's document as a cottonformation ``Template``, to read, to change and to export.

    Nothing is lost in it: resources have cottonformation's types with an extra field for each property that those do
    not know (``p_LoggingConfig``), and a type that it does not know is a ``Resource`` with all its properties as such
    fields. Conditions, mappings and rules, which cottonformation cannot read, are in ``body`` as they are.
    """
    cf = import_cottonformation()
    said = copy.deepcopy(document)
    kind = _with_fields(cf.Template, {name: name for name in said})
    template = kind(AWSTemplateFormatVersion=None, Description=None)
    # A new version of cottonformation is no reason for a deploy.
    template._system_pre_serialize_hook = _nothing
    for name, body in said.pop("Resources", {}).items():
        template.add_one(_resource(name, body))
    for section, kind in (("Parameters", cf.Parameter), ("Outputs", cf.Output)):
        for name, body in said.pop(section, {}).items():
            template.add_one(_filled(kind, name, {key: (key, value) for key, value in body.items()}, body))
    for section, kind in (("Conditions", cf.Condition), ("Mappings", cf.Mapping), ("Rules", cf.Rule)):
        for name, body in said.pop(section, {}).items():
            template.add_one(_in_words(kind)(id=name, DependsOn=[], body=body))
    for section, content in said.items():
        setattr(template, section, content)
    return template


def made_of(description: str, resources: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Json:
    """The document of a template of cottonformation's own types: by logical id, the type and its properties.

    A property that the type does not have, or that has another type there, is an error of the caller; but for those
    that are newer than cottonformation.
    """
    cf = import_cottonformation()
    template = cf.Template(Description=description)
    template._system_pre_serialize_hook = _nothing
    for name, (type_, properties) in resources.items():
        kind = _with_newer(_class_of(type_), type_)
        template.add_one(kind(name, **_own_names(kind, properties)))
    return document_of(template)


@cache
def _with_newer(kind: Any, type_: str) -> Any:
    fields = {f"p_{word}": word for word in _NEWER.get(type_, ())}
    return _with_fields(kind, fields, _attr_name_to_cf_name=None, _cf_name_to_attr_name=None) if fields else kind


def _own_names(kind: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties under cottonformation's names for them, as deep as it has types of its own."""
    known = attr.fields_dict(kind)
    found = {}
    for key, value in properties.items():
        name = f"rp_{key}" if f"rp_{key}" in known else f"p_{key}"
        inner = getattr(getattr(known.get(name), "converter", None), "__self__", None)
        if inner is not None and isinstance(value, list):
            value = [_own_names(inner, item) for item in value]
        elif inner is not None:
            value = _own_names(inner, value)
        found[name] = value
    return found


def document_of(template: Template) -> Json:
    """The inverse of ``typed``: what was not changed comes out exactly as it went in."""
    found: Json = template.to_dict()
    return found


def plain(value: Any) -> Any:
    """References made with cottonformation (``bucket.rv_Arn``, ``cf.Sub(…)``) in CloudFormation's own syntax."""
    from cottonformation.core.model import serialize

    return serialize(value)


def import_cottonformation() -> Any:
    """cottonformation without its code for deploying. A ``stack.py`` imports it, too: call this before loading one.

    It is the package itself, with an ``__init__`` that waits until it is needed. Until then each name comes from the
    module from which ``__init__`` would import it. A full import from before stays. The first call must not run
    concurrently.
    """
    if "cottonformation" not in sys.modules and (spec := find_spec("cottonformation")) is not None:
        package = module_from_spec(spec)
        homes = _homes(spec.loader.get_source(spec.name))  # type: ignore[union-attr]
        vars(package)["__getattr__"] = partial(_attribute, package, homes)
        vars(package)["__dir__"] = lambda: sorted({*vars(package), *homes})
        sys.modules.setdefault(spec.name, package)
        # Literals that Python warns about are compiled here if no bytecode is kept.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("cottonformation.core.regex")
    return importlib.import_module("cottonformation")


def _homes(source: str) -> dict[str, str]:
    """Name -> the module of the package from which its ``__init__`` imports it."""
    statements = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name: node.module or "" for node in statements for alias in node.names}


def _attribute(package: Any, homes: Mapping[str, str], name: str) -> Any:
    if (home := homes.get(name)) in _LIGHT:
        return getattr(importlib.import_module(f"{package.__name__}.{home}"), name)
    package.__spec__.loader.exec_module(package)
    for stand_in in ("__getattr__", "__dir__"):
        vars(package).pop(stand_in, None)
    return getattr(package, name)


def _resource(name: str, body: Json) -> Any:
    kind = _class_of(body["Type"])
    known = attr.fields_dict(kind)
    values = {_field("ra_", key): (key, value) for key, value in body.items() if key not in ("Type", "Properties")}
    for key, value in body.get("Properties", {}).items():
        values[f"rp_{key}" if f"rp_{key}" in known else _field("p_", key)] = (key, value)
    if not isinstance(body.get("DependsOn", []), list):
        values["ra_DependsOn"] = ("DependsOn", [body["DependsOn"]])
    return _filled(kind, name, values, body)


def _field(prefix: str, key: str) -> str:
    """A property's field. Those of custom resources may have any name; a field needs a Python identifier."""
    return prefix + re.sub(r"[^A-Za-z0-9_]", lambda found: f"_{ord(found[0]):x}_", key)


def _filled(kind: Any, name: str, values: Mapping[str, tuple[str, Any]], said: Json) -> Any:
    """An object of ``kind``: field -> CloudFormation's name for it, and the value.

    Its constructor would accept nested properties only under cottonformation's own names.
    """
    unknown = tuple((field, word) for field, (word, _) in values.items() if field not in attr.fields_dict(kind))
    grown = _keeping(kind, unknown)
    made = grown.__new__(grown)
    for field in attr.fields(grown):
        fresh = field.default.factory() if isinstance(field.default, attr.Factory) else field.default  # type: ignore[arg-type]
        setattr(made, field.name, values.get(field.name, ("", fresh))[1])
    made.id = name
    made._said, made._as_made = copy.deepcopy(said), repr(kind.serialize(made))
    return made


@cache
def _keeping(kind: Any, unknown: tuple[tuple[str, str], ...]) -> Any:
    """``kind`` with unknown fields, which renders exactly as the document did until something in it is changed.

    There are several ways to write the same (``DependsOn`` as a text, no ``Properties``); cottonformation knows one.
    """

    def serialize(self: Any) -> Any:
        found = kind.serialize(self)
        return copy.deepcopy(self._said) if repr(found) == getattr(self, "_as_made", None) else found

    # Filled at first use, and then inherited without the fields that are new here.
    fresh = {"_attr_name_to_cf_name": None, "_cf_name_to_attr_name": None}
    return _with_fields(kind, dict(unknown), serialize=serialize, **fresh)


@cache
def _in_words(kind: Any) -> Any:
    def serialize(self: Any) -> Any:
        return copy.deepcopy(self.body)

    return _with_fields(kind, {"id": "", "DependsOn": "", "body": ""}, serialize=serialize)


def _with_fields(kind: Any, fields: Mapping[str, str], **body: Any) -> Any:
    """A class like ``kind`` with more fields (and CloudFormation's names for them); existing fields stay as they are.

    Its constructor is generated as source from their names, which come from a template and are therefore untrusted.

    Raises:
        ConfigurationError: a name is not a Python identifier.
    """
    for name in fields:
        if not name.isidentifier() or iskeyword(name):
            what = f"{name!r} is not a valid property name"
            raise ConfigurationError("the template", what, hint="correct it in the unit's stack.py")
    added = {
        name: attr.ib(default=None, metadata={"p_name": word})
        for name, word in fields.items()
        if name not in attr.fields_dict(kind)
    }
    return attr.make_class(kind.__name__, added, bases=(kind,), class_body=body)


@cache
def _class_of(type_: str) -> Any:
    service = type_.split("::")[1] if type_.count("::") == 2 else ""
    try:
        module = importlib.import_module(f"cottonformation.res.{_MODULES.get(service, service.lower())}")
    except ModuleNotFoundError:
        module = ModuleType("nothing")
    for found in vars(module).values():
        if isinstance(found, type) and getattr(found, "AWS_OBJECT_TYPE", None) == type_:
            return found
    return _with_fields(import_cottonformation().Resource, {}, AWS_OBJECT_TYPE=type_)


def _nothing() -> None:
    pass
