"""Each role of `bootstrap` in the hands of a thief: what two evaluators of policies say to all that she tries."""

from __future__ import annotations

import pytest

from .cases import ALLOWED, DENIED, FORBIDDEN
from .judges import first_judge, second_judge
from .thieves import attempt, goals, roles

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]


def test_no_role_reaches_what_another_one_is_for_and_each_has_its_own() -> None:
    tried = [(held, goal) for held in roles() for goal in goals()]
    cases = [attempt(held, goal) for held, goal in tried]
    first, second = first_judge(cases), second_judge(cases)
    wrong = []
    for (held, goal), case, *said in zip(tried, cases, first, second, strict=True):
        expected = (ALLOWED,) if held.name in goal.may else (DENIED, FORBIDDEN)
        wrong += [f"{case.name}: {judge}" for judge in said if judge not in expected]

    assert len(cases) > 3000
    assert not wrong, "\n".join(sorted(set(wrong)))
