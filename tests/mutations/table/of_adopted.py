"""Projects of other tools: what is not overwritten, not shown, not opened, and not believed."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_DOCUMENT, _SAM, _WRITTEN = "adopt/test_document.py", "adopt/test_sam.py", "adopt/test_written.py"
_ADOPTING = "api/test_adopting.py"

MUTATIONS = (
    Mutation(
        "adopt/document.py",
        "        if depth > _DEEPEST:\n            where",
        "        if False:\n            where",
        "A document that goes deep is refused before anything goes down into it.",
        (f"{_DOCUMENT}::test_what_is_no_document_is_refused_with_its_line",),
    ),
    Mutation(
        "adopt/written.py",
        "        elif digest_of(old) == written.get(path):",
        "        elif path in written:",
        "A file that a person has edited is kept.",
        (f"{_WRITTEN}::test_only_what_adopt_wrote_is_written_over",),
    ),
    Mutation(
        "api/adopting.py",
        "for path, digest in files.items() if _is_inside(path)}",
        "for path, digest in files.items()}",
        "A record removes no file outside of the unit.",
        (f"{_ADOPTING}::test_a_record_of_others_names_no_file_outside_of_the_unit",),
    ),
    Mutation(
        "adopt/cfn_parameters.py",
        "            if one.secret:\n",
        "            if False:\n",
        "A parameter with NoEcho is written into no file.",
        (f"{_SAM}::test_a_value_that_must_not_be_shown_is_read_from_a_secret",),
    ),
    Mutation(
        "adopt/sam_api.py",
        '        found["authorizer"] = "iam"\n',
        "        pass\n",
        "A route whose authorizer is not understood is closed.",
        (f"{_SAM}::test_a_route_is_closed_rather_than_opened_by_what_is_not_understood",),
    ),
    Mutation(
        "adopt/sam_api.py",
        '    if kind == "PRIVATE":\n        table["authorizer"] = "iam"\n',
        '    if kind == "PRIVATE":\n',
        "A private API does not become one for everybody.",
        (f"{_SAM}::test_a_route_is_closed_rather_than_opened_by_what_is_not_understood",),
    ),
    Mutation(
        "api/adopting.py",
        "        given = without_secrets(project.document, given)\n",
        "        pass\n",
        "A given value of a parameter with NoEcho is not remembered.",
        (f"{_ADOPTING}::test_a_secret_that_is_given_gets_into_no_file",),
    ),
    Mutation(
        "api/adopting_files.py",
        "        if not path.parent.resolve().is_relative_to(target.resolve()):\n",
        "        if False:\n",
        "Nothing is written through a link that leads out of the unit's folder.",
        (f"{_ADOPTING}::test_nothing_is_written_through_a_link",),
    ),
    Mutation(
        "adopt/sam_said.py",
        "        draft.left(function, key, node, _NOT_UNDERSTOOD)\n",
        "        pass\n",
        "A property that no reader understands is named in the report.",
        ("adopt/test_sam_said.py::test_a_property_that_is_not_understood_is_named",),
    ),
    Mutation(
        "adopt/sam_api.py",
        '    if isinstance(one, Mapping) and one.get("AuthorizationScopes"):\n',
        "    if False:\n",
        "An authorizer that wants scopes does not let more tokens in.",
        ("adopt/test_sam_said.py::test_a_route_keeps_its_scopes_or_is_closed",),
    ),
    Mutation(
        "plan/released.py",
        "if not set(references(value)) & hidden and not _has_more(value):\n            yield",
        "if not _has_more(value):\n            yield",
        "A value that nobody may see is in no output of a stack that is adopted.",
        ("plan/test_released.py",),
    ),
    Mutation(
        "plan/released.py",
        "if name in kept and not is_retained(body)",
        "if False",
        "What leaves a stack is retained before.",
        ("plan/test_released.py",),
    ),
    Mutation(
        "plan/stack_adoption.py",
        "if len(able) == 1:",
        "if able:",
        "Of two resources of the unit that fit, none is guessed.",
        ("plan/test_stack_adoption.py",),
    ),
    Mutation(
        "plan/stack_adoption.py",
        "if one.type not in IDENTIFIERS:",
        "if False:",
        "What cannot be imported stops an adoption.",
        ("plan/test_stack_adoption.py",),
    ),
    Mutation(
        "plan/attached.py",
        'return body.get("Type") in _PARTS',
        "return False",
        "A policy is not deleted with the old stack under a queue that has moved.",
        ("plan/test_stack_adoption.py",),
    ),
    Mutation(
        "plan/stack_adoption.py",
        'return stated not in ("", short_name(_resource(one)))',
        "return False",
        "A stated name is not replaced by that of another stack.",
        ("plan/test_stack_adoption.py",),
    ),
    Mutation(
        "plan/clashes.py",
        "                yield item, name",
        "                pass",
        "Nothing moves if the deploy that follows would make a name a second time.",
        ("plan/test_stack_adoption.py",),
    ),
)
