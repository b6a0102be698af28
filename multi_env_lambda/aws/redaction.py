"""Logs of botocore without credentials and without tracebacks.

Debug logs are enabled to find a bug, and then stored by CI.
"""

from __future__ import annotations

import logging
import re

from multi_env_lambda.errors import SessionEnded
from multi_env_lambda.masking import masked

__all__ = ["quiet_refreshing", "redact_debug_logs"]

_LOGGERS = ("auth", "awsrequest", "credentials", "endpoint", "hooks", "httpsession", "parsers", "tokens")
_REFRESHING = "Refreshing temporary credentials failed"
_SECRETS = re.compile(
    r"""(?ix)
    ( <(?:SecretAccessKey|SessionToken)>                                     # answers of STS
    | ["'](?:SecretAccessKey|SessionToken|accessToken)["']\s*:\s*["']         # of SSO, and of processes
    | x-amz-security-token["']?\s*[:=]\s*b?["']?                             # requests, signed by header or address
    )
    [^\s"'<>&,;]+
    """
)


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        redacted = masked(_SECRETS.sub(r"\1***", text))
        if redacted != text:
            record.msg, record.args = redacted, ()
        return True


_REDACTION = _Redaction()


def redact_debug_logs() -> None:
    """Make botocore log ``***`` in place of tokens, keys and anything that looks like one. Safe to repeat."""
    # A logger's filters do not apply to the loggers below it, so each that writes requests or responses has its own.
    for name in _LOGGERS:
        logging.getLogger(f"botocore.{name}").addFilter(_REDACTION)


class _OneLine(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Drop what is raised as well, or told once as the end of a session, and keep one line of what is not."""
        if not str(record.msg).startswith(_REFRESHING):
            return True
        if record.exc_info and isinstance(record.exc_info[1], SessionEnded):
            return False
        record.exc_info, record.exc_text = None, None
        return "mandatory" not in record.getMessage()


_ONE_LINE = _OneLine()


def quiet_refreshing() -> None:
    """Make botocore log no traceback if it gets no credentials: we raise our own error. Safe to repeat.

    Source: https://github.com/boto/botocore/blob/develop/botocore/credentials.py (``_protected_refresh``)
    """
    logging.getLogger("botocore.credentials").addFilter(_ONE_LINE)
