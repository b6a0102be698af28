"""Makes this Python process like one of Lambda before it imports a handler: its log, its user, what it lacks.

It runs under every Python that Lambda offers, in a clean interpreter, and must import nothing but the standard library.

Sources:
    How records are written (`bootstrap.py`, `_setup_logging`; `lambda_runtime_log_utils.py`):
    https://github.com/aws/aws-lambda-python-runtime-interface-client
    No tkinter: https://github.com/aws/aws-lambda-base-images/issues/70
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from typing import Any

LACKING = ("_tkinter",)
"""Modules of the standard library that Lambda's Python was built without."""

USER, HOME = "sbx_user1051", "/home/sbx_user1051"
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"aws_request_id", "message", "asctime"}

request_id = [""]
"""The id of the current call."""


def become(*, log_format: str = "", log_level: str = "", line_break: str = "\n") -> None:
    """``line_break`` separates the lines of one record for a reader that takes each line for an event."""
    _log(log_format, log_level, line_break)
    _be_its_user()
    os.environ["AWS_EXECUTION_ENV"] = "AWS_Lambda_python{}.{}".format(*sys.version_info[:2])
    for name in LACKING:
        # So the import fails, and code that can do without it goes on.
        sys.modules[name] = None  # type: ignore[assignment]


def _log(log_format: str, log_level: str, line_break: str) -> None:
    is_json = log_format.upper() == "JSON"
    logging.Formatter.converter = time.gmtime
    layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    handler = LambdaLoggerHandler(line_break)
    handler.setFormatter(JsonFormatter() if is_json else logging.Formatter(layout, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(_with_request_id)
    root = logging.getLogger()
    root.addHandler(handler)
    level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(log_level.upper(), log_level.upper())
    if level:
        root.setLevel(level)


def _with_request_id(record: logging.LogRecord) -> bool:
    record.aws_request_id = request_id[0]
    return True


class LambdaLoggerHandler(logging.Handler):
    """The handler that is already present, so that `logging.basicConfig` changes nothing."""

    def __init__(self, line_break: str) -> None:
        super().__init__()
        self.line_break = line_break

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record).rstrip("\n").replace("\n", self.line_break) + "\n")


class JsonFormatter(logging.Formatter):
    """The output of a function with the log format JSON."""

    def format(self, record: logging.LogRecord) -> str:
        raised, error, trace = record.exc_info or (None, None, None)
        found: dict[str, Any] = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if raised else None,
            "errorType": raised.__name__ if raised else None,
            "errorMessage": str(error) if raised else None,
            "requestId": request_id[0],
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if raised else None,
        }
        more = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD | found.keys()}
        written = {name: value for name, value in {**found, **more}.items() if value is not None}
        return json.dumps(written, ensure_ascii=False, default=str)


def _be_its_user() -> None:
    """HOME is not set in Lambda, so a home is looked up here."""
    os.environ.pop("HOME", None)
    try:
        import pwd
    except ImportError:
        return  # another system
    own, look_up = os.getuid(), pwd.getpwuid

    def getpwuid(uid: int, /) -> pwd.struct_passwd:
        return (
            pwd.struct_passwd((USER, "x", own, os.getgid(), "", HOME, "/sbin/nologin")) if uid == own else look_up(uid)
        )

    pwd.getpwuid = getpwuid
