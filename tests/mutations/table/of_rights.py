"""Who may do what: what is shown, what asks, and what no unit goes beyond."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_RIGHTS, _BOUNDS, _FLOW = ("plan/test_rights_changes.py",), ("plan/test_bounds.py",), ("flow/test_rights.py",)

MUTATIONS = (
    Mutation(
        "plan/rights_changes.py",
        "        if is_unread(action):\n",
        "        if not action:\n",
        "An action that is computed asks, since it may be any.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_changes.py",
        'wide.condition in ("", narrow.condition)',
        "True",
        "A condition that goes makes a right wider, and one that comes does not.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_changes.py",
        'and not operator.endswith("IfExists")',
        "",
        "A condition that nobody has to meet leaves a policy public.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_of.py",
        'for key in ("Principal", "NotPrincipal"):',
        'for key in ("Principal",):',
        "Everybody but one is everybody.",
        _RIGHTS,
    ),
    Mutation(
        "plan/planner.py",
        "            *rights_question(wanted.project, rights),\n",
        "",
        "Rights beyond the ordinary are a question of the plan.",
        _FLOW,
    ),
    Mutation(
        "plan/bounds.py",
        "None if committed == target.bounds else committed",
        "None",
        "An uncommitted line widens no bounds.",
        _BOUNDS,
    ),
    Mutation(
        "plan/bounds.py",
        'case "role" | "unread":\n            yield from _of_elsewhere(right, types, "actions", _list(actions))',
        'case "role" | "unread":\n            return',
        "A role of somewhere else leads past no bounds.",
        _BOUNDS,
    ),
    Mutation(
        "plan/template/roles.py",
        'properties["PermissionsBoundary"] = unit.environment.boundary_arn',
        "pass",
        "The roles of this library have the boundary of their environment.",
        _BOUNDS,
    ),
    Mutation(
        "plan/template/functions.py",
        "        retain=True,\n    )\n\n\ndef _on_failure",
        "        retain=unit.environment.approval,\n    )\n\n\ndef _on_failure",
        "Logs outlive their function, wherever it runs.",
        ("plan/test_template.py",),
    ),
    Mutation(
        "plan/keeping.py",
        'return keeping(released, there) if verb in ("rollback", "repair") and there is not None else released',
        "return released",
        "A rollback keeps the table that its release does not know.",
        ("flow/test_rollback.py",),
    ),
    Mutation(
        "plan/outside.py",
        "    running = keeping(running, there, kept)\n",
        "",
        "What our own rollback left in a stack is no drift.",
        ("flow/test_repair_of_kept.py",),
    ),
    Mutation(
        "plan/planner.py",
        "return NO_STACK if place in known.gone else known.there.get(place)",
        "return known.there.get(place)",
        "A repair of a stack that is gone asks for the queue that stayed.",
        ("flow/test_repair_of_kept.py",),
    ),
)
