"""Resources of a unit's own tables: safe by default, and no more rights than are named."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_READER = ("model/test_resources.py",)
_TEMPLATE = ("plan/test_template_resources.py",)
_TRANSITIONS = ("plan/test_transitions.py",)

_LENT = ("flow/test_lent.py",)

MUTATIONS = (
    Mutation(
        "flow/lent.py",
        "if found != base64_sha256(lent.sha256):",
        "if False:",
        "The layer of another unit is used only with the released bytes.",
        _LENT,
    ),
    Mutation(
        "make/dependencies.py",
        "    lock = lending.lock()\n",
        "    lock = None\n",
        "A unit is built with the layer of the other unit's lock.",
        ("flow/test_lent_builds.py::test_the_layer_is_published_once_and_named_by_its_content",),
    ),
    Mutation(
        "make/dependencies.py",
        " or project.layer_for_others:\n",
        ":\n",
        "A unit of jobs alone lends a layer, too.",
        ("flow/test_lent_builds.py::test_a_unit_of_jobs_alone_lends_a_layer_too",),
    ),
    Mutation(
        "api/watching.py",
        "dict.fromkeys((*ordered, *sorted(found)))",
        "sorted(found)",
        "A save reaches a unit after those that it needs.",
        ("api/test_watching.py::test_a_changed_layer_reaches_its_own_unit_before_the_one_that_gets_it",),
    ),
    Mutation(
        "runs/own.py",
        "if unit.name in names and unit.layer_of}",
        "if False}",
        "The environment of a branch has the layers that its units get.",
        ("runs/test_own.py::test_a_unit_of_a_branch_whose_layer_is_that_of_another_unit_brings_that_unit",),
    ),
    Mutation(
        "flow/lent.py",
        "    if _newest(there, lent) is not None:\n        return step\n",
        "    return step\n",
        "A plan refuses a unit whose layer is not there.",
        ("flow/test_lent_plans.py::test_alone_a_unit_is_refused_where_its_layer_never_was",),
    ),
    Mutation(
        "flow/lent.py",
        "and _coming(lender) != lent.digest[:12]:",
        "and not _coming(lender):",
        "The layer that comes with the plan is the one that the unit was built with.",
        ("flow/test_lent_plans.py::test_an_older_layer_that_comes_with_the_plan_is_not_taken_for_it",),
    ),
    Mutation(
        "flow/lent.py",
        " if one.description.endswith(lent.digest[:12])",
        "",
        "A stack gets the layer with the released content, and not just the newest one.",
        _LENT,
    ),
    Mutation(
        "plan/prune.py",
        "wanted = content in lent or (",
        "wanted = (",
        "A layer version that another unit may still need is not pruned.",
        ("plan/test_prune.py",),
    ),
    Mutation(
        "model/lent.py",
        "if name not in unit.needs:",
        "if False:",
        "A unit gets a layer only of a unit that is deployed before it.",
        ("model/test_lent.py",),
    ),
    Mutation(
        "model/lent.py",
        "if not lender.lends:",
        "if False:",
        "A layer that is not meant for others is not used by them.",
        ("model/test_lent.py",),
    ),
    Mutation(
        "model/read_resources.py",
        "            if name not in able:\n",
        "            if False:\n",
        "A word that a kind does not have is refused.",
        _READER,
    ),
    Mutation(
        "model/read_resources.py",
        "    if known.get(name) == kind:\n        return",
        "    if True:\n        return",
        "A variable or an event names something that the unit has.",
        _READER,
    ),
    Mutation(
        "model/read_resources.py",
        "    if plain in seen:",
        "    if False:",
        "One name is one resource, whatever its kind.",
        _READER,
    ),
    Mutation(
        "model/read_resources.py",
        "    if not readers or resource.stream is not None:",
        "    if True:",
        "A table whose changes a function gets has a stream.",
        _READER,
    ),
    Mutation(
        "model/read_resources.py",
        "6 * function.timeout + event.window",
        "function.timeout",
        "A message does not come back while a function works on it.",
        _READER,
    ),
    Mutation(
        "plan/template/messages.py",
        'waits_for = (logical_id(key, "QueuePolicy"),)',
        "waits_for = ()",
        "A topic delivers to a queue that lets it.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/messages.py",
        """            "Condition": {"ArnEquals": {"aws:SourceArn": [ref(topic_id(topic.key)) for topic in topics]}},\n""",
        "",
        "A queue gets the messages of its topics and of nobody else.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/buckets.py",
        '{**kept, "VersioningConfiguration": {"Status": "Enabled"}} if bucket.versioning else kept',
        "kept",
        "A bucket keeps what was overwritten.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/buckets.py",
        "unit.project.bucket_name(unit.environment, key) if any(_listening(unit, key)) else ref(bucket_id(key))",
        "ref(bucket_id(key))",
        "A function that hears of a bucket may use it without a circle.",
        _TEMPLATE,
    ),
    Mutation(
        "model/project.py",
        "        if key not in declared:\n",
        "        if True:\n",
        "A bucket with a table and an event is one bucket.",
        _TEMPLATE,
    ),
    Mutation(
        "model/handed_over.py",
        "    if value.unit not in project.needs:",
        "    if False:",
        "A unit whose value is read is deployed first.",
        ("model/test_handed_over.py",),
    ),
    Mutation(
        "model/handed_over.py",
        "    if value.parameter in known:",
        "    if True:",
        "A value that the other unit does not have is refused.",
        ("model/test_handed_over.py",),
    ),
    Mutation(
        "plan/handed_over.py",
        "reads = (note for note in _read(new, environment) if note not in known)",
        "reads = ()",
        "The plan tells what is read of other units.",
        ("plan/test_handed_over.py",),
    ),
    Mutation(
        "plan/template/own_resources.py",
        """            found += _allowed(unit, value.key, "read")\n""",
        "            pass\n",
        "A function may read the secret that its variable names.",
        _TEMPLATE,
    ),
    Mutation(
        "model/uses.py",
        'kind not in ("parameter", "secret") or ',
        "",
        "A table is the unit's own, whether it is there or not.",
        _READER,
    ),
    Mutation(
        "plan/template/tables.py",
        "        retain=True,\n",
        "",
        "A table stays when it leaves the stack.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/own_resources.py",
        'if verb == "read" else []',
        'if verb == "write" else []',
        "Who may read a table may read its indexes.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/table_transitions.py",
        "    if len(changed) > 1:",
        "    if False:",
        "Two new indexes at once are refused by the plan.",
        _TRANSITIONS,
    ),
    Mutation(
        "plan/table_transitions.py",
        "    if _keys(old) != _keys(new):",
        "    if False:",
        "Other keys of a table are refused by the plan.",
        _TRANSITIONS,
    ),
)
