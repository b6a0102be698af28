"""Names, roles and layers that exist already."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_NAMES = "flow/test_own_names.py"
_LAYERS = "building/test_from_layers.py"

MUTATIONS = (
    Mutation(
        "flow/taken.py",
        "    if stack == own:\n        return None\n",
        "",
        "A function of the unit's own stack is in nobody's way.",
        (f"{_NAMES}::test_a_function_of_the_units_own_stack_is_in_nobodys_way",),
    ),
    Mutation(
        "flow/taken.py",
        'if name and not name.startswith(f"{step.project}-{step.environment}-"):',
        "if name:",
        "Names by the rule are not asked for.",
        (f"{_NAMES}::test_names_by_the_rule_are_not_asked_for",),
    ),
    Mutation(
        "operations/bootstrap.py",
        "name=function.name and function.name.replace(first, name)",
        "name=function.name",
        "Roles of branches are allowed the names that functions have there.",
        (f"{_NAMES}::test_in_an_environment_of_a_branch_the_name_has_its_name",),
    ),
    Mutation(
        "model/project.py",
        "if function.name is not None and first.name not in function.name:",
        "if False:",
        "The environments of branches do not share a name.",
        (f"{_NAMES}::test_environments_of_branches_need_names_of_their_own",),
    ),
    Mutation(
        "building/handler.py",
        "self.is_layered and (not self.provided or top in self.provided)",
        "self.is_layered",
        "Where the modules of a layer are stated, no other may be missing.",
        (f"{_LAYERS}::test_a_stated_module_may_be_missing_and_no_other",),
    ),
    Mutation(
        "make/handlers.py",
        "return tuple(sorted(handler.variables)), handler.is_layered, handler.provided",
        "return tuple(sorted(handler.variables)), True, handler.provided",
        "An environment without the layer is held to what it has.",
        (f"{_LAYERS}::test_an_environment_without_the_layer_is_held_to_what_it_has",),
    ),
    Mutation(
        "plan/template/roles.py",
        "if place.role_path and not arn.startswith(below):",
        "if False:",
        "Where bootstrap made the roles, no role outside of their path is passed.",
        ("plan/test_existing_roles.py::test_where_bootstrap_made_the_roles_it_has_to_lie_below_their_path",),
    ),
    Mutation(
        "flow/layers.py",
        "if offered and wanted not in offered]",
        "if offered]",
        "A layer that is for the function gets no note.",
        ("flow/test_layers_from_elsewhere.py",),
    ),
)
