"""Services of Serverless: what is not guessed, not opened, not shown, and not left running."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_READER, _GIVEN = "adopt/test_serverless.py", "api/test_adopting_service.py"
_VARIABLES = "adopt/test_serverless_variables.py"

MUTATIONS = (
    Mutation(
        "adopt/serverless_variables.py",
        "        if where in self._open:",
        "        if False:",
        "A variable that refers to itself ends.",
        (f"{_VARIABLES}::test_a_variable_that_refers_to_itself_ends",),
    ),
    Mutation(
        "adopt/serverless_routes.py",
        '    return {"authorizer": "iam"}\n\n\ndef _below',
        "    return {}\n\n\ndef _below",
        "A route that only some could call does not become public.",
        (f"{_READER}::test_what_only_some_could_call_does_not_become_public",),
    ),
    Mutation(
        "adopt/serverless_functions.py",
        "    if text is not None and plain_secret(variable, text) is not None:",
        "    if False:",
        "A secret never gets into a file.",
        (f"{_READER}::test_a_secret_never_gets_into_a_file",),
    ),
    Mutation(
        "adopt/serverless_given.py",
        '        if plain_secret(re.split(r"[:./]", name)[-1], match["value"]) is not None:',
        "        if False:",
        "A secret that is given is refused, because what is given is kept.",
        (f"{_GIVEN}::test_a_value_that_cannot_be_used_is_refused_without_being_shown",),
    ),
    Mutation(
        "api/adopting_service.py",
        "        if not where.is_relative_to(limit) or not where.is_file():",
        "        if not where.is_file():",
        "A service reads no file outside of its repository.",
        (f"{_GIVEN}::test_a_file_outside_of_the_repository_is_not_read",),
    ),
)
