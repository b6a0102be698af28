"""The declared keys: readers, schema and pages take them from one place."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_SCHEMA = "model/test_schema.py"

MUTATIONS = (
    Mutation(
        "model/schema.py",
        '**({"if": _FILLED_IN, "else": looks} if self.filled_in else looks)',
        "**looks",
        "The schema takes a text whose value is only known for one environment.",
        (f"{_SCHEMA}::test_a_text_that_is_filled_in_is_not_compared",),
    ),
    Mutation(
        "model/schema.py",
        '            "if": {"not": {"required": ["environments"]}},',
        '            "if": {},',
        "What every environment adds is not asked for in the unit's own table.",
        (f"{_SCHEMA}::test_a_function_may_have_its_handler_in_each_environment",),
    ),
    Mutation(
        "model/reading.py",
        "allowed = self.keys if keys is None else tuple(keys)",
        "allowed = tuple(self.values) if keys is None else tuple(keys)",
        "A key that is not declared is refused.",
        ("model/test_function.py", "model/test_workspace.py"),
    ),
    Mutation(
        "model/function.py",
        '        on_failure_arn=table.optional_named("on_failure_arn"),\n',
        "",
        "Every declared key is read.",
        (f"{_SCHEMA}::test_every_key_is_read",),
    ),
)
