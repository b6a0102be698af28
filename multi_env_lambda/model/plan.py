"""What will be done, as a plain value that can be printed, saved, compared, approved, and later applied."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import attrs

from multi_env_lambda.model.answer import ANSWER_OF
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.label import label
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.rules import Bound, asks_of
from multi_env_lambda.wording import advice, in_python, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.model.change import ResourceChange
    from multi_env_lambda.model.record import Action
    from multi_env_lambda.model.release import Release
    from multi_env_lambda.model.right import RightChange

__all__ = [
    "ANSWERS",
    "BlockedStep",
    "Breach",
    "DeployStep",
    "NewerStep",
    "Origin",
    "Plan",
    "Question",
    "RemovedStep",
    "Step",
    "UnchangedStep",
    "with_steps",
]


ANSWERS = tuple(ANSWER_OF)
"""The kinds of answers: what stands before the colon."""


def _is_of_a_kind(question: Question, attribute: object, answer: str) -> None:
    assert answer.partition(":")[0] in ANSWERS, answer


@attrs.frozen(kw_only=True)
class Question:
    """Something a person must agree to by name. ``answer`` is what to type, or to pass to ``--agree``.

    An answer is a kind and a name, qualified by the unit where another unit may have the same name:
    ``replace:billing/Invoices``, ``import:billing/acme-invoices``, ``again:orders``, ``older:orders``,
    ``take-over:orders-sandbox``, ``traffic:orders``, ``rights:orders``, ``frozen:orders``, ``form:orders``.
    """

    kind: Literal["rolled back", "destructive", "take over", "import", "traffic", "older", "rights", "frozen", "form"]
    text: str
    answer: str = attrs.field(validator=_is_of_a_kind)

    @property
    def short(self) -> str:
        """The answer without the unit, which is enough if no other unit is asked the same.

        >>> Question(kind="destructive", text="", answer="replace:billing/Invoices").short
        'replace:Invoices'
        """
        kind, _, name = self.answer.partition(":")
        if self.kind == "rights":
            return kind
        return f"{kind}:{name.partition('/')[2]}" if kind in ("replace", "import") else self.answer


@attrs.frozen(kw_only=True)
class Breach:
    """A rule that a release would break, whether or not the environment has that rule."""

    rule: Literal["releases_only", "committed_only"]
    what: str
    hint: str


_ANOTHER = "another release"


@attrs.frozen(kw_only=True)
class Origin:
    """The commit that a release was built from. ``committed`` is its time in ISO 8601; ``dirty``: with local changes.

    ``author``: the ARN of the person who brought it, if that is not the caller.
    """

    commit: str = ""
    committed: str = ""
    dirty: bool = False
    author: str = ""


@attrs.frozen(kw_only=True)
class DeployStep:
    """One unit changes in one environment. ``running`` is the digest of the release that runs there now.

    ``rights``: who may do what from now on, as far as that changes; ``notes``: what to know about the change. Neither
    needs an answer; what is out of the ordinary is one of the ``questions``. ``breaks`` are rules that the
    environment's table does not have, but that may be remembered.
    """

    project: str
    environment: str
    action: Action
    release: Release
    running: str | None
    running_version: str | None
    why: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    origin: Origin = Origin()
    publish: tuple[str, ...] = ()
    changes: tuple[ResourceChange, ...] = ()
    questions: tuple[Question, ...] = ()
    rights: tuple[RightChange, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    breaks: tuple[Breach, ...] = ()

    @property
    def label(self) -> str:
        """What the release is called next to the one that runs.

        A repair deploys the one that runs, and does not look up which others have its version, as ``status`` does; so
        it always says which one that is.
        """
        if self.action == "repair":
            return label(self.release.version, self.release.digest, [(self.release.version, _ANOTHER)])
        return label(self.release.version, self.release.digest, [(self.running_version or "", self.running or "")])

    @property
    def running_label(self) -> str:
        """The same for the one that runs; empty if none does."""
        if self.action == "repair":
            return self.label
        other = [(self.release.version, self.release.digest)]
        return label(self.running_version or "", self.running or "", other)


@attrs.frozen(kw_only=True)
class UnchangedStep:
    """Nothing to do for this unit here, and why."""

    project: str
    environment: str
    release: str | None
    version: str | None
    why: str

    @property
    def result(self) -> Result:
        """How it ends: it stays as it is."""
        return Result(
            project=self.project,
            environment=self.environment,
            outcome="unchanged",
            version=self.version,
            release=self.release,
            detail=self.why,
        )


@attrs.frozen(kw_only=True)
class BlockedStep:
    """This unit is blocked in this environment; other units continue."""

    project: str
    environment: str
    kind: str
    what: str
    hint: str

    @classmethod
    def refused(cls, project: str, environment: str, what: str, hint: str) -> BlockedStep:
        """One that this library does not take."""
        return cls(project=project, environment=environment, kind="Refused", what=what, hint=hint)

    @property
    def result(self) -> Result:
        """How it ends, whatever is done with the others."""
        return Result(
            project=self.project,
            environment=self.environment,
            outcome="blocked",
            detail=self.what,
            hint=self.hint,
            error=self.kind,
        )


@attrs.frozen(kw_only=True)
class NewerStep:
    """What runs is newer than the work tree, and this unit was not named: it stays as it is.

    ``what`` says who deployed it, and when.
    """

    project: str
    environment: str
    release: str
    version: str
    what: str

    @property
    def hint(self) -> str:
        older = unit_call("deploy", self.project, self.environment, agree=f"older:{self.project}")
        return advice("pull that commit; or, to go back to the older one: `{}`", older)

    @property
    def result(self) -> Result:
        """How it ends: it stays as it is, with advice about it."""
        return Result(
            project=self.project,
            environment=self.environment,
            outcome="newer",
            version=self.version,
            release=self.release,
            detail=self.what,
            hint=self.hint,
        )


@attrs.frozen(kw_only=True)
class RemovedStep:
    """The unit's folder no longer exists but it still runs here. A deploy deletes nothing."""

    project: str
    environment: str
    version: str | None

    @property
    def result(self) -> Result:
        """How it ends: it runs on, with advice how to remove it."""
        ends = unit_call("destroy", self.project, self.environment)
        detail = advice("its folder is gone, but it still runs here; `{}` removes it", ends)
        return Result(project=self.project, environment=self.environment, outcome="removed", detail=detail)


