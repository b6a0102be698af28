"""A reviewer's yes at GitHub: which becomes an approval, and which does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import Refused
from multi_env_lambda.model.record import approvals_folder
from multi_env_lambda.operations.reviewed import Reviewed, bear_out, unprotected
from multi_env_lambda.testing.memory_store import MemoryStore

DIGEST = "0123456789abcdef" * 4
COMMIT = "a1" * 20
ADA = {"login": "ada", "id": 11, "type": "User"}
GRACE = {"login": "grace", "id": 12, "type": "User"}
EVE = {"login": "eve", "id": 13, "type": "User"}
ASKED = Reviewed(run=7, environment="prod", digest=DIGEST, branch="main")


def place() -> dict[str, Any]:
    """An environment at GitHub that protects as it should; its answers have more in them."""
    rule = {
        "id": 1,
        "type": "required_reviewers",
        "prevent_self_review": True,
        "reviewers": [{"type": "User", "reviewer": GRACE}, {"type": "User", "reviewer": ADA}],
    }
    rules = [{"id": 2, "type": "branch_policy"}, rule]
    return {"id": 5, "name": "prod", "protection_rules": rules, "can_admins_bypass": False}


@attrs.define
class Said:
    """What GitHub says, in memory; a test changes one thing in it."""

    place: Any = attrs.field(factory=place)
    of_run: Any = attrs.field(
        factory=lambda: {
            "run_attempt": 1,
            "head_sha": COMMIT,
            "head_branch": "main",
            "actor": dict(ADA),
            "triggering_actor": dict(ADA),
        }
    )
    yes: list[Any] = attrs.field(
        factory=lambda: [
            {"state": "approved", "user": dict(GRACE), "environments": [{"id": 5, "name": "prod"}], "comment": ""}
        ]
    )
    of_jobs: list[Any] = attrs.field(
        factory=lambda: [{"name": "look", "status": "completed"}, {"name": f"prod {DIGEST}", "status": "in_progress"}]
    )
    of_branch: list[Any] = attrs.field(
        factory=lambda: [{"after": COMMIT, "actor": dict(ADA)}, {"after": "b2" * 20, "actor": dict(GRACE)}]
    )

    def environment(self, name: str) -> Any:
        return self.place

    def run(self, run: int) -> Any:
        return self.of_run

    def approvals(self, run: int) -> list[Any]:
        return self.yes

    def jobs(self, run: int) -> list[Any]:
        return self.of_jobs

    def pushes(self, branch: str) -> list[Any]:
        return self.of_branch


def test_it_writes_what_she_has_seen_in_her_name_by_her_number() -> None:
    store = MemoryStore()
    approval = bear_out(store, Said(), ASKED)

    assert (approval.digest, approval.who, approval.principal) == (DIGEST, "github.com:12:grace", "github.com:12")
    assert str(approval) == "grace at GitHub (github.com:12)"
    (item,) = store.list(f"{approvals_folder('prod')}{DIGEST}/")
    assert item.key.endswith("/github.json")


def test_of_a_team_github_says_who_is_in_it() -> None:
    said = Said()
    said.place["protection_rules"][1]["reviewers"] = [{"type": "Team", "reviewer": {"id": 99, "slug": "releases"}}]

    assert bear_out(MemoryStore(), said, ASKED).who == "github.com:12:grace"


def _set(*path: Any, to: Any) -> Callable[[Said], None]:
    def change(said: Said) -> None:
        first, *rest = path
        if not rest:
            setattr(said, first, to)
            return
        there = getattr(said, first)
        for key in rest[:-1]:
            there = there[key]
        there[rest[-1]] = to

    return change


NO = {"state": "rejected", "user": dict(EVE), "environments": [{"id": 5, "name": "prod"}]}
WRONG: dict[str, Callable[[Said], None]] = {
    "there is no such environment": _set("place", to=None),
    "it asks nobody": _set("place", "protection_rules", to=[]),
    "it names nobody": _set("place", "protection_rules", 1, "reviewers", to=[]),
    "self-reviews are allowed": _set("place", "protection_rules", 1, "prevent_self_review", to=False),
    "nothing is said of self-reviews": _set("place", "protection_rules", 1, to={"type": "required_reviewers"}),
    "administrators may bypass": _set("place", "can_admins_bypass", to=True),
    "nothing is said of administrators": _set("place", "can_admins_bypass", to=None),
    "the run is repeated": _set("of_run", "run_attempt", to=2),
    "there is no such run": _set("of_run", to=None),
    "nobody has answered": _set("yes", to=[]),
    "somebody has said no": _set("yes", 0, "state", to="rejected"),
    "yes and no": lambda said: said.yes.append(NO),
    "two have agreed": lambda said: said.yes.append({**said.yes[0], "user": dict(EVE)}),
    "the yes is for another environment": _set("yes", 0, "environments", to=[{"id": 6, "name": "staging"}]),
    "the yes is for one that was called alike": _set("yes", 0, "environments", to=[{"id": 6, "name": "prod"}]),
    "a bot": _set("yes", 0, "user", to={**GRACE, "type": "Bot"}),
    "nobody that is named": _set("yes", 0, "user", to=None),
    "somebody without a number": _set("yes", 0, "user", to={"login": "grace", "type": "User"}),
    "a login that is none": _set("yes", 0, "user", "login", to="gr:ace"),
    "who is no reviewer": _set("yes", 0, "user", to=dict(EVE)),
    "who has started the run": _set("of_run", "actor", to=dict(GRACE)),
    "who has started it again": _set("of_run", "triggering_actor", to=dict(GRACE)),
    "who has pushed": _set("of_branch", 0, "actor", to=dict(GRACE)),
    "who has pushed, under another login": _set("of_branch", 0, "actor", to={**GRACE, "login": "hopper"}),
    "nobody knows who has pushed": _set("of_branch", to=[]),
    "who has pushed since then": lambda said: said.of_branch.insert(0, {"after": "c3" * 20, "actor": dict(GRACE)}),
    "who has pushed since then is gone": lambda said: said.of_branch.insert(0, {"after": "c3" * 20, "actor": None}),
    "who has pushed is gone": _set("of_branch", 0, "actor", to=None),
    "another branch": _set("of_run", "head_branch", to="feature"),
    "another plan was shown": _set("of_jobs", 1, "name", to=f"prod {'f' * 64}"),
    "the plan of another environment was shown": _set("of_jobs", 1, "name", to=f"staging {DIGEST}"),
    "no plan was shown": _set("of_jobs", to=[]),
    "the job has ended": _set("of_jobs", 1, "status", to="completed"),
    "two jobs are called so": lambda said: said.of_jobs.append(dict(said.of_jobs[1])),
}


@pytest.mark.parametrize("why", WRONG)
def test_whatever_else_github_says_it_writes_nothing(why: str) -> None:
    said, store = Said(), MemoryStore()
    WRONG[why](said)
    with pytest.raises(Refused) as caught:
        bear_out(store, said, ASKED)
    assert caught.value.hint and list(store.list("")) == []


@pytest.mark.parametrize(
    "asked",
    [
        attrs.evolve(ASKED, digest=DIGEST[:12]),
        attrs.evolve(ASKED, digest=f"{DIGEST}\n"),
        attrs.evolve(ASKED, environment="../test"),
        attrs.evolve(ASKED, run=0),
    ],
)
def test_what_is_no_plan_of_an_environment_is_not_even_asked_about(asked: Reviewed) -> None:
    with pytest.raises(Refused, match="no plan of an environment"):
        bear_out(MemoryStore(), Said(place=None), asked)


def test_a_person_who_brought_an_earlier_change_may_review_a_later_one() -> None:
    """Whoever pushes once would otherwise never review; what she pushed was reviewed before it was merged."""
    said = Said()
    assert said.of_branch[1]["actor"] == GRACE
    assert bear_out(MemoryStore(), said, ASKED).digest == DIGEST


def test_what_is_missing_is_named_all_at_once() -> None:
    bad = copy.deepcopy(place())
    bad["protection_rules"][1]["prevent_self_review"] = False
    bad["can_admins_bypass"] = True

    assert unprotected(place()) == ()
    assert unprotected(bad) == ("self-reviews are not prevented", "administrators may bypass the rules")
    assert unprotected({"id": 5, "name": "prod"}) == ("no required reviewers", "administrators may bypass the rules")
