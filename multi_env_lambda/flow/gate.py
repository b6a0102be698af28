"""The gate in front of an environment: what a person must agree to before anything is written there."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.errors import (
    AccountError,
    DocumentError,
    MultiEnvLambdaError,
    Refused,
    UpgradeNeeded,
)
from multi_env_lambda.flow.committed import must_be_committed
from multi_env_lambda.flow.consent import Consent, agree_words
from multi_env_lambda.flow.rules import bound_of, learn, weaken
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, in_lines, read_document, structure
from multi_env_lambda.model.principal import principal_of, same_somebody, session_name_of
from multi_env_lambda.model.record import REVIEWED, WITNESSED, approvals_folder
from multi_env_lambda.model.rules import Rules
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.wording import Advice, advice, option, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.model.plan import DeployStep, Plan
    from multi_env_lambda.model.rules import Bound
    from multi_env_lambda.model.store import Listed, ObjectStore
    from multi_env_lambda.world import World

__all__ = [
    "APPROVAL_HOURS",
    "APPROVE_SAVED",
    "Approval",
    "Gate",
    "agreed",
    "approval_key",
    "approve",
    "find_approval",
    "gate",
    "named",
    "save_removal",
    "waiting_lines",
    "waiting_plan",
    "waits_for_another",
    "write_approval",
]

APPROVAL_HOURS = 24


APPROVE_SAVED = Advice("approve.py plan.json", 'workspace.approve("plan.json")')
_APPLY_SAVED = Advice("deploy.py --plan plan.json", 'workspace.apply("plan.json")')
_PLANS = {"promote": "plan_promotion", "rollback": "plan_rollback", "repair": "plan_repair"}


@shown_as_text
@attrs.frozen(kw_only=True)
class Approval:
    """Who approved what.

    Args:
        environment: where it may be carried out.
        digest: that of the environment's part of the plan, or of a removal.
        who: the ARN of the approver.
        when: ISO 8601.
        user_id: also ends the key, so a bucket policy can require that it is the writer's own (``aws:userid``).
        rules: the table's, which were displayed as weaker than before: the approver agrees to them as well.
        order: what the approver saw that the table takes away from the committed order.
        age_seconds: how old it is, by the clock of the store; 0 when it is given.
    """

    environment: str
    digest: str
    who: str
    when: str
    user_id: str
    rules: Rules | None = None
    order: tuple[str, ...] = ()
    age_seconds: float = 0.0

    @property
    def principal(self) -> str:
        """Who that is, without the parts that the caller chose."""
        return principal_of(self.who).name

    @property
    def proven_name(self) -> str:
        """The name of the session that wrote it, as ``aws:userid`` and so its key says; empty of an IAM user.

        Of one that was given in CodePipeline, its witness has seen whose session it was.
        """
        return session_name_of(self.who) if self.user_id == WITNESSED else self.user_id.partition(":")[2]

    def text(self) -> str:
        """What was approved, and by whom."""
        return f"{self.environment}: plan {self.digest[:12]} approved by {self}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return {**attrs.asdict(self), "principal": self.principal}

    def __str__(self) -> str:
        return named(self.who)


@attrs.frozen(kw_only=True)
class Gate:
    """The decision about one environment. ``approved`` says by whom; ``closed`` says why nothing may pass.

    ``answered``: somebody approved this very plan, with all its questions. ``kept`` are the remembered rules that
    hold although the table no longer has them.
    """

    consent: Consent
    approved: str = ""
    answered: bool = False
    kept: tuple[str, ...] = ()
    closed: Refused | None = None

    def check(self, step: DeployStep) -> None:
        """Let a step pass.

        Raises:
            Refused: the environment is closed, or a question of the step is not answered.
        """
        if self.closed is not None:
            raise self.closed
        for breach in step.breaks:
            if breach.rule in self.kept:
                raise Refused(f"{step.project} in {step.environment}", breach.what, hint=breach.hint)
        left = [question for question in step.questions if question.answer not in self.consent.allowed]
        if left and not self.answered:
            what = "\n".join(question.text for question in left)
            raise Refused(
                f"{step.project} in {step.environment}", what, hint=advice("agree with `{}`", agree_words(left))
            )


def gate(world: World, plan: Plan, environment: str, consent: Consent) -> Gate:
    """Check whether this environment may be changed as planned. If nothing changes, nothing is checked."""
    changes = any(step.environment == environment for step in plan.deploys)
    if not changes:
        return Gate(consent=consent)
    hint = advice("{}, then somebody else: `{}`, then `{}`", _save(plan, environment), APPROVE_SAVED, _APPLY_SAVED)
    bound = next((item for item in plan.rules if item.environment == environment), None)
    return agreed(world, environment, plan.digest_of(environment), consent, hint=hint, bound=bound)


def _save(plan: Plan, environment: str) -> str:
    """How to save this plan for approval."""
    asked = dict(plan.asked)
    if asked["verb"] != "deploy":
        verb, plan_it = asked["verb"], _PLANS[asked["verb"]]
        return Advice(
            f"the same `{verb}` with `--out plan.json`",
            f'`save(workspace.{plan_it}(…), "plan.json")` with the same arguments',
        )
    units = asked.get("only", "").split()
    only = f" {option('only', units)}" if units else ""
    place = option("environment", environment)
    place = option("to", asked["target"]) if "through" in asked else Advice(environment, place.python)
    arguments = ", ".join((*map(json.dumps, units), place.python, "publish=True"))
    return Advice(f"`plan.py {place}{only} --out plan.json`", f'`save(workspace.plan({arguments}), "plan.json")`')


def waits_for_another(world: World, bound: Bound, digest: str) -> bool:
    """Whether only somebody else can approve this, and nobody has. Nothing is written."""
    if bound.unreadable or not bound.needs_approval or bound.rules.approvals_by_author:
        return False
    found = find_approval(world, bound, digest)
    return _not_counted(world, found, bound, digest, "") is not None


def waiting_lines(environment: str, digest: str, save: str, again: str) -> Advice:
    """What a person reads then, in three lines: typing the environment's name is no approval."""
    lines = "{} waits for somebody else to approve {}; to request that: {}\n  then somebody else: `{}`\n  then: `{}`"
    return advice(lines, environment, digest[:12], save, APPROVE_SAVED, again)


