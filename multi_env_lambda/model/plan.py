"""What will be done, as a plain value that can be printed, saved, compared and approved; and later applied."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import attrs

from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.record import Action
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.rules import Bound

__all__ = ["BlockedStep", "DeployStep", "Origin", "Plan", "Question", "RemovedStep", "Step", "UnchangedStep"]


@attrs.frozen(kw_only=True)
class Question:
    """Something a person must agree to by name. ``answer`` is what is typed, or given with ``--agree``.

    An answer is a kind and a name, which says whose it is where another unit may have the same:
    ``replace:billing/Invoices``, ``import:billing/acme-invoices``, ``again:orders``, ``take-over:orders-sandbox``,
    ``traffic:orders``.
    """

    kind: Literal["rolled back", "destructive", "take over", "import", "traffic"]
    text: str
    answer: str

    @property
    def short(self) -> str:
        """The answer without the unit, which is enough where no other unit is asked the same.

        >>> Question(kind="destructive", text="", answer="replace:billing/Invoices").short
        'replace:Invoices'
        """
        kind, _, name = self.answer.partition(":")
        return f"{kind}:{name.partition('/')[2]}" if kind in ("replace", "import") else self.answer


@attrs.frozen(kw_only=True)
class Origin:
    """The commit that a release was made from. ``committed`` is its time in ISO 8601; ``dirty``: with local changes."""

    commit: str = ""
    committed: str = ""
    dirty: bool = False


@attrs.frozen(kw_only=True)
class DeployStep:
    """One unit changes in one environment. ``running`` is the digest of the release that runs there now.

    ``notes`` are what to know of the change; nobody is asked about them.
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
    notes: tuple[str, ...] = ()
    reason: str = ""


@attrs.frozen(kw_only=True)
class UnchangedStep:
    """Nothing to do for this unit here, and why."""

    project: str
    environment: str
    release: str | None
    version: str | None
    why: str


@attrs.frozen(kw_only=True)
class BlockedStep:
    """This unit cannot go on here; the other units are not held up by it."""

    project: str
    environment: str
    kind: str
    what: str
    hint: str


@attrs.frozen(kw_only=True)
class RemovedStep:
    """The unit's folder is gone but it still runs here. Nothing is deleted by a deploy."""

    project: str
    environment: str
    version: str | None


Step = DeployStep | UnchangedStep | BlockedStep | RemovedStep


@attrs.frozen(kw_only=True)
class Plan:
    """All steps, environment by environment in promotion order, dependencies first.

    ``asked`` is what the plan was made for (verb, targets, selection), so that it can be made again and compared.
    ``rules``: by what the environments that change are bound, where that was read; ``notes``: (unit, what somebody
    should know of its build); ``left``: a line for each environment that left the table while something runs there.
    None of them is a part of what is planned.
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
        """The name of the plan, which is the SHA-256 over everything that will change in all its environments.

        A plan for one environment has one name, so that an approval of it says the name that the plan shows.
        """
        parts = [self.digest_of(environment) for environment in self.environments]
        return parts[0] if len(parts) == 1 else digest(parts)

    def digest_of(self, environment: str) -> str:
        """What an approval binds to: everything that will change in one environment.

        Why it changes, who asked and from which commit is left out: the same change is the same plan.
        """
        return self._digests.get(environment) or digest([])

    @cached_property
    def _digests(self) -> dict[str, str]:
        """By environment, once: every record of a run has it."""
        changes: dict[str, list[dict[str, Any]]] = {}
        for step in self.deploys:
            changes.setdefault(step.environment, []).append(_change(step))
        return {environment: digest(found) for environment, found in changes.items()}

    @property
    def deploys(self) -> tuple[DeployStep, ...]:
        return tuple(step for step in self.steps if isinstance(step, DeployStep))

    @property
    def blocked(self) -> tuple[BlockedStep, ...]:
        return tuple(step for step in self.steps if isinstance(step, BlockedStep))

    @property
    def questions(self) -> tuple[Question, ...]:
        """What a person must agree to, each once."""
        return tuple(dict.fromkeys(question for step in self.deploys for question in step.questions))

    def text(self, *, details: bool = False) -> str:
        """As the command line prints it, without colours; ``details``: with every property that changes."""
        from multi_env_lambda.show.render import text_of
        from multi_env_lambda.show.text import plan_text

        return text_of(plan_text(self, details=details))

    def __str__(self) -> str:
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
            "rules": [line for bound in self.rules for line in bound.lines()],
            **({"left": list(self.left)} if self.left else {}),
        }

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.html import plan_html

        return plan_html(self)


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
        case BlockedStep():
            # The kind of a blocked step is the kind of its error.
            return {**attrs.asdict(step), "kind": "blocked", "error": step.kind}
        case RemovedStep():
            return {"kind": "removed", **attrs.asdict(step)}
