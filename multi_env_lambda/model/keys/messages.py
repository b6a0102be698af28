"""The keys of a queue and of a topic that have tables of their own."""

from __future__ import annotations

from multi_env_lambda.model.key import Flag, Key, Keys, Number, Text, Texts
from multi_env_lambda.model.name import KEY, QUEUE_NAME, TOPIC_NAME

__all__ = ["QUEUE", "TOPIC"]

_DEDUPLICATE = Key(
    "deduplicate",
    Flag(False),
    "Whether messages with the same content within five minutes count as one. It requires ``fifo``.",
    "fifo = true\ndeduplicate = true",
)

QUEUE = Keys(
    title="A queue of the unit",
    header="[tool.multi_env_lambda.queues.incoming]",
    about="All keys are optional: :doc:`../02-How-To/own-resources`. ``incoming`` is the key of the queue, which you\n"
    "choose. In AWS, it is called ``UNIT-ENVIRONMENT-KEY``, and its dead-letter queue ``UNIT-ENVIRONMENT-KEY-dlq``.\n"
    "The names of FIFO queues end with ``.fifo``.",
    keys=(
        Key("fifo", Flag(False), "Whether messages of a group arrive in their order.", "fifo = true"),
        _DEDUPLICATE,
        Key(
            "visibility_timeout",
            Number(0, 43_200),
            "For how many seconds a message that is being worked on is hidden. The default is also the minimum.",
            "visibility_timeout = 600",
            default="6 × ``timeout`` + ``window`` of the functions that read it; without one, 30",
            off=True,
        ),
        Key(
            "max_receive_count",
            Number(1, 1000, 5),
            "After how many attempts a message goes to the dead-letter queue.",
            "max_receive_count = 10",
        ),
        Key("retention_days", Number(1, 14, 4), "For how many days a message is kept.", "retention_days = 14"),
        Key("delay", Number(0, 900, 0), "After how many seconds a message can be read.", "delay = 60"),
        Key(
            "name",
            Text(QUEUE_NAME, ""),
            "Its name in AWS, if it has to be another one: :doc:`../02-How-To/names-that-exist-already`.\n"
            "If it changes, the stack gets a new and empty one, and the old one stays in the account. Its dead-letter\n"
            "queue keeps its own name.",
            'name = "incoming-old"',
            default="``UNIT-ENVIRONMENT-KEY``",
        ),
    ),
)

TOPIC = Keys(
    title="A topic of the unit",
    header="[tool.multi_env_lambda.topics.news]",
    about="All keys are optional: :doc:`../02-How-To/own-resources`. ``news`` is the key of the topic, which you\n"
    "choose. In AWS, it is called ``UNIT-ENVIRONMENT-KEY``; the names of FIFO topics end with ``.fifo``.",
    keys=(
        Key(
            "fifo",
            Flag(False),
            "Whether messages of a group arrive in their order. It delivers only to FIFO queues.",
            "fifo = true",
        ),
        _DEDUPLICATE,
        Key(
            "queues",
            Texts(KEY),
            "The keys of the unit's queues that get every message.",
            'queues = ["incoming"]',
        ),
        Key(
            "raw",
            Flag(False),
            "Whether the queues get the message without SNS's envelope. It requires ``queues``.",
            'queues = ["incoming"]\nraw = true',
        ),
        Key(
            "name",
            Text(TOPIC_NAME, ""),
            "Its name in AWS, if it has to be another one: :doc:`../02-How-To/names-that-exist-already`.\n"
            "If it changes, the topic is replaced, and its subscriptions with it.",
            'name = "news-old"',
            default="``UNIT-ENVIRONMENT-KEY``",
        ),
    ),
)
