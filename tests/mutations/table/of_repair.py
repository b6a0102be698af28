"""What was done by hand and is put right, and what left the table."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_REPAIR, _LEFT = ("flow/test_repair.py",), ("flow/test_left.py",)

MUTATIONS = (
    Mutation(
        "flow/drifted.py",
        '    if ours.status == "DELETE_IN_PROGRESS":\n',
        "    if False:\n",
        "What is being deleted is not compared.",
        ("flow/test_drift.py",),
    ),
    Mutation(
        "flow/drifted.py",
        "        if is_of_missing_stack(error):",
        "        if False:",
        "A stack that only the comparison finds gone is gone.",
        ("flow/test_drift.py",),
    ),
    Mutation(
        "flow/ownership.py",
        "        return None if is_of_missing_stack(error) else _Unseen(error)",
        "        return _Unseen(error)",
        "A stack that is still described, and has no template any more, is gone.",
        ("flow/test_repair_of_kept.py",),
    ),
    Mutation(
        "flow/drifted.py",
        "        return _with_lost_objects(world, release, found)",
        "        return found",
        "What the bucket lacks of a running release is drift.",
        ("flow/test_drift.py",),
    ),
    Mutation(
        "flow/code.py",
        "        if stage is not None and name in seen:\n",
        "        if False:\n",
        "A deploy that sends nothing of a function compares its layers.",
        ("flow/test_check.py",),
    ),
    Mutation(
        "flow/resumed.py",
        "or not _is_whole(saved, steps):",
        "or False:",
        "An interrupted plan that was edited is stale.",
        ("flow/test_saved_plans.py",),
    ),
    Mutation(
        "flow/aliases.py",
        "    put_back(world, environment, deleted, held)\n",
        "",
        "A rollback of a stopped shift makes a deleted alias again.",
        ("flow/test_unsure.py",),
    ),
    Mutation(
        "aws/change_set.py",
        'if target.reverts and kind == "UPDATE" else {}',
        "if False else {}",
        "A repair compares with what is there.",
        ("aws/test_stack.py",),
    ),
    Mutation(
        "aws/change_set.py",
        'if target.reverts and kind == "UPDATE" else {}',
        "if target.reverts else {}",
        "A stack that is gone is created without the mode of updates.",
        ("aws/test_stack.py",),
    ),
    Mutation(
        "flow/repair.py",
        "    if found is not None and found.drifted:\n",
        "    if False:\n",
        "A repair after which something is still wrong is no success.",
        _REPAIR,
    ),
    Mutation(
        "plan/planner.py",
        'if request.verb == "repair" and (known.wrong is None or _wrong(target, project, known)):',
        'if request.verb == "repair":',
        "A repair leaves alone what is as it was deployed.",
        _REPAIR,
    ),
    Mutation(
        "plan/losses.py",
        'if change.get("ResourceDriftStatus") == "DELETED":',
        "if False:",
        "What somebody deleted is made anew without a question about its data.",
        ("plan/test_losses.py",),
    ),
    Mutation(
        "pipeline.py",
        "    if step.running == step.release.digest:\n        return False\n",
        "",
        "A repair that lost its lease is not done because its release runs.",
        ("flow/test_lease.py::test_who_lost_the_lease_of_what_ran_all_along_has_put_nothing_right_and_says_so",),
    ),
    Mutation(
        "flow/unnamed.py",
        "            world.platform.unreserve(environment, name, held)\n",
        "            pass\n",
        "What somebody has switched off is on again after a repair.",
        _REPAIR,
    ),
    Mutation(
        "flow/drifted.py",
        "*map(_masked, tags), *outside)",
        "*outside)",
        "Tags that somebody has given to a stack are drift.",
        _REPAIR,
    ),
    Mutation(
        "flow/closer.py",
        "must_be_there(world, request, decided, known, made)",
        "decided",
        "`--all` sees a stack that is gone.",
        _REPAIR,
    ),
    Mutation(
        "flow/existence.py",
        'return "" if name in listed else',
        'return "" if listed else',
        "`--all` sees a function that is gone.",
        ("flow/test_existence.py::test_all_sees_a_function_that_is_gone",),
    ),
    Mutation(
        "flow/existence.py",
        "None if looking.closely or not steps else",
        "None if looking.closely or steps else",
        "What `--all` looks at does not cost a call for each unit.",
        (
            "flow/test_existence.py::test_all_is_one_listing_of_stacks_and_one_of_functions_however_many_units_there_are",
        ),
    ),
    Mutation(
        "flow/existence.py",
        "not (request.everything or request.only)",
        "not request.everything",
        "A plan of a named unit sees what is gone of it.",
        ("flow/test_existence.py::test_a_named_unit_is_looked_at_closely",),
    ),
    Mutation(
        "flow/written.py",
        "    if strayed:\n",
        "    if False:\n",
        "A deploy sees an alias that it has not written and that somebody moved.",
        _REPAIR,
    ),
    Mutation(
        "flow/act.py",
        "    weighted |= rewritten(before, work.template)\n",
        "",
        "A deploy sees weights that somebody has set.",
        _REPAIR,
    ),
    Mutation(
        "operations/destroy.py",
        "    here, place = place, place_of(record, place)\n",
        "    here, place = place, place\n",
        "A removal says in which old place it is.",
        _LEFT,
    ),
    Mutation(
        "operations/destroy.py",
        "    place = place_of(records[removal.project], place) if removal.project in records else place\n",
        "",
        "What is destroyed is destroyed where it is.",
        _LEFT,
    ),
    Mutation(
        "model/status.py",
        " and place not in config.left",
        "",
        "An environment that left the table is behind nobody.",
        _LEFT,
    ),
)
