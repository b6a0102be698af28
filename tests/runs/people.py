"""What several people do in a town: push, revert, force, tag, ask, agree, hold, freeze, and deploy by hand."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.ci.protected import PLACE
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.model.freeze import Freeze, freeze_key, freezes_to_bytes
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.ci_kept import kept_plan
from tests.runs.town import PLACES, UNITS, Town
from tests.runs.village import GRACE, push_event, request_event, review_event, tag_event

__all__ = ["AMID", "DOINGS", "FEATURES", "People"]

FEATURES = ("feature/a", "feature/$(b)", 'feature/"},{"x","y', "feature/`id`;{a,b}&&c|d", "feature/\u202eünï")
OTHERS = ("a", "-x", "feature", "main2", "refs/heads/main", "x/$(id)")
TAGS = ("orders-0.1.0", "billing-0.1.0", "orders-9.9.9", "nobody-0.1.0", "$(id)-0.1.0")
_DAY = 86_400.0
_BY_HAND = "arn:aws:iam::222222222222:user/ada"


@attrs.define
class People(Town):
    """Everybody.

    Args:
        asked: the commit that was last asked about of each pull request, unless a message of it was lost.
        strange: commits of strangers that no maintainer has agreed to.
        arrived: what was written on branches and ran in the first environment, at least for a time.
        agreed: when she said yes to a digest. heads: the commits that the protected branch has stood at.
    """

    asked: dict[int, str] = attrs.field(factory=dict)
    arrived: set[str] = attrs.field(factory=set)
    strange: set[str] = attrs.field(factory=set)
    agreed: dict[str, float] = attrs.field(factory=dict)
    heads: list[str] = attrs.field(factory=list)
    written: int = 0

    def _text(self, of: str) -> dict[str, str]:
        self.written += 1
        return {self.random.choice(UNITS): f"{of} {self.written}"}

    def push(self) -> None:
        self.heads.append(self.pushed(**self._text("main")))

    def push_now(self) -> None:
        """And the event is there at once."""
        self.push()
        self.deliver()

    def skip(self) -> None:
        """What it changes goes with the next."""
        self.repository.push("main", message="[skip ci] a typo", **self._text("main"))
        self.pushed(push=False)

    def revert(self) -> None:
        """A later commit with what an earlier one had."""
        self.pushed(**self.repository.commits[self.random.choice(self._past())].content)

    def force(self) -> None:
        """Commits are dropped or come back, and perhaps others take their place."""
        self.repository.remote["main"] = self.random.choice([*self._past(), *self.heads[-3:]])
        if self.random.random() < 0.5:
            self.pushed(push=False)
        else:
            self.push()

    def _past(self) -> list[str]:
        return list(self.repository.past(self.repository.remote["main"]))

    def branch(self) -> None:
        """Of somebody, with an environment of its own; or one that leads to nothing."""
        name = self.random.choice((*FEATURES, self.random.choice(OTHERS)))
        self.repository.remote.setdefault(name, self.repository.remote["main"])
        self.pushed(name, **self._text(name))

    def drop(self) -> None:
        """A branch is deleted, which nobody may hear of."""
        if names := [name for name in FEATURES if name in self.repository.remote]:
            name = self.random.choice(names)
            del self.repository.remote[name]
            self.pushed(name, push=False)
            if self.random.random() < 0.3 and not self.faithful:
                self.queue.pop()

    def merge(self) -> None:
        """What a branch has comes to the protected one, as one commit."""
        if names := [name for name in FEATURES if name in self.repository.remote]:
            content = self.repository.commits[self.repository.remote[self.random.choice(names)]].content
            self.arrived |= set(content.values())
            self.pushed(**content)

    def tag(self) -> None:
        """Of any commit, merged or not; the tag may have been of another one before."""
        name = self.random.choice(TAGS)
        self.repository.marks[name] = self.random.choice(self._told())
        self.send("github.com", "push", tag_event(name))

    def pull(self) -> None:
        """A pull request is opened or gets another commit, a member's or a stranger's; what a maintainer says to it."""
        number, stranger = self.random.randint(1, 2), self.random.random() < 0.5
        commit = self.repository.push(f"pull {number}", onto=self.repository.remote["main"], **self._text("pull"))
        del self.repository.remote[f"pull {number}"]
        number += 100 * stranger
        self.repository.requests[number] = commit
        if stranger:
            self.strange.add(commit)
        self.send("github.com", "pull_request", request_event(number, stranger=stranger))
        if not stranger:
            self.asked[number] = commit
        elif self.random.random() < 0.5:
            self.strange.discard(commit)
            if PLACE in self.store.objects:  # before the first build, nobody knows who the maintainers are
                self.asked[number] = commit
            self.send("github.com", "pull_request_review", review_event(number, commit))
        else:
            self.asked.pop(number, None)
            said = review_event(number, commit)
            self.send(
                "github.com",
                "pull_request_review",
                {**said, "sender": {"login": "mallory"}, "review": {**said["review"], "user": {"login": "mallory"}}},
            )  # type: ignore[dict-item]

    def lost(self, event: dict[str, Any]) -> None:
        if event["kind"].startswith("pull_request"):
            self.asked.pop(event["detail"]["number"], None)

    def forge(self) -> None:
        """By whoever may put events on the bus: pushes of commits that are not there, a yes of a maintainer's."""
        theirs = "e" * 40
        said: list[tuple[str, str, Any]] = [
            ("github.com", "push", push_event("main", theirs)),
            ("github.com", "push", push_event("main", "")),
            ("github.com", "push", push_event(self.random.choice(FEATURES), "")),
            ("github.com", "push", tag_event(self.random.choice(TAGS))),
            ("github.com", "pull_request", request_event(7)),
            ("github.com", "pull_request_review", review_event(7, theirs)),
            ("multi_env_lambda", "asked", {"branch": "main"}),
            ("multi_env_lambda", "asked", {"branch": "../../main"}),
            ("aws.codebuild", "CodeBuild Build State Change", {"build-status": "FAILED"}),
        ]
        self.send(*self.random.choice(said))

    # --- what they hold, freeze and agree to ---
    def records(self) -> dict[tuple[str, str], Any]:
        found = {place: self.home.world.ledger.records(place) for place in PLACES}
        return {(place, unit): record for place, units in found.items() for unit, record in units.items()}

    def hold_or_lift(self) -> None:
        # What was rolled back comes again by a person's deploy, or as something else; to lift the hold is not enough.
        there = {where: one for where, one in self.records().items() if one.running and one.rolled_back is None}
        if there and not self.depth:
            place, unit = where = self.random.choice(sorted(there))
            self.hold(unit, place, lifted=there[where].hold is not None)
            self._asks()

    def freeze_or_thaw(self) -> None:
        place = self.random.choice(PLACES)
        self.frozen ^= {place}
        if place in self.frozen:
            self.store.put_new(freeze_key(place), freezes_to_bytes((Freeze(environment=place, who="ada"),)))
        else:
            self.store.objects.pop(freeze_key(place))
        self._asks()

    def _asks(self) -> None:
        """What was lifted or done by hand sends no event; a person does, or the schedule looks."""
        if self.faithful:
            self.send("multi_env_lambda", "asked", {"branch": "main"})

    def approve_all(self) -> bool:
        waits = {digest for one in self.wanted() for place, digest in one.waits if place == "prod"}
        return any([self._agree(digest) for digest in sorted(waits)])

    def _agree(self, digest: str) -> bool:
        """She looks at what is kept under the digest; afterwards she knows to what she agreed."""
        plan = kept_plan(self.store, "prod", digest)
        assert plan is not None
        mine = {(step["project"], step["release"]["digest"]) for step in plan["steps"] if step["kind"] == "deploy"}
        # A yes is valid for a day; after that she says it again.
        known = self.store.time - self.agreed.get(digest, 0.0) < _DAY
        self.agreed[digest] = self.agreed[digest] if known else self.store.time
        self.watch.approved |= mine
        if not known:
            who, self.home.platform.who = self.home.platform.who, GRACE
            approve(self.home.world, "prod", digest)
            self.home.platform.who = who
            key = next(item.key for item in self.store.list(f"environments/prod/approvals/{digest}/"))
            self.send("aws.s3", "Object Created", {"bucket": {"name": "artifacts"}, "object": {"key": key}})
        return not known

    def agree(self) -> None:
        self.approve_all()

    # --- what they do by hand ---
    def _told(self) -> list[str]:
        """The commits that do not say that they are to be skipped."""
        return [name for name, made in self.repository.commits.items() if "[skip ci]" not in made.message]

    def roll_back(self) -> None:
        unit = self.random.choice(UNITS)
        self._by_hand(Request(verb="rollback", target="sandbox", only=(unit,), reason="it is slow"))

    def by_hand(self) -> None:
        """Somebody deploys what she has checked out, whatever that is; but nothing that says it is to be skipped."""
        unit = self.random.choice(UNITS)
        commit = self.random.choice(self._told())
        self.arrived.add(self.repository.commits[commit].content[unit])
        self._by_hand(Request(verb="deploy", target="sandbox", only=(unit,)), commit)

    def _by_hand(self, request: Request, commit: str = "") -> None:
        platform = self.home.platform
        who = platform.who
        world = self.opens(self.folder / (commit or self.repository.remote["main"]))
        platform.who = _BY_HAND
        with suppress(MultiEnvLambdaError):
            plan = pipeline.plan(world, request, closely=True)
            answers = frozenset(one.answer for one in plan.plan.questions)
            pipeline.apply(world, plan, Consent(allowed=answers))
        platform.who = who
        self._asks()


AMID = {
    "push": 3, "push_now": 6, "force": 4, "branch": 2, "drop": 2, "tag": 2, "agree": 1, "roll_back": 2, "by_hand": 2,
    "wait": 4, "deliver": 8, "build": 6, "kill": 3, "hourly": 1,
}  # fmt: skip
DOINGS = {
    "push": 6, "skip": 1, "revert": 1, "force": 2, "branch": 4, "drop": 2, "merge": 1, "tag": 2, "pull": 4, "forge": 1,
    "hold_or_lift": 1, "freeze_or_thaw": 1, "agree": 2, "roll_back": 1, "by_hand": 1, "deliver": 8, "build": 8,
    "kill": 2, "vanish": 1, "double": 1, "lose": 2, "late": 1, "cut": 1, "wait": 3, "hourly": 1, "breaks": 1,
    "heals": 1,
}  # fmt: skip
