"""Sessions that end while a command runs."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_END, _RUN = ("aws/test_session_end.py",), ("flow/test_session_end.py",)

MUTATIONS = (
    Mutation(
        "aws/session.py",
        "        tell_ending(client, lambda: self._source_of(session, place), self.endings)\n",
        "",
        "Every client tells that its session has ended.",
        _END,
    ),
    Mutation(
        "aws/session_end.py",
        "            endings.note(found)\n",
        "",
        "The end of the caller's session is noticed while a role lives.",
        _END,
    ),
    Mutation(
        "aws/session_end.py",
        "not (worked and (",
        "not ((",
        "Keys that AWS never accepted are a mistake, and no session that ended.",
        _END,
    ),
    Mutation(
        "aws/clock.py",
        "    if theirs is None or abs((ours - theirs).total_seconds()) < _ALLOWED_SECONDS:\n",
        "    if theirs is None:\n",
        "A clock is blamed only if it is wrong.",
        _END,
    ),
    Mutation(
        "aws/redaction.py",
        "        if record.exc_info and isinstance(record.exc_info[1], SessionEnded):\n            return False\n",
        "",
        "A role that lives is used without a word about its renewal.",
        _END,
    ),
    Mutation(
        "flow/act.py",
        "PlanStale | Refused | SessionEnded)",
        "PlanStale | Refused)",
        "A session that ended is not recorded as a failure.",
        _RUN,
    ),
    Mutation(
        "pipeline.py",
        "        step = steps[name]\n        if (ended := passage.ended()) is not None:\n",
        "        step = steps[name]\n        if (ended := passage.ended()) is None and False:\n",
        "No unit begins after the session has ended.",
        _RUN,
    ),
    Mutation(
        "pipeline.py",
        "    with world.endings.raised():\n        return _planned(",
        "    if True:\n        return _planned(",
        "What was read after the end of the session is no plan.",
        _RUN,
    ),
    Mutation(
        "pipeline.py",
        "        if (ended := passage.ended()) is not None:  # while it waited for its turn\n",
        "        if (ended := passage.ended()) is None and False:\n",
        "No unit that waits for its turn begins after the session has ended.",
        _RUN,
    ),
    Mutation(
        "operations/destroy.py",
        "(PlanStale, Refused, SessionEnded)",
        "(PlanStale, Refused)",
        "A deletion that goes on is not recorded as failed.",
        _RUN,
    ),
    Mutation(
        "operations/prune.py",
        "            raise SessionEnded(error.where, what, hint=error.hint) from error\n",
        "            continue\n",
        "A prune ends with its session.",
        _RUN,
    ),
    Mutation(
        "cli/results.py",
        "    if SessionEnded.__name__ in kinds:\n",
        "    if False:\n",
        "A script learns that the session has ended, whatever else failed.",
        ("cli/test_output.py",),
    ),
)
