"""CodePipeline: whose yes counts, for what, and who may write it down."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_WITNESS = "aws/test_witness.py"
_FILE = "plan/test_codepipeline.py"
_STEPS = "runs/test_pipeline_steps.py"

MUTATIONS = (
    Mutation(
        "operations/witness.py",
        "if not isinstance(who, str) or not _is_person(witness, who):",
        "if not isinstance(who, str):",
        "Only somebody in the approver's role gives a yes that counts.",
        (_WITNESS,),
    ),
    Mutation(
        "operations/witness.py",
        "if not -_MOST_AHEAD <= age <= MOST_SECONDS:",
        "if not -_MOST_AHEAD <= age:",
        "An old yes is not to be had again by asking the witness.",
        (_WITNESS,),
    ),
    Mutation(
        "operations/witness.py",
        "datetime.fromtimestamp(said_at, tz=UTC)",
        "datetime.fromtimestamp(witness.store.now(), tz=UTC)",
        "Asked again about the same yes, the witness renews nothing.",
        (_WITNESS,),
    ),
    Mutation(
        "operations/witness.py",
        'found.get("status") != "Succeeded"',
        'found.get("status") == "Failed"',
        "What nobody has answered is not approved.",
        (_WITNESS,),
    ),
    Mutation(
        "model/codepipeline.py",
        "if len(found) == 1 and said",
        "if found and said",
        "A text that names two plans approves neither.",
        ("model/test_codepipeline.py",),
    ),
    Mutation(
        "model/codepipeline.py",
        " or found.keys() - set(places)\n",
        "\n",
        "A yes to a stage approves nothing outside of it.",
        (_WITNESS,),
    ),
    Mutation(
        "model/codepipeline.py",
        "len(_HEX.findall(said.lower())) != len(pairs)",
        "False",
        "A text with one more digest than environments approves nothing.",
        (_WITNESS,),
    ),
    Mutation(
        "runs/request.py",
        "last = world.config.end",
        "last = world.config.environments[-1].name",
        "A plan of a pull request reaches all environments of the last stage.",
        ("runs/test_requests.py::test_a_plan_of_a_pull_request_reaches_all_environments_of_the_last_stage",),
    ),
    Mutation(
        "plan/bucket_guards.py",
        "if config.codepipeline is not None and any(place.approval for place in config.environments):",
        "if any(place.approval for place in config.environments):",
        "Without a pipeline nobody but approvers writes approvals.",
        (f"{_FILE}::test_the_bucket_lets_the_witness_write_approvals_where_somebody_is_asked",),
    ),
    Mutation(
        "runs/pipeline.py",
        "tuple(_overtaken(report)) if step.approved else ()",
        "()",
        "A yes to what is no longer the plan is red.",
        (_STEPS,),
    ),
    Mutation(
        "plan/codepipeline.py",
        '"NE", NOTHING)\n        else:',
        '"EQ", NOTHING)\n        else:',
        "Where something waits, somebody is asked.",
        (_FILE,),
    ),
    Mutation(
        "local/emulator/builds.py",
        "        token = _overridden.set(changed)\n",
        '        codebuild._projects[project["name"]] = changed\n        token = _overridden.set(changed)\n',
        "What one build overrides is not seen by another one that starts at the same time.",
        (
            "local/test_threads.py::test_two_builds_of_a_project_are_started_at_once_and_neither_sees_what_the_other_one_overrides",
        ),
    ),
)
