"""What a change takes back, which release is meant by a version, and what an environment receives."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_STORY = "flow/test_nothing_goes_backwards.py"
_VALUES = "plan/test_backwards.py"
_VERSIONS = "flow/test_one_version.py"

MUTATIONS = (
    Mutation(
        "plan/carried.py",
        'why=f"{environment} runs {called}"',
        'why=f"{environment} runs {record.running.version}"',
        "A promotion says which of two releases with one version it takes.",
        ("flow/test_one_version.py::test_a_promotion_says_which_one_the_environment_before_runs",),
    ),
    Mutation(
        "operations/why.py",
        "isinstance(step, BlockedStep) and other in known.broken",
        "isinstance(step, BlockedStep)",
        "No unit is called broken that only waits.",
        ("flow/test_broken_units.py::test_why_calls_no_unit_broken_that_only_waits",),
    ),
    Mutation(
        "plan/deploy_step.py",
        "back.certain and wanted.project not in request.only:",
        "False:",
        "What is newer is left out unless somebody names it.",
        (f"{_STORY}::test_a_stale_checkout_takes_back_nothing_that_colleagues_deployed",),
    ),
    Mutation(
        "plan/deploy_step.py",
        "*older_questions(release, running, back),",
        "",
        "What is taken back is asked for.",
        (f"{_STORY}::test_two_branches_that_work_on_different_units_do_not_bother_each_other",),
    ),
    Mutation(
        "plan/backwards.py",
        'return past.common.get(path, "") == id_ or any(',
        "return any(",
        "What was not changed since the common commit is nobody's to ask for.",
        (f"{_VALUES}::test_a_newer_commit_or_another_branch_that_changed_something_else_bothers_nobody",),
    ),
    Mutation(
        "plan/backwards.py",
        "lost = tuple(path for path, id_ in theirs.items() if not _has(path, id_, past))",
        "lost = tuple(path for path, id_ in theirs.items() if past.common.get(path) != id_)",
        "What my history has as well is not taken back.",
        (f"{_VALUES}::test_what_my_history_has_as_well_is_not_taken_back",),
    ),
    Mutation(
        "plan/backwards.py",
        'if not lost or (past.kin == "ancestor" and mine):',
        "if not lost:",
        "One's own uncommitted changes are not asked for.",
        (f"{_VALUES}::test_uncommitted_changes_are_asked_for_unless_they_are_ones_own",),
    ),
    Mutation(
        "plan/backwards.py",
        "return place == 0 or not running.committed or not",
        "return True or not",
        "A state that my history had left earlier may have been restored by a commit that nobody has.",
        (f"{_VALUES}::test_a_commit_that_nobody_has_is_judged_by_when_my_history_went_on",),
    ),
    Mutation(
        "plan/backwards.py",
        "mark = next((mark for mark in marks if mark.release == running.release), None)",
        "mark = None",
        "A promotion of what was rolled back before is asked for.",
        (f"{_STORY}::test_a_promotion_of_what_was_rolled_back_before_is_asked_for_by_the_same_word",),
    ),
    Mutation(
        "host/lineage.py",
        "if email == me)",
        "if email)",
        "A colleague's commit that was once here is not one's own.",
        (f"{_STORY}::test_what_lies_under_a_colleagues_commit_goes_with_it_and_is_asked_about_too",),
    ),
    Mutation(
        "plan/backwards.py",
        'if past.kin == "rewritten" and mine:',
        'if past.kin == "rewritten":',
        "What somebody else has deployed is not one's own to amend.",
        (f"{_VALUES}::test_what_was_amended_in_this_clone_is_ones_own_only_if_one_has_deployed_it",),
    ),
    Mutation(
        "host/lineage.py",
        "for name, parents, email in lines if email != me]",
        "for name, parents, email in lines if False]",
        "What a colleague has committed below one's own tip is not one's own.",
        (f"{_STORY}::test_what_a_colleague_has_committed_below_ones_own_tip_is_not_ones_own_to_take_back",),
    ),
    Mutation(
        "make/lineage.py",
        "or gone_back.get(wanted.project) or",
        "or",
        "An older state that is not committed is asked for.",
        (f"{_STORY}::test_an_older_state_that_was_checked_out_and_is_not_committed_is_asked_about",),
    ),
    Mutation(
        "make/lineage.py",
        "return there.commit != snapshot.commit or (",
        "return (",
        "What runs of another commit is looked at.",
        (f"{_STORY}::test_a_stale_checkout_takes_back_nothing_that_colleagues_deployed",),
    ),
    Mutation(
        "host/lineage.py",
        '_fetch(root, "--unshallow", remotes[0])',
        "pass",
        "A shallow clone gets its history before it judges.",
        ("host/test_lineage.py::test_a_shallow_clone_gets_its_history_first",),
    ),
    Mutation(
        "host/lineage.py",
        '"--no-recurse-submodules", "--no-write-fetch-head")',
        '"--no-recurse-submodules")',
        "Asking for a commit leaves the clone as it is.",
        ("host/test_lineage.py::test_a_commit_that_only_the_remote_has_is_fetched_and_no_branch_is_moved",),
    ),
    Mutation(
        "make/lineage.py",
        "return there.author == caller()",
        "return there.who == caller()",
        "Who repairs what a colleague has deployed does not make it her own.",
        (f"{_STORY}::test_who_sends_a_colleagues_work_again_does_not_make_it_her_own",),
    ),
    Mutation(
        "host/lineage.py",
        "if _OBJECT.fullmatch(commit))",
        "if commit)",
        "What others have written into a record is no option of Git.",
        ("host/test_lineage.py::test_what_others_have_written_into_a_record_is_no_option_of_git",),
    ),
    Mutation(
        "flow/desired.py",
        "    if len(found) > 1:\n",
        "    if False:\n",
        "A version of several releases names none of them.",
        (f"{_VERSIONS}::test_a_rollback_to_a_version_of_several_releases_says_which_ones",),
    ),
    Mutation(
        "plan/release_rules.py",
        "    if origin.dirty or not origin.commit:\n",
        "    if not origin.commit:\n",
        "What was made from uncommitted changes goes no further than the rule lets it.",
        (f"{_VERSIONS}::test_an_uncommitted_tree_gets_no_further_than_the_rule_lets_it",),
    ),
    Mutation(
        "plan/release_rules.py",
        "    if any(item.release == release.digest for item in done):\n",
        "    if False:\n",
        "What has run there may come back, whatever number it has.",
        (f"{_VERSIONS}::test_what_ran_there_before_the_rule_may_come_back",),
    ),
    Mutation(
        "flow/numbers.py",
        "if step.environment in strict]",
        "if False]",
        "A number stays taken after others have run.",
        (f"{_VERSIONS}::test_a_number_stays_taken_after_others_and_its_owner_may_come_back",),
    ),
    Mutation(
        "make/candidates.py",
        "dirty=snapshot.is_dirty(_own(candidate.unit))",
        "dirty=snapshot.dirty",
        "Somebody's change of another unit makes no release uncommitted.",
        (f"{_VERSIONS}::test_an_uncommitted_tree_gets_no_further_than_the_rule_lets_it",),
    ),
)
