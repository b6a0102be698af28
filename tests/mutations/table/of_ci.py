"""From an event to what is wanted: nothing lost, nothing doubled, nothing set back, and no credentials for strangers."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_HISTORIES = ("ci/test_histories.py::test_random_histories_end_as_a_model_predicts",)
_DECIDE, _READ, _WANTED, _DISPATCH = "ci/test_decide.py", "ci/test_read.py", "ci/test_wanted.py", "ci/test_dispatch.py"
_FILE = "ci/test_ci_file.py"

MUTATIONS = (
    Mutation(
        "operations/dispatch.py",
        "    places += [place_of(subject.key) for subject in _subjects(happened)]\n",
        "",
        "A message that comes again starts what it wanted, whatever is decided by then.",
        ("ci/test_messages.py::test_a_message_that_comes_again_starts_what_it_wanted_whatever_is_decided_by_then",),
    ),
    Mutation(
        "operations/dispatch.py",
        "mine = attrs.evolve(wanted, since=store.now()) if again else claim(wanted, store.now())",
        "mine = wanted if again else claim(wanted, store.now())",
        "Of a claim that grew old one build is started each time.",
        ("ci/test_dispatch.py::test_of_a_claim_that_grew_old_one_build_is_started_each_two_minutes",),
    ),
    Mutation(
        "model/record.py",
        "return not self.gone or self.unsure is not None",
        "return not self.gone",
        "What a killed first deploy has left in the environment of a branch goes with the branch.",
        ("runs/test_own.py",),
    ),
    Mutation(
        "runs/own.py",
        "        mark_own(world.store, attrs.evolve(mark, failed=True))\n",
        "        pass\n",
        "A branch's environment that AWS did not make is made by the next look.",
        ("runs/test_own.py::test_an_environment_that_aws_did_not_make_is_made_by_the_next_look",),
    ),
    Mutation(
        "ci/wanted.py",
        "    if wanted.asked > wanted.seen:\n",
        "    if False:\n",
        "A wish during a run makes it look again.",
        (f"{_WANTED}::test_a_wish_during_a_run_makes_it_look_again",),
    ),
    Mutation(
        "ci/wanted.py",
        'wanted.build not in ("", build):',
        "False:",
        "Of two builds of one run one works.",
        (f"{_WANTED}::test_a_second_build_of_the_same_run_has_nothing_to_do",),
    ),
    Mutation(
        "ci/wanted.py",
        "return Start() if now >= again else Wait(again)",
        "return Wait(again)",
        "What a dispatcher claimed before it died is started by somebody else.",
        _HISTORIES,
    ),
    Mutation(
        "ci/wanted.py",
        "    if mark and mark[0] in before.heard:\n",
        "    if False:\n",
        "A message that comes again is no second wish.",
        ("ci/test_wanted.py::test_the_same_message_asks_once_and_another_one_asks_again",),
    ),
    Mutation(
        "ci/wanted.py",
        "Claim() if not pause or now >= wanted.since + pause else",
        "Claim() if now >= wanted.since + pause else",
        "A wish that was just written is claimed, whatever the second is that the store's clock says.",
        (f"{_WANTED}::test_a_wish_is_claimed_at_once_although_the_clock_of_the_store_seems_to_go_back",),
    ),
    Mutation(
        "ci/wanted.py",
        "return attrs.evolve(wanted, build=build, seen=wanted.asked)",
        "return attrs.evolve(wanted, build=build, seen=wanted.asked + 1)",
        "A build takes up no more wishes than there were when it looked.",
        (f"{_WANTED}::test_no_order_of_steps_loses_a_wish_or_lets_two_builds_work",),
    ),
    Mutation(
        "ci/standing.py",
        'if kin == "newer" and kept:',
        "if False:",
        "A late run takes nothing back that the branch still has.",
        ("ci/test_decision.py::test_a_late_run_takes_nothing_back_and_a_force_push_does", *_HISTORIES),
    ),
    Mutation(
        "ci/standing.py",
        'if kin == "newer" and kept:',
        'if kin == "newer":',
        "A force push that only takes commits away wins.",
        _HISTORIES,
    ),
    Mutation(
        "ci/own.py",
        "return tuple(sorted(late | {one.branch for one in state.own if _is_over(one, state)}))",
        "return tuple(sorted(late))",
        "The environment of a branch goes although its delete event was lost.",
        _HISTORIES,
    ),
    Mutation(
        "operations/dispatch.py",
        "places += [one.key for one in store.list(FOLDER)]",
        "pass",
        "The schedule goes on with what nobody finished.",
        (f"{_DISPATCH}::test_the_schedule_hears_of_everything_that_died",),
    ),
    Mutation(
        "operations/dispatch.py",
        "if not builds.is_over(build):",
        "if False:",
        "A build that runs is not replaced because somebody says that it ended.",
        (f"{_DISPATCH}::test_a_build_that_ended_without_a_word_is_replaced_when_somebody_hears_of_it",),
    ),
    Mutation(
        "ci/decide.py",
        "stranger=state.stranger is not False)",
        "stranger=state.stranger is True)",
        "Who does not know whose change it is takes it for a stranger's.",
        (f"{_DECIDE}::test_who_does_not_know_whose_change_it_is_takes_it_for_a_strangers",),
    ),
    Mutation(
        "ci/decide.py",
        "if not happened.commit or happened.who not in state.rules.maintainers:",
        "if not happened.commit:",
        "Only the maintainers of the table agree to a stranger's commit.",
        (f"{_DECIDE}::test_the_defaults",),
    ),
    Mutation(
        "ci/hosts/github.py",
        'stranger=not request.same(("head", "repo", "id"), ("base", "repo", "id")),',
        'stranger=request.text("author_association") == "NONE",',
        "Whose change it is, is told by the repository that it comes from.",
        (f"{_READ}::test_a_pull_request_from_who_knows_where_is_a_strangers",),
    ),
    Mutation(
        "ci/checked.py",
        '    _check(fine, where, f"it gives pull request',
        '    _check(True, where, f"it gives pull request',
        "A ci.py gives no stranger credentials.",
        ("ci/test_decision.py::test_a_strangers_change_gets_no_credentials_from_a_file",),
    ),
    Mutation(
        "operations/ci_file.py",
        "    return checked(found, default, state, where=CI_FILE)",
        "    return found",
        "What a ci.py answers is looked at.",
        (f"{_FILE}::test_an_answer_of_its_own_making_is_looked_at_like_any_other",),
    ),
)
