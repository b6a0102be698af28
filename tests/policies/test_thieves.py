"""Each role of `bootstrap` in the hands of a thief: what two evaluators of policies say to all that she tries."""

from __future__ import annotations

import pytest

from .cases import ALLOWED, DENIED, FORBIDDEN
from .goal import Goal
from .judges import first_judge, second_judge
from .thieves import Held, attempt, goals, roles

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]


def may_concern(held: Held, goal: Goal) -> bool:
    """Whether anything speaks of the service at all: what no statement names needs no judge to be denied."""
    service = goal.action.partition(":")[0]
    named = [
        action
        for document in held.identity
        for one in document["Statement"]
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    ]
    return goal.of_resource is not None or any(action == "*" or action.startswith(f"{service}:") for action in named)


def test_no_role_reaches_what_another_one_is_for_and_each_has_its_own() -> None:
    everything = [(held, goal) for held in roles() for goal in goals()]
    assert len(everything) > 14_000
    tried = [(held, goal) for held, goal in everything if may_concern(held, goal)]
    assert not [held.name for held, goal in everything if held.name in goal.may and not may_concern(held, goal)]
    cases = [attempt(held, goal) for held, goal in tried]
    first, second = first_judge(cases), second_judge(cases)
    wrong = []
    for (held, goal), case, *said in zip(tried, cases, first, second, strict=True):
        expected = (ALLOWED,) if held.name in goal.may else (DENIED, FORBIDDEN)
        wrong += [f"{case.name}: {judge}" for judge in said if judge not in expected]

    assert len(cases) > 3000
    assert not wrong, "\n".join(sorted(set(wrong)))
