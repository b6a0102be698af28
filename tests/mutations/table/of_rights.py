"""Who may do what: what is shown, what asks, and what no unit goes beyond."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_FORGED = ("flow/test_forged_lines.py",)
_UNSURE = ("plan/test_rights_not_certain.py",)
_RIGHTS, _BOUNDS, _FLOW = ("plan/test_rights_changes.py",), ("plan/test_bounds.py",), ("flow/test_rights.py",)
_ELSEWHERE = ("plan/test_rights_from_elsewhere.py",)
_LINES = ("plan/test_rights_in_one_line.py",)
_RESOURCES = ("plan/test_rights_resources.py",)

MUTATIONS = (
    Mutation(
        "plan/rights_alarms.py",
        "if _is_any_text(action) and not action.startswith",
        "if not action and not action.startswith",
        "An action that is computed asks, since it may be any.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_alarms.py",
        "if not (names_a_subject(right.condition) or is_limited(right.condition)):",
        "if not right.condition:",
        "Whoever signs in with a provider is somebody only by a named subject.",
        _ELSEWHERE,
    ),
    Mutation(
        "plan/rights_alarms.py",
        'if right.kind == "resource policy" and not is_limited(right.condition, of_a_service=True):',
        'if right.kind == "resource policy" and not right.condition:',
        "A service acts for any account, unless a known one is named.",
        _ELSEWHERE,
    ),
    Mutation(
        "plan/rights_alarms.py",
        "    elif not is_named(who):\n",
        "    elif not who:\n",
        "The unique ID of a user names nobody.",
        _ELSEWHERE,
    ),
    Mutation(
        "plan/rights_alarms.py",
        "elif matches(action, _ASSUMING, ignore_case=True) and any(map(_is_of_any_account, right.resources)):",
        "elif action == _ASSUMING and not right.resources:",
        "Roles of any account ask as those of a named one do.",
        _ELSEWHERE,
    ),
    Mutation(
        "plan/rights_resources.py",
        "return _WILDCARD.search(parts[5]) is not None and not _is_named(parts[2], parts[4], parts[5])",
        'return parts[5] == "*"',
        "All of a kind is everything, however its ARN is written.",
        _RESOURCES,
    ),
    Mutation(
        "plan/rights_covering.py",
        "and is_weaker(wide.condition, narrow.condition)",
        "",
        "A condition that goes makes a right wider, and one that comes does not.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_conditions.py",
        "if pattern is None or not _OPERATORS.fullmatch(test.operator):",
        "if pattern is None:",
        "A condition that nobody has to meet leaves a policy public.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_conditions.py",
        "return all(sizes[version] <= most for version, most in _MOST.items())",
        "return bool(sizes)",
        "All addresses, or halves of them, are everybody.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_of.py",
        "    if said and not others:\n",
        '    if "Allow" not in said:\n',
        "What is no denial for certain may be an allowance.",
        _RIGHTS,
    ),
    Mutation(
        "plan/computed.py",
        'and not parameter.get("Type", "").startswith(_LOOKED_UP)',
        "",
        "The default of a parameter that is looked up is a name, and no value.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_documents.py",
        """    elif _is_due(text, path) or '"Statement"' in text:""",
        """    elif '"Statement"' in text:""",
        "A document that cannot be read is shown, and asks.",
        _RIGHTS,
    ),
    Mutation(
        "plan/rights_changes.py",
        'and change.change in ("removed", "narrower")',
        'and change.change == "removed"',
        "A denial that shrinks asks as one that goes.",
        _RIGHTS,
    ),
    Mutation(
        "plan/bounds.py",
        "for each in right.who if may_be_of(account_id, each)]",
        "for each in right.who if not each]",
        "What a resource policy gives to the account's own roles is within the bounds, too.",
        _BOUNDS,
    ),
    Mutation(
        "model/right.py",
        "return one_line(self._said())",
        "return self._said()",
        "No text of a template makes a line of its own among the rights.",
        _LINES,
    ),
    Mutation(
        "plan/rights_changes.py",
        "alarms=tuple(dict.fromkeys(map(one_line, words)))",
        "alarms=tuple(dict.fromkeys(words))",
        "Nor does it behind a right, where it says what is beyond the ordinary.",
        _LINES,
    ),
    Mutation(
        "plan/bounds.py",
        "text.casefold() == boundary",
        "False",
        "No stack makes the boundary of its own roles.",
        _BOUNDS,
    ),
    Mutation(
        "plan/bounds.py",
        "    if type_ not in types:\n",
        "    if not type_:\n",
        "What gives rights in words of its own leads past no bounds.",
        _BOUNDS,
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
    Mutation(
        "plan/rights_of.py",
        "or (kind, text) in self.named\n",
        "or text in dict(self.named).values()\n",
        "The user Alice of the stack is not the role Alice of elsewhere.",
        _UNSURE,
    ),
    Mutation(
        "plan/rights_of.py",
        'is_optional = "Condition" in body or',
        "is_optional =",
        "A denial of a resource that may be left out denies less.",
        _UNSURE,
    ),
    Mutation(
        "plan/rights_documents.py",
        "in each and set(each) <= _ELEMENTS:",
        "in each:",
        "Who writes a statement otherwise says something that is not read.",
        _UNSURE,
    ),
    Mutation(
        "plan/rights_resources.py",
        'found.group(1) or ""',
        "found.group(0)",
        "What IAM fills in may be nothing, and is no name.",
        _UNSURE,
    ),
    Mutation(
        "model/record.py",
        "if (lines := in_lines(document, _LONG)) != document:",
        "if (lines := document) != document:",
        "Nobody who may write a record begins a line of a plan.",
        _FORGED,
    ),
    Mutation(
        "plan/ownership.py",
        "map(one_line, lines)",
        "lines",
        "Nobody who names a resource says that taking over deletes nothing.",
        _FORGED,
    ),
    Mutation(
        "plan/rights_changes.py",
        "words += _of_what_it_takes(change.right, new, place)",
        "words += ()",
        "Another function that gets the role of an administrator asks.",
        _UNSURE,
    ),
    Mutation(
        "plan/rights_of.py",
        'f"{pattern} of {name}" for name in attached',
        "pattern for name in attached",
        "A policy for everybody that opens another queue asks.",
        _UNSURE,
    ),
    Mutation(
        "plan/rights_of.py",
        'or (_is_arn_of_a_role(each) and "Principal" not in key):',
        "or False:",
        "A role of elsewhere is one whatever the property is called.",
        _UNSURE,
    ),
)
