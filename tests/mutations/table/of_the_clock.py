"""The local cloud's clock, and what is late by it."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_CLOCK, _LATE = "local/test_clock.py", "end_to_end/test_late.py"
_GOOD = f"{_LATE}::test_a_release_that_uses_a_right_it_just_got_is_not_put_back"

MUTATIONS = (
    Mutation(
        "local/emulator/clock.py",
        "gateway.formatdate = lambda usegmt=True: formatdate(clock.now(), usegmt=usegmt)",
        "gateway.formatdate = lambda usegmt=True: formatdate(usegmt=usegmt)",
        "A silent holder can be taken over when the clock was moved.",
        (f"{_CLOCK}::test_a_silent_holder_is_taken_over_when_the_clock_says_so",),
    ),
    Mutation(
        "local/emulator/clock.py",
        "return seconds if math.isfinite(seconds) and 0 <= seconds <= _LONGEST_SECONDS else None",
        "return seconds",
        "The clock goes forward only.",
        (f"{_CLOCK}::test_the_clock_is_moved_forward_and_by_whoever_has_the_secret_only",),
    ),
    Mutation(
        "local/emulator/late_rights.py",
        "return before if now() < when + LATE_SECONDS else gather(role, account)",
        "return gather(role, account)",
        "What a template grants counts later.",
        (f"{_CLOCK}::test_what_a_template_grants_counts_five_seconds_later",),
    ),
    Mutation(
        "local/emulator/late_alias.py",
        "            moved[account_id(), name, alias] = (now(), before)\n",
        "            pass\n",
        "An alias that was just moved answers with its old version.",
        (f"{_CLOCK}::test_what_lambda_measured_and_an_old_version_are_gone_or_there_after_the_move",),
    ),
    Mutation(
        "local/emulator/stale_reads.py",
        "old.keep(name, described)",
        "pass",
        "A stack that was just changed is described as it was before.",
        ("local/test_stale_reads.py",),
    ),
    Mutation(
        "flow/shift.py",
        "_tell_of_the_end(work, sum(step.minutes for step in steps[first:]) if old else 0)",
        "_tell_of_the_end(work, 0)",
        "Credentials that end before the traffic has moved are told.",
        ("flow/test_shift.py",),
    ),
    Mutation(
        "local/emulator/alarms.py",
        "for found, points in cloudwatch._metrics.items() if found == key for point in points]",
        "for found, points in cloudwatch._metrics.items() if found[:2] == key[:2] for point in points]",
        "One failing function turns on its own alarm only.",
        ("local/test_alarms.py",),
    ),
    Mutation(
        "local/emulator/throttling.py",
        "        self._tokens -= 1\n",
        "        pass\n",
        "Lambda's control plane takes so many requests a second and no more.",
        ("local/test_clock.py::test_lambda_takes_so_many_requests_a_second",),
    ),
    Mutation(
        "local/emulator/throttling.py",
        '"cloudwatch:DescribeAlarms": 9.0',
        '"cloudwatch:DescribeAlarms": 90.0',
        "CloudWatch describes alarms so many times a second and no more.",
        ("local/test_clock.py::test_so_many_are_taken_as_aws_publishes",),
    ),
    Mutation(
        "flow/check.py",
        "return asking.rights_change and (not asking.first or _DENIED.search(text) is not None)",
        "return False",
        "A release is not put back because IAM does not apply yet what it was just allowed.",
        (_GOOD,),
    ),
)
