"""The keys of a state machine of the unit."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.key import (
    ByName,
    Choice,
    Either,
    Events,
    Flag,
    Inner,
    Inners,
    Key,
    Keys,
    NumberOf,
    Rule,
    Scalar,
    Text,
    Tree,
)
from multi_env_lambda.model.keys.event import EVENTS, PATTERN, SCHEDULE
from multi_env_lambda.model.keys.policy import INVOKE, READ, START, STATEMENT, WRITE
from multi_env_lambda.model.keys.reference import RESOURCE
from multi_env_lambda.model.keys.scheduler import SCHEDULER
from multi_env_lambda.model.retention import RETENTION_DAYS

__all__ = ["DEFINITION_FILE", "LOG_LEVELS", "STARTS", "STATE_MACHINE"]

LOG_LEVELS = ("ALL", "ERROR", "FATAL", "OFF")
_HEADER = "[tool.multi_env_lambda.state_machines.checkout]"
_FILE = 'definition = "checkout.asl.json"'

DEFINITION_FILE = Rule(
    pattern=r"[^\\:*?\"<>|\x00-\x1f]+\.(json|yaml|yml)",
    allowed="the path of a file that ends with .json, .yaml or .yml",
    hint="relative to the folder of the unit, with `/`",
)
NAME = Rule(
    pattern=r"[A-Za-z0-9_]+",
    maximum=255,
    allowed="letters, digits and `_`",
    hint="as the definition has it in `${…}`",
)

STARTS = Events(
    kinds={"schedule": SCHEDULE, "scheduler": SCHEDULER, "event_pattern": PATTERN},
    sources={kind: EVENTS.sources[kind] for kind in ("schedule", "scheduler", "event_pattern")},
)
"""What may start one: the same tables as those of a function."""

STATE_MACHINE = Keys(
    title="A state machine of the unit",
    header=_HEADER,
    about="A workflow of Step Functions: :doc:`../02-How-To/own-resources`. ``checkout`` is its key, which you\n"
    "choose. In AWS, it is called ``UNIT-ENVIRONMENT-KEY``. Its role may call the functions in ``substitutions``, and\n"
    "what ``read``, ``write``, ``invoke``, ``start`` and ``policies`` say.",
    keys=(
        Key(
            "definition",
            Either((Text(DEFINITION_FILE), Tree())),
            "The states, in the Amazon States Language: a file in the folder of the unit, or a table.",
            _FILE,
            required=True,
        ),
        Key(
            "substitutions",
            ByName(Either((Scalar(), Inner(RESOURCE, whole=True))), NAME),
            "What ``${Name}`` in the definition stands for: a function or another resource of the unit, or a text.",
            f'{_FILE}\nsubstitutions = {{ Pay = {{ function = "pay" }} }}',
            default="none",
        ),
        Key(
            "type",
            Choice(("standard", "express"), "standard"),
            "``express`` runs for up to five minutes, costs by its duration, and keeps no history.",
            f'{_FILE}\ntype = "express"',
        ),
        Key(
            "log_level",
            Choice(LOG_LEVELS, "OFF"),
            "Which events of an execution are logged.",
            f'{_FILE}\nlog_level = "ERROR"',
            default="``OFF``; ``ERROR`` for an express workflow",
        ),
        Key(
            "log_data",
            Flag(False),
            "Whether the log contains the input and output of states.",
            f'{_FILE}\nlog_level = "ALL"\nlog_data = true',
        ),
        Key(
            "log_retention_days",
            NumberOf(RETENTION_DAYS, 30),
            "For how many days its log is kept; 0 keeps it indefinitely.",
            f'{_FILE}\nlog_level = "ERROR"\nlog_retention_days = 7',
        ),
        Key("tracing", Flag(False), "Whether X-Ray traces its executions.", f"{_FILE}\ntracing = true"),
        attrs.evolve(READ, example=f'{_FILE}\nread = ["orders"]'),
        attrs.evolve(WRITE, example=f'{_FILE}\nwrite = ["orders"]'),
        attrs.evolve(INVOKE, example=f'{_FILE}\ninvoke = ["check"]'),
        attrs.evolve(START, example=f'{_FILE}\nstart = ["refund"]'),
        Key(
            "policies",
            Inners(STATEMENT),
            "What else its role may do, as for a function.",
            f'{_FILE}\npolicies = [{{ actions = ["bedrock:InvokeModel"], resources = ["*"] }}]',
            default="none",
        ),
        Key(
            "events",
            STARTS,
            "What starts it: ``schedule``, ``scheduler`` or ``event_pattern``, as for a function.",
            f'{_FILE}\nevents = [{{ schedule = "rate(1 day)" }}]',
        ),
    ),
)
