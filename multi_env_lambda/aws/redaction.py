"""Debug logs of botocore without the credentials in them: they are switched on to find a fault, and then kept by CI."""

from __future__ import annotations

import logging
import re

from multi_env_lambda.masking import masked

__all__ = ["redact_debug_logs"]

_LOGGERS = ("auth", "awsrequest", "credentials", "endpoint", "hooks", "httpsession", "parsers", "tokens")
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
    """Let botocore write ``***`` in place of tokens, keys and all that has the form of one. Safe to repeat."""
    # A logger's filters are not those of the loggers below it, so each that writes requests or answers has its own.
    for name in _LOGGERS:
        logging.getLogger(f"botocore.{name}").addFilter(_REDACTION)
