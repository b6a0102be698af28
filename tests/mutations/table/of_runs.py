"""What a run of the CI keeps safe: what it takes back, whom it waits for, and whose code it runs."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

_RUN, _STOPS, _REQUESTS, _OWN = "runs/test_run.py", "runs/test_stops.py", "runs/test_requests.py", "runs/test_own.py"
_KILLED, _MESSAGES, _BRANCHES = "runs/test_killed.py", "ci/test_messages.py", "host/test_branches.py"

MUTATIONS = (
    Mutation(
        "runs/bring.py",
        'late = {unit for unit, one in verdicts.items() if one == "superseded"}',
        "late = set[str]()",
        "A run that comes late takes nothing back.",
        (f"{_RUN}::test_of_two_runs_at_once_the_later_commit_stays_whichever_ends_first",),
    ),
    Mutation(
        "runs/bring.py",
        'isinstance(step, NewerStep) and verdicts.get(step.project) == "goes"',
        "False",
        "A force push that drops commits wins.",
        (f"{_RUN}::test_a_force_push_that_drops_commits_wins_and_so_does_a_revert",),
    ),
    Mutation(
        "runs/bring.py",
        'if record.hold is not None or found != "goes":',
        "if record.hold is not None:",
        "The branch is asked again under the lease.",
        (f"{_RUN}::test_under_the_lease_a_unit_that_got_newer_meanwhile_stays",),
    ),
    Mutation(
        "flow/act.py",
        "            world.may_go(step, held.record)\n",
        "",
        "Whoever deploys is asked under the lease whether it may.",
        (f"{_RUN}::test_under_the_lease_a_unit_that_got_newer_meanwhile_stays",),
    ),
    Mutation(
        "runs/bring.py",
        "return {unit for unit, where in self.held if where in upto}",
        "return {unit for unit, where in self.held if where == place}",
        "What is held here stays in the environments after it, too.",
        (f"{_STOPS}::test_what_a_held_unit_runs_here_goes_no_further_either",),
    ),
    Mutation(
        "plan/rollback.py",
        "return Hold(who=entry.who, when=entry.when, reason=entry.reason)",
        "return None",
        "A rollback holds the unit against the CI.",
        (f"{_STOPS}::test_a_rollback_by_hand_holds_until_a_person_deploys_it_there",),
    ),
    Mutation(
        "runs/bring.py",
        "bad = dependents(passage.world, broken)",
        "bad = set(broken)",
        "What needs a unit whose tests fail does not go without it.",
        (f"{_STOPS}::test_what_fails_its_own_tests_goes_nowhere_and_holds_up_nobody_but_its_dependents",),
    ),
    Mutation(
        "runs/bring.py",
        "    if not command or was_verified(passage.world.store, place, digest):",
        "    if True:",
        "The workspace's command stands between two environments.",
        (f"{_STOPS}::test_the_command_between_two_environments_is_run_once_for_a_change_and_stops_it",),
    ),
    Mutation(
        "runs/request.py",
        'if job.credentials == "none":',
        "if False:",
        "Nothing of a stranger's change runs in a build that has credentials.",
        (f"{_REQUESTS}::test_a_copy_for_strangers_runs_nothing_in_a_build_that_has_credentials",),
    ),
    Mutation(
        "runs/request.py",
        "if job.agreed and seen.commit not in job.agreed:",
        "if False:",
        "A maintainer's yes is for the commit that she has seen.",
        (f"{_REQUESTS}::test_nothing_of_a_strangers_change_is_even_checked_out_before_a_maintainers_yes_to_it",),
    ),
    Mutation(
        "runs/look.py",
        'if commit not in ("", head) and not isinstance(subject, PullRequest):',
        'if commit not in ("", head):',
        "A pull request is checked out by nothing but what has looked whose it is.",
        (f"{_REQUESTS}::test_a_copy_for_strangers_runs_nothing_in_a_build_that_has_credentials",),
    ),
    Mutation(
        "runs/request.py",
        'return roles is not None and world.config.devops.role_name == roles.of_devops("build")',
        "return False",
        "Nothing of what is not merged runs in a build that may deploy.",
        (f"{_REQUESTS}::test_nothing_of_what_is_not_merged_is_checked_out_in_a_build_that_may_deploy",),
    ),
    Mutation(
        "runs/request.py",
        "if moved := _elsewhere(world, seen.protected):",
        'if moved := "":',
        "A change does not choose whose bucket and accounts are read.",
        (f"{_REQUESTS}::test_a_change_that_moves_the_bucket_or_an_environment_is_not_planned",),
    ),
    Mutation(
        "runs/look.py",
        'document = {"reason": f"{key} cannot be read"}',
        "continue",
        "A freeze that cannot be read freezes.",
        (f"{_STOPS}::test_a_freeze_that_cannot_be_read_freezes",),
    ),
    Mutation(
        "runs/run.py",
        "done = _settled(Report(results=done.results) + found)",
        "done = _settled(done + found)",
        "What an earlier look found waiting is not said of the last one.",
        (f"{_RUN}::test_a_push_in_the_middle_of_a_run_is_seen_by_that_run",),
    ),
    Mutation(
        "operations/ci_kept.py",
        "if f\"{_plans(environment)}{document.get('digest')}.json\" != there.key:",
        "if False:",
        "An approver agrees to the digest that her command names.",
        (f"{_STOPS}::test_a_plan_under_the_name_of_another_is_refused",),
    ),
    Mutation(
        "operations/dispatch.py",
        "store.replace(key, body, etag=there.etag) is not None",
        "store.replace(key, body, etag=store.get(key).etag) is not None",
        "A look that comes late replaces no settings.",
        (f"{_MESSAGES}::test_a_look_that_comes_late_replaces_no_settings",),
    ),
    Mutation(
        "operations/messages.py",
        "return happened.repository if happened.repository in names else",
        "return happened.repository if True else",
        "An event of another repository is not for us.",
        (f"{_MESSAGES}::test_another_repository_is_not_ours",),
    ),
    Mutation(
        "operations/dispatch.py",
        "        _step(store, place, lambda there: release(there, job, store.now()))\n        raise\n",
        "        raise\n",
        "A wish whose build could not be started is there for the next message at once.",
        ("ci/test_dispatch.py::test_a_refusal_that_is_an_error_leaves_the_wish_to_the_next_message_at_once",),
    ),
    Mutation(
        "operations/dispatch.py",
        "if isinstance(happened, ScheduleLooked) or of_everything:",
        "if isinstance(happened, ScheduleLooked):",
        "What the upkeep wants is started when it ends.",
        (f"{_MESSAGES}::test_what_the_upkeep_wants_is_started_when_it_ends",),
    ),
    Mutation(
        "aws/builds.py",
        "if code_of(error) == _NO_ROOM or is_throttled(error):",
        "if is_throttled(error):",
        "Where no more builds may run, the message waits and is no error.",
        ("aws/test_builds.py::test_where_no_more_may_run_none_is_started_and_that_is_no_error",),
    ),
    Mutation(
        "host/branches.py",
        "            if os.fsdecode(name) == ref:\n",
        "            if name:\n",
        "A pattern is the name of no branch.",
        (f"{_BRANCHES}::test_names_of_branches_and_tags_are_only_texts",),
    ),
    Mutation(
        "host/branches.py",
        '*("-c", f"core.hooksPath={os.devnull}", "-c", ',
        '*("-c", ',
        "No hook of the clone runs.",
        (f"{_BRANCHES}::test_a_hook_of_the_clone_does_not_run",),
    ),
)
