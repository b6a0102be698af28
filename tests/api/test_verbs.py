"""Every verb of the command line is a method of the library, and every option an argument of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import attrs
import click
import pytest

from multi_env_lambda.api.environment import Environment
from multi_env_lambda.api.function import Function, Job
from multi_env_lambda.api.local import LocalCloudSwitch
from multi_env_lambda.api.project import Project
from multi_env_lambda.api.samples import sample_event
from multi_env_lambda.api.schema import configuration_schema
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.cli.main import VERBS, _group

Method = Callable[..., Any]


@attrs.frozen
class Twin:
    """What a verb is in the library. ``renamed``: option -> the argument that it is there, or why it is none."""

    methods: tuple[Method, ...]
    renamed: dict[str, str] = attrs.field(factory=dict)


OUTPUT = "how the command line prints"
OPENS = "an argument of Workspace.open"
MEASURES = "`timings()` around the call"
EVERYWHERE = {"profile": OPENS, "local": OPENS, "as_json": OUTPUT, "timings": MEASURES, "trace": MEASURES}
ONLY = {"only": "names"}
NAMES = {**ONLY, "words": "the names of units, and then of an environment"}
TERMINAL = {"yes": "a dialog asks, and a method without one does not"}
SAVED = {"saved": "the plan is a value, which api.saved.save writes"}
WORDS = {"words": "the handle that the method belongs to, and its environment"}

TWINS: dict[str, Twin] = {
    "plan": Twin((Workspace.plan,), {**NAMES, **SAVED}),
    "build": Twin((Workspace.build,), NAMES),
    "publish": Twin((Workspace.publish,), NAMES),
    "deploy": Twin(
        (Workspace.deploy, Workspace.apply),
        {**NAMES, **TERMINAL, "plan_file": "plan", "watch": "Environment.watch, which yields rounds"},
    ),
    "promote": Twin(
        (Workspace.promote, Workspace.plan_promotion, Project.promote, Project.plan_promotion),
        {**NAMES, **TERMINAL, **SAVED, "skip_order": "skip_from, which names where from"},
    ),
    "rollback": Twin(
        (Workspace.rollback, Workspace.plan_rollback, Project.rollback, Project.plan_rollback),
        {**TERMINAL, **SAVED, "words": "names", "release": "to"},
    ),
    "repair": Twin(
        (
            Environment.repair,
            Environment.plan_repair,
            Workspace.repair,
            Workspace.plan_repair,
            Project.repair,
            Project.plan_repair,
        ),
        {**TERMINAL, **SAVED, "words": "units"},
    ),
    "freeze": Twin((Environment.freeze, Project.freeze), {"words": "units"}),
    "unfreeze": Twin((Environment.unfreeze, Project.unfreeze), {"words": "units"}),
    "approve": Twin((Workspace.approve,), {"plan_file": "plan"}),
    "status": Twin((Workspace.status, Project.status)),
    "history": Twin((Project.history, Project.histories), {**WORDS, "limit": "newest"}),
    "why": Twin((Project.why,), WORDS),
    "diff": Twin((Project.difference,), WORDS),
    "drift": Twin((Workspace.drift, Project.drift), WORDS),
    "open": Twin((Project.links,), {**WORDS, "browser": "webbrowser.open does it"}),
    "outputs": Twin((Project.outputs,), WORDS),
    "board": Twin((Workspace.board,), {"page": "Board.save takes it"}),
    "event": Twin((sample_event,)),
    "schema": Twin((configuration_schema,)),
    "invoke": Twin((Function.invoke, Function.call, Function.sample_event, Job.run), WORDS),
    "logs": Twin(
        (Function.logs, Function.follow_logs, Project.logs, Project.follow_logs),
        {**WORDS, "follow": "follow_logs, which yields lines"},
    ),
    "lock": Twin((Workspace.lock, Project.lock)),
    "new": Twin((Workspace.new,)),
    "adopt": Twin(
        (Workspace.adopt, Environment.adopt_stack, Environment.plan_adoption),
        {**TERMINAL, "only_plan": "really", "environment": "the handle that the method belongs to"},
    ),
    "init": Twin((Workspace.init,)),
    "bootstrap": Twin(
        (Workspace.bootstrap, Workspace.bootstrap_template),
        {"only_plan": "really", "template": "bootstrap_template, which gives the text"},
    ),
    "test": Twin((Workspace.test, Project.test), {"names": "the units"}),
    "shell": Twin((Environment.run,), {"environment": "the handle that the method belongs to"}),
    "doctor": Twin((Workspace.doctor,)),
    "permissions": Twin((Workspace.permissions,)),
    "destroy": Twin((Project.destroy, Project.plan_removal), {**WORDS, **TERMINAL, **SAVED}),
    "prune": Twin((Workspace.prune,), ONLY),
    "ci": Twin((Environment.waiting_plan, Workspace.approve)),
    "local": Twin(
        (
            LocalCloudSwitch.up,
            LocalCloudSwitch.push,
            LocalCloudSwitch.approve,
            LocalCloudSwitch.down,
            LocalCloudSwitch.reset,
            LocalCloudSwitch.status,
        )
    ),
    "demo": Twin((Workspace.deploy, Function.call, Workspace.status)),
}

OF_PYTHON = {"explain": "`help` of the error's class"}
"""What a verb is in the language itself, for those that need no method of ours."""

NOT_OPTIONS = {
    "self": "the handle",
    "approve": "typed at the terminal: the name of an environment",
    "publish": "`--out` publishes what an approval would be about",
    "removed": "how the command line prints what goes",
    "environments": "the words",
    "environment": "the words",
    "left": "the words",
    "right": "the words",
    "names": "the words",
    "name": "the words, or the script's own unit",
    "path": "the folder of the script",
    "arguments": "the payload of a job",
    "payload": "the event",
    "newest": "limit",
}
"""Arguments that are no option of that name, and what they are instead."""


def command(verb: str) -> click.Command:
    found = _group.get_command(click.Context(_group), verb)
    assert found is not None
    return found


def parameters(verb: str) -> set[str]:
    return {parameter.name or "" for parameter in command(verb).params}


def arguments(verb: str) -> set[str]:
    return {name for method in TWINS[verb].methods for name in inspect.signature(method).parameters}


def test_every_verb_has_a_method() -> None:
    assert TWINS.keys() | OF_PYTHON.keys() == VERBS.keys()


@pytest.mark.parametrize("verb", [verb for verb in TWINS if verb not in ("ci", "local", "demo")])
def test_every_option_is_an_argument(verb: str) -> None:
    renamed = {**EVERYWHERE, **TWINS[verb].renamed}
    meant = {name: renamed.get(name, name) for name in parameters(verb)}

    assert {name for name, to in meant.items() if to not in arguments(verb) and " " not in to} == set()


@pytest.mark.parametrize("verb", [verb for verb in TWINS if verb not in ("ci", "local", "demo")])
def test_every_argument_is_an_option(verb: str) -> None:
    offered = {TWINS[verb].renamed.get(name, name) for name in parameters(verb)} | parameters(verb)

    assert arguments(verb) - offered - NOT_OPTIONS.keys() == set()


@pytest.mark.parametrize("verb", TWINS)
def test_no_renaming_is_left_over(verb: str) -> None:
    assert TWINS[verb].renamed.keys() - parameters(verb) == set()


@pytest.mark.parametrize(
    "method", [method for twin in TWINS.values() for method in twin.methods], ids=lambda method: method.__qualname__
)
def test_every_method_is_typed_and_takes_no_arguments_that_it_does_not_name(method: Method) -> None:
    signature = inspect.signature(method)
    kinds = {parameter.kind for parameter in signature.parameters.values()}

    assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(
        parameter.annotation is not inspect.Parameter.empty
        for name, parameter in signature.parameters.items()
        if name != "self"
    )


def test_the_commands_of_the_local_cloud_are_its_methods() -> None:
    group = command("local")
    assert isinstance(group, click.Group)

    assert set(group.commands) == {method.__name__ for method in TWINS["local"].methods}