Step = DeployStep | UnchangedStep | NewerStep | BlockedStep | RemovedStep


@attrs.frozen(kw_only=True)
class Plan:
    """All steps, environment by environment in promotion order, dependencies first.

    ``asked``, ``rules``, ``notes`` and ``left`` are not part of what is planned, so they do not change its digest.

    Args:
        environments: the names of all environments that the plan covers, in promotion order.
        asked: the request that the plan was made for (verb, targets, selection), so that it can be made again and
            compared.
        commit: the commit that was planned.
        committed: when that commit was made, as ISO 8601 in UTC.
        dirty: whether files differed from that commit.
        steps: what is to be done, in order.
        rules: the rules that apply to the environments that change, if they were read.
        notes: (unit, a remark about its build).
        left: a line for each environment that was removed from the table while something runs there.
    """

    environments: tuple[str, ...]
    asked: tuple[tuple[str, str], ...]
    commit: str
    committed: str
    dirty: bool
    steps: tuple[Step, ...]
    rules: tuple[Bound, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    left: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The name of the plan, which is the SHA-256 of everything that will change in all its environments.

        A plan for one environment has one name, so that an approval of it has the name that the plan shows.
        """
        parts = [self.digest_of(environment) for environment in self.environments]
        return parts[0] if len(parts) == 1 else digest(parts)

    def digest_of(self, environment: str) -> str:
        """What an approval binds to: everything that will change in one environment.

        Why it changes, who asked and the commit are left out: the same change is the same plan.
        """
        return self._digests.get(environment) or digest([])

    @cached_property
    def _digests(self) -> dict[str, str]:
        """By environment, computed once: every record of a run has it."""
        changes: dict[str, list[dict[str, Any]]] = {}
        for step in self.deploys:
            changes.setdefault(step.environment, []).append(_change(step))
        return {environment: digest(found) for environment, found in changes.items()}

    @property
    def deploys(self) -> tuple[DeployStep, ...]:
        """The steps that would deploy something."""
        return tuple(step for step in self.steps if isinstance(step, DeployStep))

    @property
    def blocked(self) -> tuple[BlockedStep, ...]:
        """The steps that cannot be carried out, with the reasons."""
        return tuple(step for step in self.steps if isinstance(step, BlockedStep))

    @property
    def questions(self) -> tuple[Question, ...]:
        """What a person must agree to, each once."""
        return tuple(dict.fromkeys(question for step in self.deploys for question in step.questions))

    def rule_lines(self) -> tuple[str, ...]:
        """The rules that apply, and the environment at which the run stops."""
        return tuple(line for bound in self.rules for line in (*bound.lines(), *self._stop(bound)))

    def _stop(self, bound: Bound) -> tuple[str, ...]:
        earlier = self.environments[: self.environments.index(bound.environment)]
        stops = bound.needs_approval and not bound.unreadable and earlier
        return (
            (f"{bound.environment}: without it this run changes {', '.join(earlier)} and then stops",) if stops else ()
        )

    def text(self, *, details: bool = False) -> str:
        """As a table of steps, without colours; ``details``: with every property that changes.

        What it advises names methods and their arguments.
        """
        from multi_env_lambda.show.render import text_of
        from multi_env_lambda.show.text import plan_text

        return text_of(plan_text(self, details=details, say=in_python))

    def __repr__(self) -> str:
        return self.text()

    def to_dict(self) -> dict[str, Any]:
        """What is saved, and printed with ``--json``."""
        return {
            "format": 1,
            "digest": self.digest,
            "environments": list(self.environments),
            "asked": dict(self.asked),
            "commit": self.commit,
            "dirty": self.dirty,
            "steps": [_document(step) for step in self.steps],
            "rules": list(self.rule_lines()),
            **asks_of(self.rules),
            **({"left": list(self.left)} if self.left else {}),
        }

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.html import plan_html

        return plan_html(self)


def with_steps(plan: Plan, steps: Iterable[Step]) -> Plan:
    """The same plan, with each of these in the place of the step of the same unit and environment."""
    found = {(step.environment, step.project): step for step in steps}
    return attrs.evolve(plan, steps=tuple(found.get((step.environment, step.project), step) for step in plan.steps))


def _change(step: DeployStep) -> dict[str, Any]:
    return {
        "project": step.project,
        "environment": step.environment,
        "release": step.release.digest,
        "running": step.running,
        "changes": [attrs.asdict(change) for change in step.changes],
        "questions": [attrs.asdict(question) for question in step.questions],
    }


def _document(step: Step) -> dict[str, Any]:
    match step:
        case DeployStep():
            document = attrs.asdict(step)
            document["release"] = {"digest": step.release.digest, "version": step.release.version}
            return {"kind": "deploy", **document}
        case UnchangedStep():
            return {"kind": "unchanged", **attrs.asdict(step)}
        case NewerStep():
            return {"kind": "newer", **attrs.asdict(step), "hint": step.hint}
        case BlockedStep():
            # The kind of a blocked step is the kind of its error.
            return {**attrs.asdict(step), "kind": "blocked", "error": step.kind}
        case RemovedStep():
            return {"kind": "removed", **attrs.asdict(step)}
