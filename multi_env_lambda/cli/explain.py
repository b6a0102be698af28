"""The verb that explains an error, an exit code, a word of AWS or a question of a plan: what it means, what to do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

import click

from multi_env_lambda.api.answers import ANSWER_OF
from multi_env_lambda.api.names import did_you_mean
from multi_env_lambda.cli.complete import explained
from multi_env_lambda.cli.explained import AWS_SAYS, OTHER_CODES
from multi_env_lambda.cli.kinds import kinds
from multi_env_lambda.cli.messages import MESSAGES, OTHER_WORDS
from multi_env_lambda.cli.output import out
from multi_env_lambda.errors import MultiEnvLambdaError

__all__ = ["PAGES", "about", "explain_command"]

PAGES: Mapping[str, tuple[str, ...]] = {
    "UnitsFailed": ("02-How-To/when-something-fails",),
    "ConfigurationError": ("04-Reference/configuration",),
    "BuildError": ("02-How-To/lock-dependencies", "02-How-To/secrets-and-parameters"),
    "PublishError": ("03-Concepts/bucket",),
    "DocumentError": ("02-How-To/recover", "03-Concepts/bucket"),
    "UpgradeNeeded": ("02-How-To/upgrade", "04-Reference/versions"),
    "AccountError": ("02-How-To/real-accounts", "02-How-To/roles"),
    "SessionEnded": ("02-How-To/when-something-fails",),
    "StackError": ("02-How-To/when-something-fails", "02-How-To/put-right-what-was-done-by-hand"),
    "PlanStale": ("02-How-To/two-people-at-once", "02-How-To/promote-and-approve"),
    "Refused": ("02-How-To/promote-and-approve", "02-How-To/rights-and-bounds"),
    "Busy": ("02-How-To/two-people-at-once", "03-Concepts/leases"),
    "LocalCloudError": ("03-Concepts/local-cloud",),
    "ToolError": ("02-How-To/when-something-fails",),
    "CheckFailed": ("02-How-To/checks-and-traffic",),
}
"""The pages below ``docs/source`` that say more about an error."""


_CODES, _ERRORS = "04-Reference/exit-codes", "04-Reference/errors"
_SOURCE = "docs/source"
"""Where the pages are in the repository of this library."""


@click.command("explain")
@click.argument("words", nargs=-1, metavar="[ERROR|CODE|QUESTION|WORDS OF AWS]", shell_complete=explained)
def explain_command(words: tuple[str, ...]) -> int:
    """Explain an error by its name or exit code, a question of a plan by the word that answers it, or what AWS says.

    A pasted message is explained by the words in it. What AWS says is a status such as UPDATE_ROLLBACK_FAILED, or words
    such as `Rate exceeded` and AccessDenied. Without an argument, everything is listed. In Python,
    `help(multi_env_lambda.StackError)` shows what an error means.
    """
    word = " ".join(words)
    if not word:
        out(_listed())
        return 0
    found = _found(word.lower())
    if not found:
        hint = did_you_mean(word, [*(kind.__name__ for kind in kinds()), *ANSWER_OF, *AWS_SAYS])
        raise click.UsageError(f"there is no error or question `{word}`\nhint: {hint}")
    out("\n\n".join(found))
    return 0


def about(kind: type[MultiEnvLambdaError]) -> list[str]:
    """The docstring up to the attributes, which are for callers."""
    text = inspect.getdoc(kind) or ""
    return text.partition("\nAttributes:")[0].strip().splitlines()


def _listed() -> str:
    errors_ = (f"{kind.exit_code:>3}  {kind.__name__:<22}  {about(kind)[0]}" for kind in kinds())
    questions = (f"     {answer.form:<22}  agrees to {answer.agrees}" for answer in ANSWER_OF.values())
    aws = (f"     {word:<22}  {_first(told.means)}" for word, told in AWS_SAYS.items())
    codes = (f"{code:>3}  {'':<22}  {_first(text)}" for code, text in OTHER_CODES.items())
    return "\n".join([*errors_, *codes, *questions, *aws]).replace("``", "`")


def _first(text: str) -> str:
    """Its first sentence, in one line."""
    return f"{' '.join(text.split()).partition('. ')[0].rstrip('.')}."


def _found(word: str) -> list[str]:
    """An answer may be typed as the plan prints it, with the name behind the colon."""
    if word in OTHER_CODES:
        return [_told(f"exit code {word}", OTHER_CODES[word], pages=(_CODES,))]
    named = [_error(kind) for kind in kinds() if word in (kind.__name__.lower(), str(kind.exit_code))]
    named = named or [_question(kind) for kind in ANSWER_OF if word.partition(":")[0] == kind]
    return named or _of_aws(word) or _pasted(word)


def _of_aws(word: str) -> list[str]:
    return [_aws(name) for name, told in AWS_SAYS.items() if word in _lower(name, *told.also)]


def _pasted(message: str) -> list[str]:
    """The first error or word of AWS that a whole message, or a part of one, is about."""
    for name, told in AWS_SAYS.items():
        if any(word in message for word in _lower(name, *told.also)):
            return [_aws(name)]
    for kind in kinds():
        name = kind.__name__
        words = (name, *MESSAGES.get(name, ()), *OTHER_WORDS.get(name, ()))
        if any(word in message for word in _lower(*words)):
            return [*_advice(name, message), _error(kind)]
    return []


def _advice(name: str, message: str) -> list[str]:
    """What to do about this very message, if it is a frequent one."""
    known = MESSAGES.get(name, {})
    return [_plain(known[words]) for words in known if words.lower() in message][:1]


def _plain(text: str) -> str:
    """Without roles: pages are files of the repository, and keys of the reference have their name."""
    text = re.sub(r":doc:`\.\./([^`]+)`", rf"{_SOURCE}/\1.rst", text)
    text = re.sub(r":doc:`([^`]+)`", rf"{_SOURCE}/04-Reference/\1.rst", text)
    return re.sub(r":ref:`(?:key|error)\.([^`]+)`", r"\1", text).replace("``", "`")


def _lower(*words: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)


def _aws(name: str) -> str:
    told = AWS_SAYS[name]
    return _told(f"{name} (AWS)", told.means, told.done, told.advice, pages=(*told.pages, _ERRORS))


def _error(kind: type[MultiEnvLambdaError]) -> str:
    head = f"{kind.__name__} (exit code {kind.exit_code})"
    return _told(head, "\n".join(about(kind)), pages=(*PAGES[kind.__name__], _ERRORS))


def _question(kind: str) -> str:
    answer = ANSWER_OF[kind]
    head = f"{answer.form} (a question of a plan; --agree answers it)"
    return _told(head, f"You agree to {answer.agrees}.\n{answer.asked}\n{answer.check}", pages=(answer.page,))


def _told(head: str, *paragraphs: str, pages: tuple[str, ...]) -> str:
    where = "\n".join(f"  {_SOURCE}/{page}.rst" for page in pages)
    return "\n\n".join([head, *paragraphs, f"In the repository of multi_env_lambda:\n{where}"]).replace("``", "`")
