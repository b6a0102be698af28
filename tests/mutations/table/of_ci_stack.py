"""The stack of the CI: no text breaks a message, no build is started as another, and nobody chooses what it runs."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_STACK, _LIBRARY, _ROLES = "plan/test_ci_stack.py", "building/test_own_library.py", "plan/test_access.py"

MUTATIONS = (
    Mutation(
        "plan/ci_stack.py",
        '"source": <source>, "kind"',
        '"source": "<source>", "kind"',
        "Each value of an event stands alone in the template.",
        (f"{_STACK}::test_no_text_of_an_event_breaks_the_message",),
    ),
    Mutation(
        "plan/ci_stack.py",
        '"detail": "$.detail"}',
        '"detail": "$.detail.commitId"}',
        "The template uses nothing that an event may lack.",
        (f"{_STACK}::test_no_path_is_one_that_an_event_may_lack",),
    ),
    Mutation(
        "plan/ci_stack.py",
        '        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},\n',
        "",
        "What a rule cannot deliver is kept.",
        (f"{_STACK}::test_every_rule_is_one_way_into_the_queue_and_none_loses_an_event",),
    ),
    Mutation(
        "plan/access.py",
        '        "codebuild:environment.environmentVariables.name": "false",\n',
        "",
        "A build without a variable is not the dispatcher's to start.",
        (f"{_STACK}::test_the_dispatcher_starts_builds_as_they_are",),
    ),
    Mutation(
        "plan/access_of_cloudformation.py",
        ", actions=carried_out, condition=condition)",
        ", actions=carried_out)",
        "No deployer acts in the role that somebody else's stack has.",
        ("policies/test_thieves.py",),
    ),
    Mutation(
        "plan/access.py",
        '    "source.buildspec",\n',
        "",
        "The dispatcher starts builds with the project's build spec.",
        (f"{_STACK}::test_the_dispatcher_starts_builds_as_they_are",),
    ),
    Mutation(
        "plan/build_spec.py",
        " -P -m multi_env_lambda ci run",
        " -m multi_env_lambda ci run",
        "A folder of the repository is not taken for the library.",
        (f"{_STACK}::test_the_lines_of_a_build_are_lines_of_a_shell_and_hold_no_variable_but_its_own",),
    ),
    Mutation(
        "building/own_library.py",
        '_OF_THE_DISPATCHER = ("attr", "attrs", "packaging")',
        '_OF_THE_DISPATCHER = ("attr", "attrs")',
        "The dispatcher has all that it imports.",
        (f"{_LIBRARY}::test_the_dispatcher_needs_nothing_but_its_zip_and_boto3",),
    ),
    Mutation(
        "aws/bucket_setup.py",
        'wanted = {**kept, "EventBridgeConfiguration": {}}',
        'wanted = {"EventBridgeConfiguration": {}}',
        "Notifications of others stay.",
        (
            "aws/test_bucket_setup.py::test_eventbridge_hears_of_objects_where_that_is_wanted_and_notifications_of_others_stay",
        ),
    ),
    Mutation(
        "plan/access_boundary.py",
        '    yield {"Sid": "TheCiIsNotAUnits", "Effect": "Deny", "Action": "*", "Resource": arns}\n',
        "",
        "A unit in the account of the CI does not start its builds.",
        (
            f"{_ROLES}::test_a_unit_in_the_account_of_the_ci_is_kept_from_it_and_one_elsewhere_has_nothing_to_be_kept_from",
        ),
    ),
    Mutation(
        "plan/access_boundary.py",
        '        yield grant_of("NobodysQueue", "deploy", ["*"], *_MAPPINGS, effect="Deny", condition=condition)\n',
        "",
        "A template that names the dispatcher puts no queue of its own in front of it.",
        (
            f"{_ROLES}::test_a_unit_in_the_account_of_the_ci_is_kept_from_it_and_one_elsewhere_has_nothing_to_be_kept_from",
        ),
    ),
    Mutation(
        "plan/access_boundary.py",
        "    yield from _of_a_function(roles.witness)\n",
        "",
        "A unit in the account of the CI does not become the witness.",
        (
            "plan/test_access_boundary.py::test_a_unit_reaches_nothing_of_the_pipeline_nor_the_witness_who_writes_approvals",
        ),
    ),
    Mutation(
        "plan/access_of_cloudformation.py",
        "        *not_by_cloudformation(config, place),\n",
        "",
        "A template that names the dispatcher as its own gets no rights to it.",
        (
            f"{_ROLES}::test_a_unit_in_the_account_of_the_ci_is_kept_from_it_and_one_elsewhere_has_nothing_to_be_kept_from",
        ),
    ),
    Mutation(
        "plan/access.py",
        'for folder in ("wanted", "results")]',
        'for folder in ("wanted", "results", "plans")]',
        "A build of what is not merged leaves no plan to approve.",
        (f"{_ROLES}::test_only_an_approver_writes_approvals_and_only_as_herself",),
    ),
    Mutation(
        "ci/wanted.py",
        "REQUESTS if isinstance(subject_of(key), PullRequest) else OTHERS",
        "OTHERS",
        "Wishes about pull requests have names of their own, which IAM tells apart.",
        ("ci/test_dispatch.py::test_wishes_about_pull_requests_have_names_of_their_own",),
    ),
    Mutation(
        "operations/dispatch.py",
        "            broken = error\n",
        "            raise\n",
        "A wish that nobody can read keeps no other one waiting.",
        ("ci/test_dispatch.py::test_one_wish_that_cannot_be_read_keeps_no_other_waiting",),
    ),
    Mutation(
        "model/workspace.py",
        "if ends or reaching(",
        "if reaching(",
        "No environment lies within reach of another one's roles.",
        ("model/test_workspace.py::test_an_environment_within_reach_of_anothers_roles_is_refused",),
    ),
    Mutation(
        "model/reach.py",
        'f"-{other.name}-" in name',
        'f"-{other.name}-" == name',
        "No unit lies within reach of the roles of another environment.",
        ("model/test_reach.py::test_a_unit_within_reach_of_another_environments_roles_is_refused_with_both_names",),
    ),
    Mutation(
        "api/unit_tables.py",
        "beside=first.home)",
        "beside=first.name)",
        "The environment of a branch is served by the roles of the first one, and so not refused because of them.",
        ("model/test_reach.py::test_a_branchs_own_environment_is_within_reach_of_its_own_roles_and_so_is_allowed",),
    ),
)