def save_removal(project: str, environment: str) -> Advice:
    """How the request to delete a unit is saved, to be approved."""
    python = f'save({unit_call("plan_removal", project, environment).python}, "plan.json")'
    return Advice(f"{unit_call('destroy', project, environment)} --out plan.json", python)


def waiting_plan(plan: Plan, environment: str) -> Advice:
    """The same for an environment's part of a plan."""
    save = _save(plan, environment)
    return waiting_lines(environment, plan.digest_of(environment), save, _APPLY_SAVED)


def agreed(
    world: World, environment: str, digest: str, consent: Consent, *, hint: str, bound: Bound | None = None
) -> Gate:
    """Check whether the change with this digest may be made here, whatever its kind.

    Args:
        bound: the environment's rules, if already read.
    """
    try:
        _must_deploy(world, environment)
        must_be_committed(world, environment)
        known = learn(world, bound_of(world, environment) if bound is None else bound)
        if known.unreadable:
            raise Refused(
                environment, f"nothing can be changed: {known.unreadable}", hint="check the object with this key"
            )
        return _decided(world, known, digest, consent, hint)
    except MultiEnvLambdaError as error:
        closed = error if isinstance(error, Refused) else Refused(error.where, error.what, hint=error.hint)
        return Gate(consent=consent, closed=closed)


def _must_deploy(world: World, environment: str) -> None:
    place = world.config.environment(environment)
    if place.only_looks:
        what = f"you act as {world.config.devops.role_name}, which may look there and change nothing"
        allowed = " and ".join(place.deployed_by)
        hint = f"`deployed_by` of its table lets {allowed} deploy there; `bootstrap` again after changing it"
        raise Refused(environment, what, hint=hint)


