"""What layers from elsewhere contain: stated modules may be missing, nothing else may, and none is called proven."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.preflight import check_handlers
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.make.handlers import handlers_of
from multi_env_lambda.model.settings import Function, PlainValue, Settings
from tests.building.test_preflight import packed
from tests.plan.template_values import SANDBOX, SMALL, project, text

HANDLER = "def handler(event, context): ...\n"
ARN = "arn:aws:lambda:us-east-1:333333333333:layer:tools:7"
PROD = attrs.evolve(SANDBOX, name="prod")


def check(folder: Path, code: str, *handlers: Handler, interpreter: Path | None = None) -> tuple[str, ...]:
    wheel = packed(folder / "orders.whl", {"orders/__init__.py": "", "orders/create.py": code + HANDLER})
    given = handlers or (Handler(key="create", text="orders.create.handler", is_layered=True, provided=("tools",)),)
    return check_handlers(wheel, None, given, interpreter=interpreter, where="projects/orders")


@pytest.mark.parametrize("interpreter", [None, Path(sys.executable)], ids=["read", "imported"])
def test_a_stated_module_may_be_missing_and_no_other(tmp_path: Path, interpreter: Path | None) -> None:
    (note,) = check(tmp_path, "import tools.log\n", interpreter=interpreter)

    assert "`create` was not imported to the end: `tools` (orders/create.py line 1)" in note
    assert note.endswith("as `provided` says")
    with pytest.raises(ConfigurationError, match="`toolz` is missing"):
        check(tmp_path, "import tools\nimport toolz\n", interpreter=interpreter)


def test_a_missing_module_that_is_found_by_the_import_alone_has_to_be_stated_too(tmp_path: Path) -> None:
    code = "import importlib\nimportlib.import_module('{}')\n"

    check(tmp_path, code.format("tools"), interpreter=Path(sys.executable))
    with pytest.raises(ConfigurationError, match="`toolz` is missing"):
        check(tmp_path, code.format("toolz"), interpreter=Path(sys.executable))


def test_what_is_not_stated_is_said_with_the_words_to_state_it(tmp_path: Path) -> None:
    handlers = [Handler(key=key, text="orders.create.handler", is_layered=True) for key in ("create", "delete")]
    (note,) = check(tmp_path, "import tools\n", *handlers)

    assert note.startswith("2 functions (`create` …) were not imported")
    assert note.endswith('set `provided = ["tools"]`')


def test_a_handler_may_be_a_module_of_a_layer_where_that_is_stated(tmp_path: Path) -> None:
    wrapped = Handler(key="create", text="tools.wrap.handler", is_layered=True, provided=("tools",))
    (note,) = check(tmp_path, "", wrapped, interpreter=Path(sys.executable))

    assert "`tools` has to come" in note
    with pytest.raises(ConfigurationError, match=r"no module `tools\.wrap`"):
        check(tmp_path, "", attrs.evolve(wrapped, provided=()))


def test_a_unit_that_lacks_nothing_gets_no_note(tmp_path: Path) -> None:
    assert check(tmp_path, "import json\n") == ()


# --- which functions have such a layer, by their finished templates ---
def found(prod: Function, extend: Callable[[Any, Any], None] | None = None) -> dict[tuple[str, ...], bool]:
    """Whether the function may lack modules, by environments; with a layer in the sandbox, and ``prod`` in prod."""
    layered = attrs.evolve(SMALL, layers=(ARN,))
    unit = attrs.evolve(
        project(), settings={"sandbox": Settings(functions=(layered,)), "prod": Settings(functions=(prod,))}
    )
    texts = {name: text(project(*unit.settings[name].functions), extend=extend) for name in unit.settings}
    return {one.environments: one.is_layered for one in handlers_of(unit, (SANDBOX, PROD), texts)}


def test_an_environment_without_the_layer_is_held_to_what_it_has() -> None:
    assert found(SMALL) == {("prod",): False, ("sandbox",): True}


def test_environments_with_the_same_surroundings_are_one_check() -> None:
    other = attrs.evolve(SMALL, layers=("arn:aws:lambda:us-east-1:333333333333:layer:tools:8",))

    assert found(other) == {("sandbox", "prod"): True}


def test_the_set_of_variables_still_makes_a_check_of_its_own() -> None:
    other = attrs.evolve(SMALL, layers=(ARN,), environment=(("A_NAME", PlainValue(text="x")),))

    assert found(other) == {("prod",): True, ("sandbox",): True}


def test_a_layer_that_stack_py_adds_is_one_from_elsewhere() -> None:
    def extend(template: Any, context: Any) -> None:
        context.merge("CreateFunction", {"Properties": {"Layers": [ARN]}})

    assert found(SMALL, extend) == {("sandbox", "prod"): True}
    assert found(attrs.evolve(SMALL, provided=("tools",)), extend)[("prod",)]


def test_modules_of_a_layer_that_an_environment_lacks_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no layer from elsewhere in prod"):
        found(attrs.evolve(SMALL, provided=("tools",)))
