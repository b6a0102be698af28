"""The reader of templates of SAM and CloudFormation: the unit that a template is in one environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import attrs

from multi_env_lambda.adopt.cfn_draft import Draft, key_of
from multi_env_lambda.adopt.cfn_groups import own_groups
from multi_env_lambda.adopt.cfn_parameters import Chosen
from multi_env_lambda.adopt.cfn_resources import drop_dangling, own_tables, read_rest, without_rights_of_roles
from multi_env_lambda.adopt.cfn_values import Values
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Changed, NotCarried, Reading
from multi_env_lambda.adopt.modules import path_of
from multi_env_lambda.adopt.sam_api import API_KINDS, read_api, routes_of_definition, section_of
from multi_env_lambda.adopt.sam_function import read_function
from multi_env_lambda.adopt.sam_globals import with_globals
from multi_env_lambda.adopt.sam_image import Image
from multi_env_lambda.adopt.sam_layers import layer_folders, path_in
from multi_env_lambda.adopt.sam_said import say_the_rest
from multi_env_lambda.adopt.sam_source import Source, code_folder, is_there, python_functions, resources_of
from multi_env_lambda.adopt.sam_unit import reading_of
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.plain_secrets import plain_secret
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["read_template"]

_LONGEST_NAME = 64
_PARTS = ("Function", "Role", "Alias", "Logs", "Url", "Version", "ErrorAlarm", "Queue", "Topic", "Bucket", "Table")


def read_template(source: Source, environment: str, chosen: Chosen, pseudo: Mapping[str, str]) -> Reading:
    """The unit in one environment, with the values that are chosen for it.

    Raises:
        ConfigurationError: the template has no function in Python, or asks for what cannot be decided before a deploy.
    """
    template = source.template
    conditions = template.get("Conditions")
    mappings = template.get("Mappings")
    values = Values(
        parameters=chosen.values,
        pseudo={**pseudo, "AWS::StackName": f"{source.unit}-{environment}"},
        mappings=mappings.plain() if mappings is not None else {},
        conditions=conditions.table if conditions is not None else {},
    )
    resources = {name: node for name, node in resources_of(template).items() if is_there(node, values)}
    left: list[NotCarried] = []
    images: dict[str, Image] = {}
    functions = dict(python_functions(source, resources, values, left, images))
    if not functions:
        what = "it has no function in Python that could be taken over"
        hint = left[0].reason if left else "name the folder of another template"
        raise ConfigurationError(str(template.place), what, hint=hint)
    draft = _draft(source, environment, values, resources, functions)
    draft.findings += left
    _images(draft, images)
    _said_defaults(draft, chosen)
    _transforms(draft, template)
    own_tables(draft, resources, _longest(source) - 4)
    own_groups(draft, resources)
    handled = {*functions, *draft.roles, *draft.apis, *draft.layers, *(one.function for one in left)}
    _apis(draft, template, resources)
    for name in resources:
        if resources[name].text("Type") in ("AWS::Lambda::Version", "AWS::Lambda::Alias", *_LAYERS):
            handled.add(name)
    read_rest(draft, resources, handled, lambda uri: source.text(path_in(source.at, uri) or ""), source.at)
    for name, properties in functions.items():
        _code(draft, source, name, properties, resources[name])
        read_function(draft, name, properties, resources[name], Node(resources, 1, template.file))
    _outputs(draft, template)
    _without_routes(draft, template)
    without_rights_of_roles(draft)
    drop_dangling(draft, _known(draft))
    found = reading_of(draft, source, functions, values)
    say_the_rest(draft, template, functions, resources)
    return attrs.evolve(found, findings=tuple(draft.findings))


_LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion", "AWS::Lambda::LayerVersionPermission")


def _longest(source: Source) -> int:
    """How long the key of a function may be, so that AWS takes its name in every environment."""
    return min(40, _LONGEST_NAME - len(source.unit) - max(map(len, source.environments)) - 2)


def _draft(
    source: Source, environment: str, values: Values, resources: Mapping[str, Node], functions: Iterable[str]
) -> Draft:
    keys: dict[str, str] = {}
    for name in functions:
        keys[name] = key_of(name, {key: name for key in keys.values()}, _longest(source))
    draft = Draft(
        unit=source.unit,
        environment=environment,
        values=values,
        functions=keys,
        roles={},
        function_places={name: resources[name].place for name in keys},
        layers={
            name: str(PurePosixPath(source.folder) / path) if path else ""
            for name, path in layer_folders(
                Node(resources, 1, ""), values, source.at, source.files, source.packages
            ).items()
            if path != "."
        },
        apis=_called(resources),
        crowded=source.crowded,
        tables={key: {} for key in keys.values()},
    )
    draft.roles = _roles(draft, source, resources)
    reserved = {logical_id(key, part) for key in keys.values() for part in _PARTS} | {"HttpApi", "RestApi"}
    gone = {*keys, *draft.roles, *draft.apis}
    draft.renamed = {name: f"{name}Own" for name in resources if name in reserved and name not in gone}
    for name, node in resources.items():
        if node.text("Type") == "AWS::Lambda::Alias":
            function = draft.referred(values.of(node.get("Properties", "FunctionName")))
            if function in keys:
                draft.aliases[name] = keys[function]
    return draft


def _called(resources: Mapping[str, Node]) -> dict[str, str]:
    """The APIs, with those that SAM makes without being told."""
    found = {"ServerlessRestApi": "RestApi", "ServerlessHttpApi": "HttpApi"}
    for name, node in resources.items():
        if (kind := str(node.text("Type"))) in API_KINDS:
            found[name] = "HttpApi" if kind.endswith("HttpApi") else "RestApi"
    return found


def _roles(draft: Draft, source: Source, resources: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
    """The roles that only functions have: their permissions become those of the functions."""
    users: dict[str, list[str]] = {}
    for name, key in draft.functions.items():
        globals_ = source.template.get("Globals", "Function")
        properties = with_globals(globals_, resources[name].get("Properties"))
        role = draft.referred(draft.values.of(properties.get("Role")))
        if role in resources and resources[role].text("Type") == "AWS::IAM::Role":
            users.setdefault(role, []).append(key)
    return {name: tuple(keys) for name, keys in users.items() if _is_for_functions(resources[name], draft)}


def _is_for_functions(role: Node, draft: Draft) -> bool:
    trust = str(draft.values.of(role.get("Properties", "AssumeRolePolicyDocument")))
    return set(re.findall(r"([a-z0-9-]+)\.amazonaws\.com", trust)) <= {"lambda", "edgelambda"}


def _said_defaults(draft: Draft, chosen: Chosen) -> None:
    for one in chosen.defaults:
        reason = "nobody gave another value for this environment"
        hidden = plain_secret(one.name, str(one.default)) is not None
        to = "its default" if hidden else f"`{one.default}`, its default"
        draft.findings.append(Changed(function="", what=f"parameter {one.name}", place=one.place, to=to, reason=reason))
    for one in chosen.secrets:
        reason = "it must not be shown: create this secret in every account before you deploy"
        to = f"the secret {draft.unit}/{one.name}"
        draft.findings.append(Changed(function="", what=f"parameter {one.name}", place=one.place, to=to, reason=reason))


def _images(draft: Draft, images: Mapping[str, Image]) -> None:
    for name, image in images.items():
        reason = "it only installs packages on the image of AWS for this Python"
        to = f"the folder {image.root}, without an image"
        draft.findings.append(
            Changed(function=name, what="the container image", place=image.place, to=to, reason=reason)
        )
        draft.packages += [one for one in image.packages if one not in draft.packages]


def _transforms(draft: Draft, template: Node) -> None:
    node = template.get("Transform")
    for one in node.items if node is not None else ():
        name = one.value if isinstance(one.value, str) else one.text("Name")
        if name not in ("AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"):
            draft.left(
                "", f"Transform {name}", one, "a macro changes the template during the deploy; it is not run here"
            )
    if (found := template.get("Hooks") or template.get("Rules")) is not None:
        draft.left("", "Hooks, Rules", found, "they have no counterpart")


def _apis(draft: Draft, template: Node, resources: Mapping[str, Node]) -> None:
    for section in ("Api", "HttpApi"):
        if (found := template.get("Globals", section)) is not None:
            read_api(draft, f"Globals.{section}", section, found)
    seen: dict[str, str] = {}
    for name in (one for one in draft.apis if one in resources):
        node, kind = resources[name], str(resources[name].text("Type"))
        properties = node.get("Properties") or Node({}, node.line, node.file)
        read_api(draft, name, kind, properties)
        definition = properties.get("DefinitionBody")
        for function, entry, what in routes_of_definition(draft, name, definition, kind):
            events = draft.tables[draft.functions[function]].setdefault("events", [])
            if entry not in events:
                events.append(entry)
                draft.carried(function, what, node, next(iter(entry)))
        if definition is not None or properties.get("DefinitionUri") is not None:
            reason = "routes are read from it, and from the functions' events; what else it says is not"
            draft.left("", f"{name}: definition of the API", node, reason)
        if (first := seen.setdefault(draft.apis[name], name)) != name:
            reason = f"a unit has one API of a kind: its routes are in that of {first}"
            draft.changed("", f"API {name}", node, section_of(kind), reason)


def _without_routes(draft: Draft, template: Node) -> None:
    """What holds for all routes means nothing where no function has one."""
    events = [event for table in draft.tables.values() for event in table.get("events", ())]
    for section, word in (("http_api", "http"), ("rest_api", "rest")):
        has_routes = any(word in event for event in events)
        if section in draft.unit_table and not has_routes:
            del draft.unit_table[section]
            draft.left("", f"settings of the API: {section}", template, "no function has a route of it")
        if section == "rest_api" and has_routes and "stage" not in draft.unit_table.get(section, {}):
            draft.unit_table[section] = {"stage": "Prod", "endpoint": "edge", **draft.unit_table.get(section, {})}


def _code(draft: Draft, source: Source, name: str, properties: Mapping[str, Node], node: Node) -> None:
    key = draft.functions[name]
    table = draft.tables[key]
    handler = str(draft.values.of(properties["Handler"]))
    table["handler"] = handler
    draft.carried(name, "Handler", properties["Handler"], f'handler = "{handler}"')
    inline = draft.values.of(properties.get("InlineCode") or (properties.get("Code") or node).get("ZipFile"))
    where = properties.get("InlineCode") or properties.get("CodeUri") or properties.get("Code") or node
    if isinstance(inline, str):
        root, module = f"inline/{key}", path_of(handler)
        draft.files[f"{root}/{module}.py"] = inline if inline.endswith("\n") else f"{inline}\n"
        table["root"] = root
        draft.changed(name, "InlineCode", where, f"{root}/{module}.py", "the code is a file now")
        if "import cfnresponse" in inline and "cfnresponse" not in draft.packages:
            draft.packages.append("cfnresponse")  # which Lambda has for code in a template only
        return
    uri = str(draft.values.of(properties.get("CodeUri") or properties.get("Code")) or ".")
    folder = code_folder(source, properties, draft.values) or "."
    draft.folders.append(folder)
    if folder != ".":
        table["root"] = folder
    to = f'root = "{folder}"' if folder != "." else "the unit's folder"
    if folder == path_in(source.at, uri):
        draft.carried(name, "CodeUri", where, to)
    else:
        draft.changed(
            name, f"CodeUri {uri}", where, to, "some build makes it; this folder has the module of its handler"
        )
    if node.text("Metadata", "BuildMethod") in ("makefile", "esbuild"):
        draft.left(name, "BuildMethod", node, "nothing is built by a Makefile: the files are packed as they are")


def _outputs(draft: Draft, template: Node) -> None:
    outputs = template.get("Outputs")
    for name, node in outputs.table.items() if outputs is not None else ():
        if node.get("Export") is not None:
            reason = "other stacks cannot import it: hand it over as a parameter, see `needs`"
            draft.left("", f"output {name}", node, reason)


def _known(draft: Draft) -> set[str]:
    """The logical ids that our own template has."""
    keys = [(key, part) for key in draft.tables for part in _PARTS]
    own = {one.logical_id for one in draft.own.values()}
    # Without a route there is no API.
    routed = {kind for table in draft.tables.values() for event in table.get("events", ()) for kind in event}
    made = [name for kind, name in (("http", "HttpApi"), ("rest", "RestApi")) if kind in routed]
    apis = {f"{one}{part}" for one in made for part in ("", "Stage")}
    return {*(logical_id(*pair) for pair in keys), *own, *apis} - set(draft.renamed)
