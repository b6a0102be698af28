"""What the import of a handler proves: nothing, since this machine lacks what AWS has, or that it would not start."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.building.borrowed import borrowed, hint_of, missing_here
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.imports import Code, missing_module, no_function, no_module, not_this_python
from multi_env_lambda.building.job_entry import no_call, not_run
from multi_env_lambda.building.preflight_process import Outcome
from multi_env_lambda.building.shared_objects import Missing, missing_library_hint
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2023, LambdaImage

__all__ = ["Judge"]

_WITHOUT_ARGUMENTS = ("SystemExit", "IndexError", "KeyError", "PermissionError")
"""What the import of a job raises if it reads its arguments, its variables or shared memory: there are none here."""

_OF_A_LAYER = ("OSError", "FileNotFoundError")
_NO_KEY = re.compile(r"KeyError: ['\"]([A-Za-z]\w+)['\"]")


@attrs.frozen(kw_only=True)
class Judge:
    """Knows the code that was imported, and the machine that it is for.

    Args:
        unloadable: the objects of the layer that the machine could not load.
        where: the file that declares the handlers.
    """

    code: Code
    image: LambdaImage = AMAZON_LINUX_2023
    unloadable: Mapping[str, tuple[Missing, ...]] = attrs.field(factory=dict)
    where: str

    def judge(self, handlers: Sequence[Handler], outcome: Outcome) -> None:
        """Nothing, if every handler can be imported, or if nothing is proven.

        Raises:
            ConfigurationError: about the first one, in order, that cannot.
        """
        last = {answer["number"]: answer for answer in outcome.answers}
        for number, handler in enumerate(handlers):
            answer = last.get(number, {"kind": "started"})
            if not handler.is_job and not handler.is_layered:
                _refuse_borrowed(self, handler, answer, outcome.layer_folder)
            if answer["kind"] != "ok" and not _is_undecided(self, handler, answer):
                raise _fault(self, handler, answer, outcome)


def _fault(judge: Judge, handler: Handler, answer: Mapping[str, Any], outcome: Outcome) -> ConfigurationError:
    match answer["kind"]:
        case "missing" if answer["module"] == handler.module:
            return no_module(judge.code, handler, judge.where)
        case "missing":
            importer = answer["place"] or handler.module
            return missing_module(judge.code, handler, answer["module"], importer, judge.where)
        case "syntax":
            return not_this_python(handler, answer["place"], answer["text"], judge.where)
        case "no_function":
            return no_function(handler, answer["functions"], judge.where)
        case "not_called":
            return no_call(handler, answer["signature"], judge.where)
        case "not_run":
            return not_run(handler, answer["what"], judge.where)
        case "not_callable":
            what = f"{handler.shown}: `{handler.function}` is of type {answer['type']}, which cannot be called"
            return ConfigurationError(judge.where, what, hint="name a function")
        case "raised":
            return _raised(judge, handler, answer, outcome.tail)
        case _:
            return _not_finished(judge, handler, outcome)


def _is_undecided(judge: Judge, handler: Handler, answer: Mapping[str, Any]) -> bool:
    """Whether a verdict needs what AWS has but this machine lacks."""
    match answer["kind"]:
        case "undecided":
            return True
        case "raised" if handler.is_job:
            # Which libraries, programs and files Glue has is not documented.
            return (
                _borrows(answer) or answer["text"].startswith(_WITHOUT_ARGUMENTS) or "is not in list" in answer["text"]
            )
        case "raised" if handler.is_layered:
            lacks = "cannot open shared object" in answer["text"] or answer["text"].startswith(_OF_A_LAYER)
            return lacks or _borrows(answer)
        case "raised":
            return missing_here(answer["text"], judge.image)
        case "missing":
            top = answer["module"].partition(".")[0]
            return top in handler.offered or (handler.may_be_brought(top) and top not in judge.code.modules)
        case _:
            return False


def _borrows(answer: Mapping[str, Any]) -> bool:
    """Whether it looked for a library, a program or a file of this machine."""
    return bool(answer["refused"]) or answer["denied"] is not None


def _raised(judge: Judge, handler: Handler, answer: Mapping[str, Any], tail: str) -> ConfigurationError:
    at = f" ({answer['place']})" if answer["place"] else ""
    if (path := answer["denied"]) is not None:
        does = f"needs {path}, which is on this machine but not in Lambda ({judge.image.title})"
        what = f"{handler.shown}: importing its module {does}{at}"
        return ConfigurationError(judge.where, what, hint=hint_of(path, [path], handler.place))
    what = f"{handler.shown}: importing its module raises {answer['text']}{at}"
    hint = _without_variable(handler, answer["text"]) or hint_of(
        answer["text"], answer["refused"], handler.place, answer["said"] + tail
    )
    return ConfigurationError(judge.where, what, hint=hint)


def _without_variable(handler: Handler, text: str) -> str:
    """What to do if it may have looked for a variable that the function does not have; empty: it did not."""
    found = _NO_KEY.fullmatch(text)
    if found is None or handler.is_job or found[1] in handler.variables:
        return ""
    places = f" in {', '.join(handler.environments)}" if handler.environments else ""
    ways = "in `environment` of the function, or in stack.py with `context.set_environment`"
    return f"`{handler.key}` has no variable `{found[1]}`{places}: set it {ways}"


def _refuse_borrowed(judge: Judge, handler: Handler, answer: Mapping[str, Any], layer: Path | None) -> None:
    """What was imported may have found something on this machine that Lambda does not have."""
    if (found := borrowed(answer, judge.image, judge.unloadable, layer)) is not None:
        what = f"{handler.shown}: importing its module loads {found}"
        raise ConfigurationError(judge.where, what, hint=missing_library_hint(found))


def _not_finished(judge: Judge, handler: Handler, outcome: Outcome) -> ConfigurationError:
    if outcome.status is None:
        what = f"{handler.shown}: importing its module did not end within {outcome.seconds:g} seconds"
        return ConfigurationError(judge.where, what, hint="do long work in the function, not at the top of the module")
    what = f"{handler.shown}: importing its module ended the interpreter with status {outcome.status}: {outcome.tail}"
    return ConfigurationError(judge.where, what, hint="the module, or a compiled one that it imports, ends the process")
