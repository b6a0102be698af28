"""Traffic that somebody moved by hand, templates that somebody else sent, and copies that somebody changed."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_HAND, _DRIFT = "flow/test_moved_by_hand.py", ("flow/test_drift.py",)

MUTATIONS = (
    Mutation(
        "flow/shift.py",
        "    must_be_agreed(step, strayed)\n",
        "",
        "A shift does not go on from where somebody moved the traffic after the plan.",
        (f"{_HAND}::test_what_is_moved_after_the_agreement_is_asked_for_again",),
    ),
    Mutation(
        "flow/aliases.py",
        "    return attrs.evolve(known, strayed=found) if found else known\n",
        "    return known\n",
        "The plan asks about traffic that somebody moved.",
        (f"{_HAND}::test_by_consent_all_steps_are_watched_again",),
    ),
    Mutation(
        "flow/shift.py",
        "    put_back(world, environment, strayed, held)\n",
        "",
        "By consent the alias is pointed where the first step begins.",
        (f"{_HAND}::test_by_consent_all_steps_are_watched_again",),
    ),
    Mutation(
        "flow/shift.py",
        "first = 0 if latest is None or again else",
        "first = 0 if latest is None else",
        "By consent all steps are watched again.",
        (f"{_HAND}::test_by_consent_all_steps_are_watched_again",),
    ),
    Mutation(
        "flow/shift.py",
        "    _must_be_ours(work, pairs)\n",
        "",
        "Traffic that somebody gives back while it is watched stays there.",
        (f"{_HAND}::test_traffic_that_somebody_gives_back_in_an_emergency_stays_there",),
    ),
    Mutation(
        "flow/shift.py",
        "        if not alias.weights and recorded < len(steps) and",
        "        if False and",
        "All traffic that came before its steps were watched is refused.",
        (f"{_HAND}::test_all_traffic_that_came_by_cloudformation_before_its_steps_were_watched_is_refused",),
    ),
    Mutation(
        "flow/aliases.py",
        "for item in first if not item.state.is_like(found := look(item)))",
        "for item in first if (found := look(item)) is not None)",
        "One old answer about an alias stops nothing.",
        (f"{_HAND}::test_one_old_answer_about_the_alias_stops_nothing",),
    ),
    Mutation(
        "flow/aliases.py",
        "    if asked is not None and strayed and asked != question:\n",
        "    if False:\n",
        "What was moved after the agreement is asked for again.",
        (f"{_HAND}::test_what_is_moved_after_the_agreement_is_asked_for_again",),
    ),
    Mutation(
        "model/alias.py",
        "abs(mine[key] - theirs[key]) < _SAME",
        "True",
        "A weight that somebody changed is another division.",
        (f"{_HAND}::test_a_shift_goes_on_from_no_traffic_that_somebody_moved",),
    ),
    Mutation(
        "flow/act.py",
        "        if step.running == step.release.digest:\n            _ready(",
        "        if False:\n            _ready(",
        "What is sent again points aliases anew.",
        (f"{_HAND}::test_what_is_sent_again_takes_back_an_alias_of_a_function_without_steps",),
    ),
    Mutation(
        "flow/drift.py",
        "    resources = (*seen, *aliases, *code, *outside)\n",
        "    resources = (*seen, *code, *outside)\n",
        "Drift sees an alias that was moved by hand.",
        _DRIFT,
    ),
    Mutation(
        "flow/drift.py",
        "    resources = (*seen, *aliases, *code, *outside)\n",
        "    resources = (*seen, *aliases, *code)\n",
        "Drift sees a template that somebody else sent.",
        _DRIFT,
    ),
    Mutation(
        "plan/outside.py",
        "    return changes(running, canonical_json(found)) or None\n",
        "    return changes(running, canonical_json(found))\n",
        "A change of a template that is none of a resource is told.",
        ("plan/test_outside.py",),
    ),
    Mutation(
        "plan/outside.py",
        "_free(found) == _free(json.loads(text))",
        "True",
        "A template is excused by an attempt that is not over only where it is that one's.",
        ("plan/test_outside.py",),
    ),
    Mutation(
        "local/seed.py",
        '        if {"Key": _SEEDED, "Value": digest(there["AssumeRolePolicyDocument"])} in there.get("Tags", ()):\n',
        "        if True:\n",
        "The seed overwrites no trust policy that somebody wrote.",
        ("local/test_seed.py::test_a_role_that_somebody_made_or_changed_survives_the_next_start",),
    ),
    Mutation(
        "flow/replicate.py",
        "    return there.put_new(key, body) if found is None else there.replace(key, body, etag=found.etag)\n",
        "    return there.put_new(key, body)\n",
        "A copy that was changed is made again.",
        ("flow/test_replicate.py",),
    ),
    Mutation(
        "local/emulator/aliases.py",
        '"create": create, "update": update}',
        '"create": create}',
        "A refused alias is told in Lambda's words.",
        ("local/test_aliases.py::test_a_stack_that_wants_it_is_rolled_back",),
    ),
    Mutation(
        "local/emulator/aliases.py",
        '{config.get("Role") for config in configs}',
        '{"" for config in configs}',
        "The versions that an alias divides its calls between have one role.",
        ("local/test_aliases.py::test_the_versions_of_an_alias_have_one_role_and_one_dead_letter_queue",),
    ),
    Mutation(
        "local/emulator/aliases.py",
        '"TargetArn") for config in configs}',
        '"") for config in configs}',
        "The versions that an alias divides its calls between have one dead letter queue.",
        ("local/test_aliases.py::test_the_versions_of_an_alias_have_one_role_and_one_dead_letter_queue",),
    ),
    Mutation(
        "local/emulator/aliases.py",
        "if not 0 <= float(weight) <= 1:",
        "if False:",
        "An alias gives a version a share of 1 at most.",
        ("local/test_aliases.py::test_a_weight_is_a_share",),
    ),
    Mutation(
        "local/config_file.py",
        "given.get(EXPIRATION) else {}",
        "False else {}",
        "The end of a session can be rehearsed.",
        ("local/test_config_file.py",),
    ),
    Mutation(
        "local/emulator/published_code.py",
        "    if there != expected:\n",
        "    if False:\n",
        "A version is published of the code that is asked for.",
        ("local/test_published_code.py",),
    ),
    Mutation(
        "flow/code.py",
        "            world.platform.send_code(environment, name, places[name], held)\n",
        "",
        "Code that somebody uploaded is replaced before a version is published.",
        ("flow/test_code_by_hand.py",),
    ),
    Mutation(
        "flow/code.py",
        "there.code_sha256 in known:",
        "True:",
        "Code that somebody uploaded is drift.",
        ("flow/test_code_by_hand.py",),
    ),
    Mutation(
        "flow/act.py",
        "        check_codes(world, environment, before, wanted)\n",
        "",
        "A put-back says what code callers get.",
        ("flow/test_code_by_hand.py",),
    ),
    Mutation(
        "plan/pins.py",
        "there is None or there.get(name) == code)",
        "False)",
        "Code that CloudFormation does not send is looked at.",
        ("flow/test_code_by_hand.py",),
    ),
)