def _decided(world: World, bound: Bound, digest: str, consent: Consent, hint: str) -> Gate:
    kept = bound.weaker
    if not bound.asks:
        return Gate(consent=consent)
    caller = world.platform.caller()
    if bound.may_be_typed and bound.environment in consent.typed:
        return Gate(consent=consent, approved=caller, kept=kept)
    found = find_approval(world, bound, digest)
    why = _not_counted(world, found, bound, digest, hint)
    if found is None or why is not None:
        return Gate(consent=consent, kept=kept, closed=why if bound.needs_approval else None)
    if bound.weaker and found.rules == bound.table:
        weaken(world, bound.environment, bound)
        kept = ()
    return Gate(consent=consent, approved=found.who, answered=True, kept=kept)


def _not_counted(world: World, found: Approval | None, bound: Bound, digest: str, hint: str) -> Refused | None:
    """Why no approval opens the environment."""
    if found is None:
        said = "; ".join(bound.lines()[:-1]) if bound.weaker or bound.order else ""
        what = f"plan {digest[:12]} has not been approved" + (f" ({said})" if said else "")
        return Refused(bound.environment, what, hint=hint)
    if found.age_seconds > APPROVAL_HOURS * 3600:
        hours = f"{found.age_seconds / 3600:.0f} hours old; it is valid for {APPROVAL_HOURS}"
        what = f"the approval of plan {digest[:12]} is {hours}"
        return Refused(bound.environment, what, hint="request a new approval")
    if bound.order and found.order != bound.order:
        what = f"the approval of plan {digest[:12]} was given under another table: {'; '.join(bound.order)}"
        return Refused(
            bound.environment, what, hint="commit the table, or have it approved where the table is the same"
        )
    caller = world.platform.caller()
    if not bound.rules.approvals_by_author and found.user_id == REVIEWED and not _is_build(world, caller):
        what = f"plan {digest[:12]} was approved by {found}, which lets the build deploy, and nobody else"
        return Refused(bound.environment, what, hint="let the workflow deploy it, or somebody else approve it here")
    if not bound.rules.approvals_by_author and _is_same(world, found, caller):
        by = "" if found.who == caller else f" as {named(caller)}"
        what = f"plan {digest[:12]} was approved by {found}, who is deploying it{by}"
        return Refused(bound.environment, what, hint="somebody else must approve it")
    return None


def named(arn: str) -> str:
    """An ARN, preceded by the principal if that is not the same; somebody at GitHub by login and number.

    >>> named("arn:aws:sts::111111111111:assumed-role/ci/ada")
    'arn:aws:iam::111111111111:role/ci (arn:aws:sts::111111111111:assumed-role/ci/ada)'
    """
    who = principal_of(arn)
    if who.kind == "github":
        return f"{who.person} at GitHub ({who.name})"
    name = who.name
    return arn if name == arn else f"{name} ({arn})"


def _is_same(world: World, approval: Approval, caller: str) -> bool:
    """Whether the approver may be the caller: by her ARN and, where `bootstrap` made roles, by her session's name.

    The ARN is the approver's own word. IAM puts the name into the key, and the trust policies of those roles prescribe
    it; elsewhere callers choose it, so it proves nothing. Somebody at GitHub may be anybody who has keys here.
    """
    if approval.user_id == REVIEWED:
        return not _is_build(world, caller)
    proven = "" if world.config.roles is None else approval.proven_name.casefold()
    return same_somebody(principal_of(approval.who), principal_of(caller)) or (
        bool(proven) and proven == session_name_of(caller).casefold()
    )


def _is_build(world: World, caller: str) -> bool:
    """Whether the caller is the role of builds: no person is in it, and GitHub keeps apart who pushed."""
    roles, account_id = world.config.roles, world.config.devops.account_id
    who = principal_of(caller)
    is_ours = roles is not None and who.name.endswith(f":role/{roles.of_devops('build')}")
    return is_ours and (who.kind, who.account_id) == ("role", account_id)


