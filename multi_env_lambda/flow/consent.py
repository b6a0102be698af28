"""What a person agrees to: words that answer the questions of one plan."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.plan import ANSWERS, Plan, Question
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.wording import option

__all__ = ["NO_CONSENT", "Consent", "agree_words", "check_answers", "check_kinds"]


@attrs.frozen(kw_only=True)
class Consent:
    """What the person at the keyboard agreed to.

    Args:
        typed: names of environments that were typed on a terminal, each an approval by that person, which counts only
            where authors may approve.
        allowed: answers to questions of single steps (``--agree replace:billing/Invoices``).
    """

    typed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


NO_CONSENT = Consent()


def check_kinds(answers: Iterable[str]) -> None:
    """Before there is a plan.

    Raises:
        ConfigurationError: an answer answers no question that any plan could ask.
    """
    for answer in answers:
        if isinstance(answer, Question):
            what = f"found a question; expected its answer, `{answer.answer}`"
            raise ConfigurationError("agree", what, hint="pass `[question.answer for question in plan.questions]`")
        kind = answer.partition(":")[0] if isinstance(answer, str) else ""
        if kind not in ANSWERS:
            what = f"found {answer!r:.80}, which answers no question of any plan"
            raise ConfigurationError("agree", what, hint=did_you_mean(kind, ANSWERS))


def check_answers(plan: Plan, consent: Consent) -> Consent:
    """The consent in the form that the plan prints, each answer naming one unit.

    An answer without a unit means the one unit that has this question. If two have it, it agrees to nothing, and the
    gate prints the full answers. A plan that changes nothing asks nothing, so answers are left over: a finished
    command can be run again.

    Raises:
        ConfigurationError: an answer matches no question; it is misspelt, or left over in a script.
    """
    asked = [question for step in plan.deploys for question in step.questions]
    whole = {question.answer: {question.answer} for question in asked}
    meant: dict[str, set[str]] = {}
    for question in asked:
        meant.setdefault(question.short, set()).add(question.answer)
    meant |= whole
    for answer in sorted(consent.allowed - meant.keys()) if plan.deploys else ():
        what = f"no question of this plan asks for `{answer}`"
        hint = did_you_mean(answer, whole) if whole else "leave it out"
        raise ConfigurationError("agree", what, hint=hint)
    words = (meant.get(answer, set()) for answer in consent.allowed)
    return attrs.evolve(consent, allowed=frozenset(word for found in words if len(found) == 1 for word in found))


def agree_words(questions: Iterable[Question]) -> str:
    """What answers these questions, as an option and as the argument."""
    return option("agree", dict.fromkeys(question.answer for question in questions))
