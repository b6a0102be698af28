"""Objects of a bucket: who may call, in which form, for which keys, and what others own."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_TEMPLATE = ("plan/test_template_events.py",)
_LOCAL = ("local/test_bucket_notifications.py",)

MUTATIONS = (
    Mutation(
        "plan/template/buckets.py",
        "depends_on=tuple(sorted(waits_for))",
        "depends_on=()",
        "S3 may call the function before the bucket names it.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/buckets.py",
        'may_invoke(function, name, "s3.amazonaws.com", arn, unit.environment.account_id)',
        'may_invoke(function, name, "s3.amazonaws.com", arn)',
        "A bucket of another account that has the name may not call.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/buckets.py",
        '"Value": as_filter(text)',
        '"Value": text',
        "A prefix is encoded as S3 wants it.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/bucket_notifications.py",
        "            if one.overlaps(other):",
        "            if False:",
        "Two functions for the same objects are refused by the plan.",
        _TEMPLATE,
    ),
    Mutation(
        "model/notification.py",
        "            and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))\n",
        "",
        "Entries overlap only if some key belongs to both.",
        ("model/test_notification.py", "plan/test_template_refusals.py"),
    ),
    Mutation(
        "model/own_resources.py",
        "tuple(dict.fromkeys(key for key in keys if key is not None))",
        "tuple(key for key in keys if key is not None)",
        "Functions of one unit may share a bucket.",
        ("model/test_project.py", "model/test_name.py"),
    ),
    Mutation(
        "model/bucket_event.py",
        '"form" not in table.values:',
        "False:",
        "An existing bucket needs the word which form is meant.",
        ("model/test_event.py",),
    ),
    Mutation(
        "plan/object_forms.py",
        "(set(_by_eventbridge(old)) - set(_by_eventbridge(new))) & set(_by_s3(new))",
        "set() & set(_by_s3(new))",
        "No function gets its objects in another form unasked.",
        ("plan/test_object_forms.py",),
    ),
    Mutation(
        "plan/late_starts.py",
        "if _tells_eventbridge(before or {}) and not _tells_eventbridge(properties):",
        "if False:",
        "Rules elsewhere that hear no more of a bucket are told in the plan.",
        ("plan/test_late_starts.py",),
    ),
    Mutation(
        "local/emulator/bucket_notifications.py",
        '    return decision == "Allow"\n',
        "    return True\n",
        "The local cloud lets S3 call a function only with a permission.",
        _LOCAL,
    ),
    Mutation(
        "local/emulator/bucket_notifications.py",
        '        if _may_call(arn, payload["Records"][0]["s3"]["bucket"]["name"]):\n',
        "        if True:\n",
        "The permission counts at each delivery.",
        _LOCAL,
    ),
    Mutation(
        "local/emulator/bucket_notifications.py",
        "        if not all(_is_encoded(text or",
        "        if not any(_is_encoded(text or",
        "A filter that is not encoded matches nothing.",
        _LOCAL,
    ),
    Mutation(
        "local/emulator/event_rules.py",
        '["CreationTime"] = now()',
        '["DeletionTime"] = now()',
        "The countdown of a rate begins when its rule is made.",
        ("end_to_end/test_what_a_handler_gets.py",),
    ),
)
