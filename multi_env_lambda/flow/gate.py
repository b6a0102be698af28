"""The gate in front of an environment: what must be agreed to by a person before anything is written there."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable

import attrs

from multi_env_lambda.errors import ConfigurationError, DocumentError, Refused, UpgradeNeeded
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, read_document, structure
from multi_env_lambda.model.plan import DeployStep, Plan, Question
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.record import environment_folder
from multi_env_lambda.model.store import Listed
from multi_env_lambda.world import World

__all__ = [
    "APPROVAL_HOURS",
    "NO_CONSENT",
    "Approval",
    "Consent",
    "Gate",
    "agree_words",
    "agreed",
    "approval_key",
    "approve",
    "check_answers",
    "find_approval",
    "gate",
]

APPROVAL_HOURS = 24


@attrs.frozen(kw_only=True)
class Consent:
    """What the person at the keyboard agreed to.

    Args:
        typed: names of environments that were typed on a terminal, each an approval by that person.
        allowed: answers to questions of single steps (``--agree replace:Invoices``).
    """

    typed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


NO_CONSENT = Consent()


@attrs.frozen(kw_only=True)
class Approval:
    """Who approved what; ``age_seconds`` by the clock of the store.

    ``user_id`` also ends the key, where a bucket policy can demand that it is the writer's own (``aws:userid``).
    """

    environment: str
    digest: str
    who: str
    when: str
    user_id: str
    age_seconds: float = 0.0


@attrs.frozen(kw_only=True)
class Gate:
    """The decision about one environment. ``approved`` says by whom; ``closed`` why nothing may pass.

    ``answered``: somebody approved this very plan, in which all questions stand.
    """

    consent: Consent
    approved: str = ""
    answered: bool = False
    closed: Refused | None = None

    def check(self, step: DeployStep) -> None:
        """Let a step through.

        Raises:
            Refused: the environment is closed, or a question of the step is not answered.
        """
        if self.closed is not None:
            raise self.closed
        left = [question for question in step.questions if question.answer not in self.consent.allowed]
        if left and not self.answered:
            what = "\n".join(question.text for question in left)
            raise Refused(f"{step.project} in {step.environment}", what, hint=f"agree with `{agree_words(left)}`")


def agree_words(questions: Iterable[Question]) -> str:
    """The options that answer these questions, as they are typed."""
    return " ".join(f"--agree {answer}" for answer in dict.fromkeys(question.answer for question in questions))


def check_answers(plan: Plan, consent: Consent) -> None:
    """Refuse an answer that no question asks for: one that is misspelt, or that was left in a script.

    A plan that changes nothing asks nothing, and a command that has done its work may be given again.

    Raises:
        ConfigurationError: there is such an answer.
    """
    asked = {question.answer for step in plan.deploys for question in step.questions}
    for answer in sorted(consent.allowed - asked) if plan.deploys else ():
        what = f"no question of this plan asks for `{answer}`"
        hint = did_you_mean(answer, asked) if asked else "leave it out"
        raise ConfigurationError("--agree", what, hint=hint)


def gate(world: World, plan: Plan, environment: str, consent: Consent) -> Gate:
    """Look whether somebody may change this environment as planned. An environment without approval is open."""
    changes = any(step.environment == environment for step in plan.deploys)
    if not changes:
        return Gate(consent=consent)
    asked = dict(plan.asked)
    save = f"the same `{asked['verb']}` with `--out plan.json`"
    if asked["verb"] == "deploy":
        place = f"--to {asked['target']}" if "through" in asked else environment
        only = "".join(f" --only {name}" for name in asked.get("only", "").split())
        save = f"`plan.py {place}{only} --out plan.json`"
    hint = f"{save}, then somebody else: `approve.py plan.json`, then `deploy.py --plan plan.json`"
    return agreed(world, environment, plan.digest_of(environment), consent, hint=hint)


def agreed(world: World, environment: str, digest: str, consent: Consent, *, hint: str) -> Gate:
    """Look whether what has this digest may be done here, whatever kind of change it is."""
    if not world.config.environment(environment).approval:
        return Gate(consent=consent)
    if environment in consent.typed:
        return Gate(consent=consent, approved=world.platform.caller())
    found = find_approval(world, environment, digest)
    if found is None:
        what = f"nobody has approved plan {digest[:12]}"
        return Gate(consent=consent, closed=Refused(environment, what, hint=hint))
    return _approved(world, found, consent)


def _approved(world: World, found: Approval, consent: Consent) -> Gate:
    if found.age_seconds > APPROVAL_HOURS * 3600:
        hours = f"{found.age_seconds / 3600:.0f} hours old, {APPROVAL_HOURS} are allowed"
        what = f"the approval of plan {found.digest[:12]} is {hours}"
        return Gate(consent=consent, closed=Refused(found.environment, what, hint="have it approved again"))
    if found.who == world.platform.caller() and not world.config.approvals_by_author:
        what = f"plan {found.digest[:12]} was approved by {found.who}, who is deploying it"
        hint = "somebody else must approve it, or set `approvals_by_author = true` in the workspace"
        return Gate(consent=consent, closed=Refused(found.environment, what, hint=hint))
    return Gate(consent=consent, approved=found.who, answered=True)


def approval_key(environment: str, digest: str, who: str, user_id: str) -> str:
    """One object per approval, so that an author's own never stands in the way of somebody else's.

    It ends in the writer's user id: a policy about ``environments/*/approvals/*/${aws:userid}.json`` lets everybody
    approve as herself only.
    """
    folder = f"{environment_folder(environment)}approvals/{digest}"
    return f"{folder}/{hashlib.sha256(who.encode()).hexdigest()[:16]}/{user_id}.json"


def find_approval(world: World, environment: str, digest: str) -> Approval | None:
    """The newest approval of a plan, by somebody else than the caller where there is one."""
    listed = world.store.list(f"{environment_folder(environment)}approvals/{digest}/")
    found = [approval for item in listed if (approval := _read(world, item)) is not None]
    caller = world.platform.caller() if found else ""
    return min(found, key=lambda approval: (approval.who == caller, approval.age_seconds), default=None)


def _read(world: World, item: Listed) -> Approval | None:
    """An approval that is what its key says; anything else there approves nothing, and stops nobody."""
    stored = world.store.get(item.key)
    if stored is None:
        return None
    try:
        document = read_document(stored.body, where=item.key, kind="an approval")
        found = structure(Approval, document, where=item.key, kind="an approval")
    except (DocumentError, UpgradeNeeded) as error:
        logging.getLogger(__name__).warning("%s", error)
        return None
    if approval_key(found.environment, found.digest, found.who, found.user_id) != item.key:
        logging.getLogger(__name__).warning("%s: it is an approval of something else", item.key)
        return None
    return attrs.evolve(found, age_seconds=max(world.store.now() - item.modified, 0.0))


def approve(world: World, environment: str, digest: str) -> Approval:
    """Approve one environment's part of a plan as the caller. Approving again renews it."""
    writer = world.platform.writer()
    approval = Approval(
        environment=environment, digest=digest, who=writer.arn, user_id=writer.user_id, when=world.now()
    )
    document = {name: value for name, value in attrs.asdict(approval).items() if name != "age_seconds"}
    body = canonical_json({"format": FORMAT, **document}).encode("ascii")
    key = approval_key(environment, digest, approval.who, approval.user_id)
    there = world.store.get(key)
    if there is None:
        world.store.put_new(key, body)
    else:
        world.store.replace(key, body, etag=there.etag)
    return approval
