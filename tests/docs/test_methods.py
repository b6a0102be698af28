"""Each method of the Python API has an example that holds, and says what its parameters are and what it returns."""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import multi_env_lambda
from multi_env_lambda import Status, Workspace
from multi_env_lambda.ci import decision, happened, state, subject
from multi_env_lambda.local.server import down
from multi_env_lambda.plan.template.context import Context
from tests.house import ROOT
from tests.pages import of_docs

from .examples_of_methods import BEFORE, CLOUD, Given, repository

methods = of_docs("methods")
CLASSES = sorted(path.stem for path in methods.FOLDER.glob("*.inc"))
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF
HANDLES = ("Workspace", "Project", "Environment", "Function", "Job", "LocalCloudSwitch")
"""What one acts with: each of their methods has a part of its own."""

WITHOUT_EXAMPLE = {
    "Asked": "given to a dialog",
    "Context": "its own docstrings have one for each method, which are run too",
    "Dialog": "a protocol: written by others",
    "LayerArtifact": "has what `SourceArtifact` has",
    "LocalCloud": "what `LocalCloudSwitch.up` returns",
    "StackAdoption": "what `Environment.plan_adoption` returns",
}
"""Class -> why its members need no example of their own."""


def kinds() -> Iterator[type]:
    named = (getattr(multi_env_lambda, name) for name in multi_env_lambda.__all__)
    yield from (kind for kind in named if isinstance(kind, type) and not issubclass(kind, Exception))


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that the page shows."""
    shown = re.search(rf"{kind.__name__}\n   :members: (.+)", methods.texts_of_pages())
    for name, each in vars(kind).items():
        acts = isinstance(each, property | classmethod) or hasattr(each, "func") or inspect.isfunction(each)
        if acts and not name.startswith("_") and (shown is None or name in shown[1].split(", ")):
            yield name, each


def is_method(member: Any) -> bool:
    return isinstance(member, classmethod) or inspect.isfunction(member)


def example_of(owner: str) -> str:
    return "\n".join(line for lines in methods.written(owner).values() for line in methods.sections_of(lines)[2])


# --- they hold ---
def wrong_in(given: Given, owner: str, sections: dict[str, list[str]]) -> str:
    """What the examples print that they should not, in their order."""
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    for title, lines in sections.items():
        name = owner if title == owner else f"{owner}.{title}"
        if before := BEFORE.get(name):
            before(given)
        example = "\n".join(methods.sections_of(lines)[2])
        test = doctest.DocTestParser().get_doctest(f"{example}\n", given.names, name, f"python/{owner}.inc", 0)
        runner.run(test, out=said.append, clear_globs=False)
        given.names.update(test.globs)
    return "".join(said)


def parts(owner: str, *, of_the_cloud: bool) -> dict[str, list[str]]:
    found = methods.written(owner).items()
    return {
        title: lines for title, lines in found if (not {owner, f"{owner}.{title}"}.isdisjoint(CLOUD)) == of_the_cloud
    }


@pytest.mark.story
@pytest.mark.parametrize("owner", [name for name in CLASSES if name not in CLOUD])
def test_the_examples_of_a_class_hold(owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Given.in_memory(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert wrong_in(given, owner, parts(owner, of_the_cloud=False)) == ""


@pytest.mark.long
@pytest.mark.local_cloud
def test_the_examples_that_need_a_cloud_hold_in_the_local_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    given = Given(Workspace.open(root, local=True))
    given.names |= {"orders": given.ws["orders"], "sandbox": given.ws.environments["sandbox"]}
    try:
        for name in CLOUD:
            owner, _, method = name.partition(".")
            found = parts(owner, of_the_cloud=True)
            assert wrong_in(given, owner, {method: found[method]} if method else found) == ""
    finally:
        down(root)


NOT_RUN = {
    "LocalCloudSwitch.push": "a push goes through every environment, which takes minutes",
    "LocalCloudSwitch.approve": "the same",
    "Environment.plan_adoption": "it takes a stack that another tool has made",
    "Environment.adopt_stack": "the same",
}
"""Method -> why its example is not run here; the end-to-end tests of pushes and of running stacks do the same."""


def test_no_other_example_is_left_out() -> None:
    every = {f"{owner}.{title}": lines for owner in CLASSES for title, lines in methods.written(owner).items()}

    assert {name for name, lines in every.items() if "+SKIP" in "".join(lines)} == set(NOT_RUN)


# --- they are there ---
def test_every_class_has_examples_or_a_reason_to_have_none() -> None:
    acting = {kind.__name__ for kind in kinds() if any(True for _ in members(kind))}

    assert acting - set(CLASSES) == set(WITHOUT_EXAMPLE) & acting
    assert set(WITHOUT_EXAMPLE) - acting == set()


@pytest.mark.parametrize("owner", HANDLES)
def test_every_method_of_a_handle_has_an_example_and_says_what_it_returns(owner: str) -> None:
    kind, found = getattr(multi_env_lambda, owner), methods.written(owner)
    silent = []
    for name, each in members(kind):
        if is_method(each):
            signature = inspect.signature(inspect.unwrap(getattr(each, "__func__", each)))
            _, sections, example = methods.sections_of(found.get(name, []))
            if not example or ("Returns" not in sections and signature.return_annotation != "None"):
                silent.append(name)

    assert silent == []
    assert set(found) - {owner, *(name for name, _ in members(kind))} == set(), "it has no such method"


@pytest.mark.parametrize("owner", CLASSES)
def test_every_member_occurs_in_the_examples_of_its_class(owner: str) -> None:
    example = example_of(owner)
    names = {name for name, _ in members(getattr(multi_env_lambda, owner))}

    assert {name for name in names if not re.search(rf"\.{name}\b", example)} == set()


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_every_parameter_is_described_where_it_is_shown(kind: type) -> None:
    silent = set()
    for name, each in members(kind):
        parameters = methods.parameters_of(each) if is_method(each) else []
        if parameters and not getattr(kind, "_is_protocol", False):
            doc = inspect.getdoc(getattr(kind, name)) or ""
            lines = methods.completed(kind.__name__, name, doc.splitlines(), parameters)
            known = methods.described(methods.sections_of(lines)[1].get("Args", []))
            silent |= {f"{name}({word})" for word in set(parameters) - known}

    assert silent == set()


def test_a_class_with_examples_in_its_docstrings_has_one_for_each_method() -> None:
    assert [name for name, each in members(Context) if ">>> " not in (each.__doc__ or "")] == []


# --- how they are put together ---
@pytest.mark.parametrize(
    ("name", "method", "optional", "said"),
    [
        ("to", "deploy", True, "go through all environments up to this one"),
        ("to", "rollback", True, "the release, by digest or version"),
        ("force", "deploy", True, "redeploy units that already run this release"),
        ("upgrade", "lock", True, "lock the newest versions allowed"),
        ("environment", "plan", True, "the environment, by name; if it is left out, the first one"),
        ("environment", "rollback", False, "the environment, by name"),
    ],
)
def test_a_text_that_many_methods_share_speaks_of_the_method_at_which_it_stands(
    name: str, method: str, optional: bool, said: str
) -> None:
    assert methods.meaning(name, method, optional=optional) == said


def test_what_a_docstring_says_of_a_parameter_comes_before_what_holds_for_all() -> None:
    doc = ["Do it.", "", "Args:", "    force: even then,", "        too.", "", "Raises:", "    Busy: later."]

    assert methods.completed("None", "none", doc, ["reason", "force"]) == [
        "Do it.",
        "",
        "Args:",
        "    reason: why; stored in the record.",
        "    force: even then,",
        "        too.",
        "",
        "Raises:",
        "    Busy: later.",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("(units: Names, *, force: bool)", "(units: str | Sequence[str], *, force: bool)"),
        ("(plan: x.Saved, names: NamesOfAll)", "(plan: x.Saved, names: NamesOfAll)"),
        (None, None),
    ],
)
def test_a_name_for_several_types_is_spelled_out(text: str | None, shown: str | None) -> None:
    assert methods.spelled(text) == shown


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("multi_env_lambda.Plan", "Plan"),
        ("multi_env_lambda.model.plan.Plan", "Plan"),
        ("multi_env_lambda.ci.decision.Plan", ""),
        ("multi_env_lambda.model.project.Project", ""),
        ("multi_env_lambda.model.nothing.Nothing", ""),
    ],
)
def test_only_the_public_class_of_a_name_has_the_file_of_that_name(path: str, name: str) -> None:
    assert methods.public_name(path) == name


def test_a_class_with_the_name_of_a_public_one_does_not_get_its_example() -> None:
    own, public = ["Plan the units."], ["All steps."]

    methods.process(None, "class", "multi_env_lambda.ci.decision.Plan", decision.Plan, None, own)
    methods.process(None, "class", "multi_env_lambda.Plan", multi_env_lambda.Plan, None, public)

    assert own == ["Plan the units."]
    assert "Example:" in public


def attrs_classes() -> Iterator[type]:
    """Those with a page: of the library, and of what an own ``ci.py`` uses."""
    of_ci = (each for module in (decision, happened, state, subject) for each in vars(module).values())
    yield from {kind: None for kind in (*kinds(), *of_ci) if isinstance(kind, type) and attrs.has(kind)}


@pytest.mark.parametrize("kind", list(attrs_classes()), ids=lambda kind: kind.__name__)
def test_a_default_is_shown_as_its_value(kind: type) -> None:
    source = inspect.getsource(kind.__init__)  # type: ignore[misc]  # as autodoc reads it
    arguments = source[source.index("(") : source.index("):") + 1]

    shown = methods.with_defaults(kind, arguments)

    assert "attr_dict" not in shown and " at 0x" not in shown


def test_a_default_of_a_class_without_arguments_stays_none() -> None:
    assert methods.with_defaults(Status, None) is None
    assert methods.with_defaults(Status, "(notes=attr_dict['notes'].default)") == "(notes=())"


def test_the_types_behind_such_a_name_are_those_of_the_code() -> None:
    homes = {"Names": "api/names", "Saved": "flow/saved"}

    for name, home in homes.items():
        assert f"{name} = {methods.UNIONS[name]}\n" in (ROOT / f"multi_env_lambda/{home}.py").read_text("utf-8")
