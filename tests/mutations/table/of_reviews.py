"""Reviewers at GitHub: whose yes becomes an approval, of what, and who may deploy by it; and cells as jobs there."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_FILE, _JOBS, _RUNS = "operations/reviewed.py", "plan/test_github_reviews.py", "runs/test_reviews.py"
_WRITES = "runs/test_reviewed.py::test_whatever_else_github_says_it_writes_nothing"
_AGREES = "flow/test_who_agrees.py::test_a_review_at_github_opens_for_builds_and_is_what_its_key_says"

MUTATIONS = (
    Mutation(
        _FILE,
        "    if missing := unprotected(environment):\n",
        "    if missing := ():\n",
        "Where GitHub asks nobody, nothing is written.",
        (_WRITES,),
    ),
    Mutation(
        _FILE,
        'environment.get("can_admins_bypass") is not False',
        'environment.get("can_admins_bypass") is True',
        "Rules that an administrator may bypass protect nothing, and nor do those of which that is not known.",
        (_WRITES,),
    ),
    Mutation(
        _FILE,
        'run.get("run_attempt") != 1',
        'run.get("run_attempt") is None',
        "The yes of an earlier attempt at a run is none for a later one.",
        (_WRITES,),
    ),
    Mutation(
        _FILE,
        'there.get("name") == place and there.get("id") == environment.get("id")',
        'there.get("name") == place',
        "A yes for an environment that was made again is none for the new one.",
        (_WRITES,),
    ),
    Mutation(
        _FILE,
        'named and user.get("type") == "User" and _number(user) > 0',
        "named",
        "A bot agrees to nothing.",
        (_WRITES,),
    ),
    Mutation(
        _FILE,
        '    yield _number(run.get("actor"))\n',
        "",
        "Whoever has started a run does not agree to what it shows.",
        (_WRITES,),
    ),
    Mutation(
        _FILE,
        "        yield who\n",
        "",
        "Whoever has pushed a change does not agree to it.",
        (_WRITES,),
    ),
    Mutation(
        _FILE,
        "    _shown(said, asked)\n",
        "",
        "A yes is for the plan that GitHub has shown, and for no other.",
        (_WRITES,),
    ),
    Mutation(
        "plan/access_of_reviewers.py",
        "config.ci.branch, environment=name)",
        "config.ci.branch, environment=github.reviewed[0])",
        "The yes for one environment opens no role of another.",
        (f"{_JOBS}::test_a_token_of_the_environment_in_the_protected_file_alone_opens_its_role",),
    ),
    Mutation(
        "plan/access_of_reviewers.py",
        "{approvals_folder(environment)}*/*/{REVIEWED}.json",
        "{approvals_folder(environment)}*",
        "A job that a review starts writes no approval in anybody else's name.",
        (f"{_JOBS}::test_it_writes_approvals_of_this_environment_that_end_as_nobody_elses_do",),
    ),
    Mutation(
        "plan/bucket_guards.py",
        "        names += [config.roles.reviewer(name) for name in config.github.reviewed]\n",
        "        pass\n",
        "The bucket takes approvals from the jobs that a review starts.",
        (f"{_JOBS}::test_the_bucket_lets_these_roles_and_the_approver_write_approvals",),
    ),
    Mutation(
        "flow/gate.py",
        "        return not _is_build(world, caller)\n",
        "        return False\n",
        "A review at GitHub is no approval for a person who deploys, and does not stand in the way of one.",
        ("flow/test_who_agrees.py::test_a_review_never_stands_in_the_way_of_an_approval_that_counts",),
    ),
    Mutation(
        "flow/gate.py",
        '    if (kind == "github") != (found.user_id == REVIEWED):\n',
        "    if False:\n",
        "An approval that says it was given at GitHub was written by a job there.",
        (_AGREES,),
    ),
    Mutation(
        "runs/reviews.py",
        "    if link := _asking(asks, environment, digest):\n",
        "    if link := ():\n",
        "Nobody is asked twice for the same.",
        (f"{_RUNS}::test_nobody_is_asked_twice_for_the_same",),
    ),
    Mutation(
        "runs/reviews.py",
        "    if any(bound.weaker or bound.order or bound.unreadable for bound in plan.rules):\n",
        "    if False:\n",
        "A review agrees to no weaker rules.",
        (f"{_RUNS}::test_a_reviewer_does_not_agree_to_weaker_rules",),
    ),
    Mutation(
        "runs/reviews.py",
        "    if done or not waits:\n",
        "    if True:\n",
        "A run that applies nothing of what was agreed to is red.",
        (f"{_RUNS}::test_what_has_changed_since_is_not_applied_by_the_old_yes",),
    ),
    Mutation(
        "ci/review.py",
        " and all(len(line) < _LINE // 6 for line in lines)",
        "",
        "A reviewer sees all of each line, or is not asked.",
        (f"{_RUNS}::test_the_page_has_the_whole_plan_and_its_whole_digest_or_is_refused",),
    ),
    Mutation(
        "plan/github_reviews.py",
        "    needs: [show-{place}, approve-{place}]\n    if: >-\n      !cancelled() && needs.approve-{place}.result == 'success'",
        "    needs: [show-{place}, approve-{place}]\n    if: >-\n      !cancelled()",
        "After a no, nothing is tried.",
        (f"{_JOBS}::test_a_run_that_failed_elsewhere_still_asks_and_one_that_shows_nothing_asks_nobody",),
    ),
    Mutation(
        "runs/event.py",
        "        if cell and cell != self.mine:\n",
        "        if False:\n",
        "A cell of a stage is done by the job that is for it.",
        ("runs/test_matrix.py::test_each_cell_is_a_job_and_the_run_goes_on_after_the_last_one",),
    ),
    Mutation(
        "runs/event.py",
        "[place_of(here.mine)], alone=True)",
        "[place_of(here.mine)])",
        "A job of a matrix does its cell, and goes on with nothing.",
        ("runs/test_matrix.py::test_each_cell_is_a_job_and_the_run_goes_on_after_the_last_one",),
    ),
    Mutation(
        "plan/github_cells.py",
        "      fail-fast: false\n",
        "      fail-fast: true\n",
        "A cell that fails stops no other.",
        ("plan/test_github_cells.py::test_a_matrix_has_a_job_for_each_cell_that_is_left_and_one_goes_on",),
    ),
    Mutation(
        "plan/github_cells.py",
        "        script = GO_ON if last else GO_ON_LEAVING\n",
        "        script = GO_ON_LEAVING\n",
        "No job leaves cells that nobody takes up.",
        ("plan/test_github_cells.py::test_a_matrix_has_a_job_for_each_cell_that_is_left_and_one_goes_on",),
    ),
)
