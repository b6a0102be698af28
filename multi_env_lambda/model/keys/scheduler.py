"""The keys of an event that is a schedule of EventBridge Scheduler."""

from __future__ import annotations

from multi_env_lambda.model.key import Either, Json, Key, Keys, Number, Rule, Text
from multi_env_lambda.model.keys.route import HEADER
from multi_env_lambda.model.name import KEY

__all__ = ["SCHEDULER"]

_EXPRESSION = Rule(
    pattern=r"(?s)(rate|cron)\(.*\)",
    maximum=256,
    allowed="`rate(…)` or `cron(…)`",
    hint="minutes hours day-of-month month day-of-week year: `cron(0 8 ? * MON-FRI *)`",
)
_TIME_ZONE = Rule(
    pattern=r"[A-Za-z0-9_+/-]+",
    maximum=50,
    allowed="the name of a time zone, such as `Europe/Berlin`",
    hint="as in https://en.wikipedia.org/wiki/List_of_tz_database_time_zones",
)
_TIME = Rule(
    pattern=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    allowed='a time in UTC, such as "2026-12-01T00:00:00Z"',
    hint="with seconds, and with `Z` for UTC",
)
_QUEUE_ARN = Rule(
    pattern=r"arn:aws:sqs:[^:]*:[^:]*:[A-Za-z0-9_-]+",
    allowed="the key of a queue below `queues`, or the ARN of a queue that is not FIFO",
    hint="an ARN may contain `${region}` and `${account_id}`",
)
_EVENT = 'scheduler = "rate(1 hour)"'

SCHEDULER = Keys(
    title="A schedule with a time zone",
    header=HEADER,
    about="EventBridge Scheduler calls the function in a separate role, which may do nothing else. For a schedule\n"
    "in UTC that needs none of these keys, ``schedule`` is enough.",
    keys=(
        Key(
            "scheduler",
            Text(_EXPRESSION, allowed="``rate(…)`` or ``cron(…)``"),
            "When, in the time of ``time_zone``. The fields of ``cron`` are minutes, hours, day of month, month, day\n"
            "of week and year.",
            'scheduler = "cron(0 8 ? * MON-FRI *)"\ntime_zone = "Europe/Berlin"',
        ),
        Key(
            "time_zone",
            Text(_TIME_ZONE, "UTC", allowed="the name of a time zone of IANA"),
            "Where it is that time. Daylight saving is followed: ``cron`` calls at the same local time all year.",
            'scheduler = "cron(0 8 * * ? *)"\ntime_zone = "America/New_York"',
        ),
        Key(
            "window_minutes",
            Number(1, 1440),
            "Within how many minutes after its time it calls, so that not everything happens at the full hour.",
            f"{_EVENT}\nwindow_minutes = 15",
            default="none: as soon as it can",
            off=True,
        ),
        Key(
            "start",
            Text(_TIME, allowed="a time in UTC, with ``Z``"),
            "Before this time it does not call.",
            f'{_EVENT}\nstart = "2026-12-01T00:00:00Z"',
            default="none: from the deploy on",
            off=True,
        ),
        Key(
            "end",
            Text(_TIME, allowed="a time in UTC, with ``Z``"),
            "After this time it no longer calls.",
            f'{_EVENT}\nend = "2027-01-01T00:00:00Z"',
            default="none: it goes on",
            off=True,
        ),
        Key(
            "retries",
            Number(0, 185, 185),
            "How often it calls again if Lambda did not accept the event. What happens after that, when the handler\n"
            "fails, is up to the function.",
            f"{_EVENT}\nretries = 3",
        ),
        Key(
            "maximum_age",
            Number(60, 86_400, 86_400),
            "For how many seconds it tries.",
            f"{_EVENT}\nmaximum_age = 3600",
        ),
        Key(
            "dead_letter_queue",
            Either((Text(_QUEUE_ARN), Text(KEY))),
            "The key of a queue below ``queues``, or the ARN of another one, which gets what could not be delivered.",
            f'{_EVENT}\ndead_letter_queue = "arn:aws:sqs:${{region}}:${{account_id}}:failed"',
            default="none",
            off=True,
        ),
        Key(
            "payload",
            Json(),
            "The event that the function gets, up to 256 KB of JSON. ``<aws.scheduler.scheduled-time>`` in a text\n"
            "becomes the time at which it was due.",
            f"{_EVENT}\npayload = {{ full = true }}",
            default="an event of the scheduler",
        ),
    ),
)
