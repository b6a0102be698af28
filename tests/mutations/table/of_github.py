"""GitHub Actions: which tokens open a role, what runs take up, and what of a table gets into the file."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_TRUST = "plan/test_access.py::test_builds_at_github_come_in_by_one_file_of_the_protected_branch_alone"
_FILE, _RUNS, _API = "plan/test_github_workflow.py", "runs/test_events.py", "host/test_github_api.py"

_STRANGERS = "runs/test_strangers.py"

MUTATIONS = (
    Mutation(
        "plan/access.py",
        'own = "" if merged else PLAN_ENVIRONMENT',
        'own = ""',
        "What is planned has no token that opens the role which deploys.",
        (_TRUST,),
    ),
    Mutation(
        "plan/access_trust.py",
        '        "aud": AUDIENCE,\n',
        "",
        "A token for another service opens nothing.",
        (_TRUST,),
    ),
    Mutation(
        "plan/access_trust.py",
        "{WORKFLOW}@refs/heads/{branch}",
        "{WORKFLOW}@*",
        "Only the protected branch's file gets credentials.",
        (_TRUST,),
    ),
    Mutation(
        "plan/access.py",
        "if not elsewhere or config.ci_stack is not None else []",
        "if not elsewhere else []",
        "Builds of CodeBuild keep their role beside jobs of GitHub.",
        ("plan/test_access.py::test_no_other_role_hears_of_github_and_codebuild_stays_where_there_is_a_stack_for_it",),
    ),
    Mutation(
        "plan/github_workflow.py",
        "      github.event.pull_request.head.repo.id == github.event.repository.id &&\n",
        "",
        "A fork's pull request asks for nothing.",
        (f"{_FILE}::test_what_runs_somebody_elses_file_checks_nothing_out_and_has_no_credentials_of_aws",),
    ),
    Mutation(
        "plan/github_workflow.py",
        "      queue: max # by default",
        "      cancel-in-progress: true # by default",
        "A run that waits is thrown away by no other.",
        (f"{_FILE}::test_a_run_that_waits_is_thrown_away_by_no_other",),
    ),
    Mutation(
        "plan/github_workflow.py",
        "    if len(first) != 1 or len(last) != 1 or first[0] > last[0]:\n",
        "    if not first:\n",
        "A file that is not ours is not touched.",
        (f"{_FILE}::test_a_file_that_is_not_ours_is_not_touched",),
    ),
    Mutation(
        "runs/event.py",
        'f"{here.build}{here.turn}#{number}"',
        "here.build",
        "Each thing that an event says is a wish of its own.",
        (f"{_RUNS}::test_a_strangers_pull_request_waits_for_a_maintainer_whose_yes_is_for_one_commit",),
    ),
    Mutation(
        "runs/event.py",
        "    return of_a_request == isinstance(happened, PullRequestChanged | CommitAgreed)\n",
        "    return True\n",
        "A run that may deploy takes up nothing that is not merged.",
        (f"{_RUNS}::test_a_run_with_the_rights_to_deploy_takes_up_no_pull_request",),
    ),
    Mutation(
        "runs/event.py",
        "return build != self.build and self.others(build)",
        "return False",
        "What a killed run had taken up is done by the next.",
        (f"{_RUNS}::test_what_a_run_that_was_killed_had_taken_up_is_done_by_the_next",),
    ),
    Mutation(
        "runs/event.py",
        "    except MultiEnvLambdaError as error:\n",
        "    except Busy as error:\n",
        "One job that fails keeps no other from its turn.",
        (f"{_RUNS}::test_one_job_that_fails_keeps_no_other_from_its_turn",),
    ),
    Mutation(
        "host/github_api.py",
        "build_opener(NoRedirect)",
        "build_opener()",
        "The token goes to nobody else.",
        (f"{_API}::test_what_github_does_not_say_is_an_error_without_the_token",),
    ),
    Mutation(
        "ci/hosts/github.py",
        '    if payload.text("workflow") != WORKFLOW:\n',
        "    if False:\n",
        "Another workflow's inputs are no wish.",
        ("ci/test_read.py",),
    ),
    Mutation(
        "model/plan_copy.py",
        'if digest(found) != document.get("sha256"):',
        "if False:",
        "A copy of the records that was changed on the way is refused.",
        (f"{_STRANGERS}::test_a_copy_that_is_none_is_refused_with_what_is_wrong",),
    ),
    Mutation(
        "operations/copying.py",
        "    return masked(text) != text\n",
        "    return False\n",
        "What looks like a secret is in no copy of the records.",
        (f"{_STRANGERS}::test_what_looks_like_a_secret_is_left_out_and_named",),
    ),
    Mutation(
        "operations/copying.py",
        'attrs.evolve(record.holder, nonce="", host="elsewhere", process="")',
        "record.holder",
        "No copy says on which machine somebody works.",
        (f"{_STRANGERS}::test_nobody_hears_on_which_machine_somebody_works",),
    ),
    Mutation(
        "ci/strangers.py",
        "    if longest > _LONGEST or most > _MOST or not _DIGEST.fullmatch(found.digest):",
        "    if False:",
        "What a stranger's job says has a bounded shape.",
        (f"{_STRANGERS}::test_a_log_without_a_sound_preview_shows_nothing",),
    ),
    Mutation(
        "plan/github_workflow.py",
        'if plans_strangers(config) else ""',
        'if True else ""',
        "There are jobs for strangers only where the table says so.",
        (f"{_FILE}::test_only_where_the_table_says_so_are_there_jobs_for_strangers",),
    ),
)