def approval_key(environment: str, digest: str, who: str, user_id: str) -> str:
    """One object per approval, so that an author's own never replaces somebody else's.

    It ends in the writer's user id: a policy about ``environments/NAME/approvals/*/*/${aws:userid}.json`` lets people
    approve as herself only.
    """
    folder = f"{approvals_folder(environment)}{digest}"
    return f"{folder}/{hashlib.sha256(who.encode()).hexdigest()[:16]}/{user_id}.json"


def find_approval(world: World, bound: Bound, digest: str) -> Approval | None:
    """The approval of a plan that counts most: by somebody who may, not expired, given under the table's rules."""
    listed = world.store.list(f"{approvals_folder(bound.environment)}{digest}/")
    found = [approval for item in listed if (approval := _read(world, item)) is not None]
    caller = world.platform.caller() if found else ""

    def order(approval: Approval) -> tuple[bool, bool, bool, bool, float]:
        own = not bound.rules.approvals_by_author and _is_same(world, approval, caller)
        old = approval.age_seconds > APPROVAL_HOURS * 3600
        fewer = bool(bound.weaker) and approval.rules != bound.table
        return own, old, bool(bound.order) and approval.order != bound.order, fewer, approval.age_seconds

    return min(found, key=order, default=None)


def _read(world: World, item: Listed) -> Approval | None:
    """An approval that matches its key; anything else there approves nothing and blocks nothing."""
    stored = world.store.get(item.key)
    if stored is None:
        return None
    try:
        document = read_document(stored.body, where=item.key, kind="an approval")
        found = structure(Approval, in_lines(document), where=item.key, kind="an approval")
        kind = principal_of(found.who).kind
    except (AccountError, DocumentError, UpgradeNeeded) as error:
        logging.getLogger(__name__).warning("%s", error)
        return None
    if approval_key(found.environment, found.digest, found.who, found.user_id) != item.key:
        logging.getLogger(__name__).warning("%s: this approval is for something else", item.key)
        return None
    if (kind == "github") != (found.user_id == REVIEWED):
        text = "%s: `%s` wrote it, but it claims to be from %s"
        logging.getLogger(__name__).warning(text, item.key, found.user_id, found.who)
        return None
    if found.proven_name not in ("", session_name_of(found.who)):
        text = "%s: `%s` wrote it, but it claims to be from %s"
        logging.getLogger(__name__).warning(text, item.key, found.proven_name, found.who)
        return None
    return attrs.evolve(found, age_seconds=max(world.store.now() - item.modified, 0.0))


def approve(
    world: World, environment: str, digest: str, *, weaker: Rules | None = None, order: tuple[str, ...] = ()
) -> Approval:
    """Approve one environment's part of a plan as the caller. Approving again renews it.

    Args:
        weaker: the table's rules, if the approver saw that they are weaker than what is remembered.
        order: what the approver saw that the table takes away from the committed order.
    """
    writer = world.platform.writer()
    principal_of(writer.arn)
    approval = Approval(
        environment=environment,
        digest=digest,
        who=writer.arn,
        user_id=writer.user_id,
        when=world.now(),
        rules=weaker,
        order=order,
    )
    return write_approval(world.store, approval)


def write_approval(store: ObjectStore, approval: Approval, *, renews: bool = True) -> Approval:
    """Leave it where the gate looks for it; one that is there is renewed, the very same one only if it ``renews``."""
    order = approval.order
    left_out = ("age_seconds",) if order else ("age_seconds", "order")
    document = {name: value for name, value in attrs.asdict(approval).items() if name not in left_out}
    body = canonical_json({"format": FORMAT, "principal": approval.principal, **document}).encode("ascii")
    key = approval_key(approval.environment, approval.digest, approval.who, approval.user_id)
    there = store.get(key)
    if there is None:
        store.put_new(key, body)
    elif renews or there.body != body:
        store.replace(key, body, etag=there.etag)
    return approval
