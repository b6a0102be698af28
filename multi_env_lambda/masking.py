"""Finds secrets in a text by their form, and masks them wherever somebody would read them.

Only forms that the issuer made recognisable count (a prefix, a length, an alphabet), and passwords in addresses.
How random a text looks does not count: digests, lock files and test data look random, too.

Source: what the issuers say about their tokens, as collected by gitleaks (https://github.com/gitleaks/gitleaks, the
default configuration of July 2026), without the rules that ask for the issuer's name nearby or for entropy.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

__all__ = ["IN_ADDRESS", "MASKED", "blotted", "form_of", "forms_in", "in_a_header", "masked", "says_secret", "without"]

MASKED: Final = "***"
"""What replaces a secret."""

_Form = tuple[str, tuple[str, ...], str]

IN_ADDRESS: Final = "an address with a password"

_A, _H, _W = "[A-Za-z0-9]", "[0-9a-f]", "[A-Za-z0-9_-]"
_ESCAPED = r"\\{1,8}[rn]"
"""The end of a line as `repr` writes it, and `repr` of that, and so on."""
_LINE_END = rf"(?:\s|{_ESCAPED})+"
_KEY_HEADERS = rf"(?:[A-Za-z-]{{1,40}}: [^\n\\]{{0,200}}{_LINE_END}){{0,4}}"
_KEY_BODY = rf"{_LINE_END}{_KEY_HEADERS}[A-Za-z0-9+/=]{{16}}(?:[A-Za-z0-9+/=\s]|{_ESCAPED})*"
_KEY_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY = rf"-----BEGIN [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----{_KEY_BODY}(?:-----END [A-Z0-9 ]+-----)?"

_Q = r"\\?[\"']"


def _in_base64(begin: str) -> str:
    """How the base64 of every text with this beginning begins."""
    return base64.b64encode(begin[: len(begin) // 3 * 3].encode("ascii")).decode("ascii")


_PRIVATE = [f"-----BEGIN {of}PRIVATE KEY-----" for of in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")]
_IN_BASE64 = "|".join(re.escape(_in_base64(line)) for line in _PRIVATE)

_FORMS: tuple[_Form, ...] = (
    ("a private key", ("PRIVATE KEY",), _KEY),
    ("a private key", ("LS0tLS1CRUdJTi",), rf"(?:{_IN_BASE64})[A-Za-z0-9+/]{{20,}}={{0,2}}"),
    (
        "a private key",
        ("PuTTY-User-Key-File-",),
        rf"Private-Lines: \d+{_LINE_END}(?P<value>[A-Za-z0-9+/=]{{16}}(?:[A-Za-z0-9+/=\n\r]|{_ESCAPED})*)",
    ),
    (
        "a private key",
        ("kty",),
        rf"\{{(?=[^{{}}]{{0,4000}}{_Q}kty{_Q}\s*:)[^{{}}]{{0,4000}}?{_Q}d{_Q}\s*:\s*{_Q}(?P<value>{_W}{{20,}}){_Q}",
    ),
    (
        "a Docker registry password",
        ("auths",),
        rf"{_Q}auths{_Q}\s*:\s*\{{(?:(?!auths)[\s\S]){{0,2000}}?{_Q}auth{_Q}\s*:\s*{_Q}(?P<value>[A-Za-z0-9+/]{{8,}}={{0,2}}){_Q}",
    ),
    ("an age private key", ("AGE-SECRET-KEY-1",), r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}"),
    (
        "an AWS access key",
        ("AKIA", "ASIA", "ABIA", "ACCA"),
        r"\b(?:AKIA|ASIA|ABIA|ACCA)(?!.{9}EXAMPLE)[A-Z2-7]{16}\b",
    ),
    (
        "an AWS secret key",
        ("ecretAccessKey", "secret_access_key", "SECRET_ACCESS_KEY"),
        r"(?:ecretAccessKey|(?i:secret_access_key))[\"'>]?\s{0,3}[:=]?>?\s{0,3}[\"']?"
        r"(?P<value>(?!.{30,33}EXAMPLE)[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    ("an AWS Bedrock key", ("ABSK",), r"\bABSK[A-Za-z0-9+/]{109,}={0,2}"),
    ("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), rf"gh[pousr]_{_A}{{36}}"),
    ("a GitHub token", ("github_pat_",), r"github_pat_\w{82}"),
    (
        "a GitLab token",
        ("glpat-", "gldt-", "glptt-", "glrt-", "glcbt-", "glsoat-", "glft-", "glimt-", "glagent-", "gloas-"),
        rf"\bgl(?:pat|dt|ptt|rt|cbt|soat|ft|imt|agent|oas)-{_W}{{20,}}",
    ),
    ("a Slack token", ("xox",), rf"xox[abeoprs](?:\.xox[bp])?-[0-9A-Za-z]{{1,13}}-{_W}{{10,}}"),
    ("a Slack token", ("xapp-",), r"xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+"),
    ("a Slack webhook", ("hooks.slack.com/",), r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w+/]{40,}"),
    ("a Discord webhook", ("discord",), rf"discord(?:app)?\.com/api/webhooks/\d{{17,}}/{_W}{{60,}}"),
    ("a Stripe key", ("sk_live_", "rk_live_", "sk_test_", "rk_test_"), rf"\b[sr]k_(?:live|test)_{_A}{{20,}}"),
    ("an OpenAI key", ("T3BlbkFJ",), rf"\bsk-{_W}{{20,}}T3BlbkFJ{_W}{{20,}}"),
    ("an Anthropic key", ("sk-ant-",), rf"\bsk-ant-(?:api|admin)\d\d-{_W}{{80,}}"),
    ("a Google key", ("AIza",), rf"\bAIza{_W}{{35}}(?!{_W})"),
    ("a Google client secret", ("GOCSPX-",), rf"\bGOCSPX-{_W}{{28}}(?!{_W})"),
    ("a Google token", ("ya29.",), rf"\bya29\.{_W}{{30,}}"),
    ("a Docker token", ("dckr_pat_", "dckr_oat_"), rf"\bdckr_[po]at_{_W}{{27,}}"),
    ("a webhook secret", ("whsec_",), r"\bwhsec_[A-Za-z0-9+/]{32,}={0,2}"),
    ("a Twilio key", ("twilio", "Twilio", "TWILIO"), r"\bSK[0-9a-fA-F]{32}\b"),
    ("a Mailgun key", ("mailgun", "Mailgun", "MAILGUN"), rf"\bkey-{_H}{{32}}\b"),
    (
        # Not the well-known key of Microsoft's emulator.
        "an Azure key",
        ("AccountKey=", "SharedAccessKey="),
        r"\b(?:AccountKey|SharedAccessKey)=(?P<value>(?!Eby8vdM02xNO)[A-Za-z0-9+/]{42,86}={1,2})",
    ),
    (
        "an Azure client secret",
        ("Q~",),
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])",
    ),
    ("a Figma token", ("figd_",), rf"\bfigd_{_W}{{38,}}"),
    ("an npm token", ("npm_",), rf"\bnpm_{_A}{{36}}\b"),
    ("an npm registry password", ("_authToken",), r"_authToken\s*=\s*(?P<value>(?!\$\{)[^\s$]{8,})"),
    ("a PyPI token", ("pypi-AgE",), rf"pypi-AgE{_W}{{50,}}"),
    ("a RubyGems key", ("rubygems_",), rf"\brubygems_{_H}{{48}}"),
    ("a Hugging Face token", ("hf_",), r"\bhf_[A-Za-z]{34}\b"),
    ("a DigitalOcean token", ("doo_v1_", "dop_v1_", "dor_v1_"), rf"\bdo[opr]_v1_{_H}{{64}}"),
    ("a Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("a SendGrid key", ("SG.",), rf"\bSG\.{_W}{{22}}\.{_W}{{43}}"),
    ("a Brevo key", ("xkeysib-",), rf"xkeysib-{_H}{{64}}-{_A}{{16}}"),
    ("a Databricks token", ("dapi",), rf"\bdapi{_H}{{32}}\b"),
    ("a Vault token", ("hvs.", "hvb."), rf"\bhv[sb]\.{_W}{{90,}}"),
    ("a Terraform token", (".atlasv1.",), rf"{_A}{{14}}\.atlasv1\.[A-Za-z0-9_=-]{{60,}}"),
    ("a Pulumi token", ("pul-",), rf"\bpul-{_H}{{40}}\b"),
    ("a Doppler token", ("dp.pt.",), rf"\bdp\.pt\.{_A}{{43}}"),
    ("a Grafana token", ("glsa_",), rf"\bglsa_{_A}{{32}}_[0-9A-Fa-f]{{8}}"),
    ("a Grafana token", ("glc_",), r"\bglc_[A-Za-z0-9+/]{32,}={0,2}"),
    ("a New Relic key", ("NRAK-",), r"\bNRAK-[A-Z0-9]{27}\b"),
    ("a Dynatrace token", ("dt0c01.",), r"\bdt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("a Sentry token", ("sntryu_",), rf"\bsntryu_{_H}{{64}}"),
    ("a Sentry token", ("sntrys_",), r"\bsntrys_[A-Za-z0-9+/=_-]{40,}"),
    ("a Notion token", ("ntn_",), rf"\bntn_{_A}{{40,}}"),
    ("a Linear key", ("lin_api_",), rf"\blin_api_{_A}{{40}}"),
    ("a Postman key", ("PMAK-",), rf"\bPMAK-{_H}{{24}}-{_H}{{34}}"),
    ("a PlanetScale password", ("pscale_",), r"\bpscale_(?:tkn|oauth|pw)_[\w=.-]{32,}"),
    ("an Atlassian token", ("ATATT3",), r"\bATATT3[A-Za-z0-9_=-]{150,}"),
    ("a Square token", ("sq0atp-", "sq0csp-"), rf"\bsq0(?:atp|csp)-{_W}{{22,}}"),
    ("a JFrog key", ("AKCp",), rf"\bAKCp{_A}{{69}}\b"),
    ("a 1Password key", ("ops_eyJ",), r"\bops_eyJ[A-Za-z0-9+/]{250,}={0,3}"),
    ("a Telegram bot key", (":AA",), rf"\b\d{{8,10}}:AA{_W}{{33}}(?!{_W})"),
)
"""What it is, words of which one must be present, and the pattern; ``value`` is the secret if only part matches."""

# The authority of an address ends at the first of `/?#` (RFC 3986, section 3.2), and its user part at the last `@`.
# Some people write such characters unescaped; what is not a port and comes before an `@` is taken for a password.
_USER, _HOST = r"://[^\s/?#:@\"'<>\\]{0,200}:", r"@[^\s/?#:\"'<>\\,)}\]]*"
_NO_PORT = r"(?!\d{1,5}(?:[/?#@,]|$)|\*\*\*@)"
_ADDRESSES: tuple[_Form, ...] = (
    (IN_ADDRESS, ("://",), rf"{_USER}(?P<value>[^\s/?#\"'<>\\]{{1,500}}){_HOST}"),
    (IN_ADDRESS, ("://",), rf"{_USER}{_NO_PORT}(?P<value>[^\s\"'<>\\]{{1,500}})@"),
    (
        IN_ADDRESS,
        ("assword=", "asswd=", "PASSWORD=", "pwd=", "Pwd=", "PWD="),
        r"(?i)[?&;](?:password|passwd|pwd)=(?P<value>[^\s&;#\"'<>\\]{1,200})",
    ),
    # The same, as one address is written inside of another.
    (
        IN_ADDRESS,
        ("%3A%2F%2F", "%3a%2f%2f"),
        r"(?i)%3A%2F%2F(?:(?!%3A|%2F|%40)[^\s/?#&:@\"'<>\\]){0,200}%3A"
        r"(?P<value>(?:(?!%2F|%40)[^\s/?#&:@\"'<>\\]){1,500})%40",
    ),
)
# A log that begins in the middle of a key: AWS returns the last 4 KB. It is masked, not refused.
_CUT_CHARACTERS = 8192
_MOST_ROUNDS = 8
"""A text in which masking reveals one secret after another was made for that: nothing of it is shown."""
_CUT_LINE = rf"[A-Za-z0-9+/=]{{1,200}}(?:[\r\n]|{_ESCAPED})+[ \t]{{0,40}}"
_CUT_KEY = rf"(?<![A-Za-z0-9+/=])(?:{_CUT_LINE})+\Z"
# A key of which each line has something before or after it, as a log has a time, or as `repr` of a list has quotes.
_KEY_IN_LINES = (
    r"(?m)^(?P<before>[^\n]{1,200}?)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^\n]*\n"
    r"(?:[^\n]{0,200}?[A-Za-z0-9+/=]{16,}[^\n]{0,10}(?:\n|\Z))+"
    r"(?:(?:[^\n]{0,220}\n)?[^\n]{0,200}-----END [A-Z0-9 ]{1,60}-----)?"
)
# A name alone is usually a token, but may be a public key: masked, not refused.
_ALONE = IN_ADDRESS, ("http",), r"https?://(?P<value>[^\s/?#:@\"'<>\\]{16,500})@"
# What tools print of a header, a setting or an argument: masked, not refused, since much of it is not secret. The
# name of one (`orders/db`, an ARN) stays.
_BEARER = r"\b(?i:bearer) +(?P<value>(?=[\w.~+/-]*\d|\S{20})[\w.~+/-]{8,}=*)"
_BASIC = r"\b(?i:basic) +(?P<value>(?=[A-Za-z0-9+/]*[A-Z0-9=])[A-Za-z0-9+/]{8,}={0,2})"
_HEADER = (
    r"(?i:authorization)(?:\\?[\"'])?\s?[:=]\s?(?:\\?[\"'])?"
    r"(?:(?i:basic|bearer|digest|token|apikey) +)?(?P<value>(?!\*)[^\s\"'\\,;<>]{8,})"
)
_SAID_NAME = r"(?i:passwo?r?d|passphrase|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key)"
_NO_NAME = r"(?!\*|\$|%|<|\{|arn:|/|https?:|[a-z0-9_.-]+(?:/[a-z0-9_.-]+)+(?![\w/+=-]))"
_NO_METAVAR = r"(?=\S*(?:[\d!@#$^+/]|[a-z]\S*[A-Z]|[A-Z]\S*[a-z]))"
_SAID_WORDS = tuple(
    word
    for part in ("pass", "pwd", "secret", "token", "credential", "key")
    for word in (part, part.upper(), part.title())
)
_SAID: tuple[_Form, ...] = (
    ("the value of a header", ("earer", "EARER"), _BEARER),
    ("the value of a header", ("asic", "ASIC"), _BASIC),
    ("the value of a header", ("uthorization", "UTHORIZATION"), _HEADER),
    (
        "the value of an argument",
        _SAID_WORDS,
        rf"--[a-z-]{{0,40}}{_SAID_NAME} +[\"']?(?P<value>{_NO_NAME}{_NO_METAVAR}[^\s\"'\\<>&;,)\]}}`-]"
        r"[^\s\"'\\<>&;,)\]}`]{5,})",
    ),
    ("the value of a setting", _SAID_WORDS, rf"{_SAID_NAME}=[\"']?(?P<value>{_NO_NAME}[^\s\"'\\<>&;,)\]}}]{{6,}})"),
    (
        "the value of a setting",
        _SAID_WORDS,
        rf"{_SAID_NAME}{_Q}\s?[:=]\s?{_Q}(?P<value>{_NO_NAME}[^\"'\\\n]{{6,200}}){_Q}",
    ),
)
_BASE64 = r"(?P<value>[A-Za-z0-9+/_-]{24,})={0,2}"
_BLOTTED = (*_FORMS, *_ADDRESSES, _ALONE, *_SAID)
_SIGNS = (*{word for _, words, _ in _BLOTTED for word in words}, "PRIVATE KEY")
# Placeholders that are filled in later: ${NAME}, {name}, {{resolve:...}}, <name>, $NAME, %s, %(name)s, ***, ...
_PLACEHOLDER = re.compile(r"\$?\{[^}]*\}+|<[^>]*>|\$[A-Z_]+|%\(?\w*\)?s|\*+|\.+|[xX]+", re.ASCII)

_NAMED = re.compile(
    r"(?i)(secret|passw|passphrase|token|credential|private|api_?key|access_?key|_key$|_pass\b|_pwd\b|_creds\b|authorization)"
)


def says_secret(name: str) -> bool:
    """Whether the name of a setting says that its value is secret."""
    return _NAMED.search(name) is not None


def forms_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Every secret in a text, as (what it is, start, end). Placeholders do not count."""
    for kind, words, pattern in (*_FORMS, *_ADDRESSES):
        if any(map(text.__contains__, words)):
            for found in _compiled(pattern).finditer(text):
                if not _PLACEHOLDER.fullmatch(found[_group(found)]):
                    yield kind, *found.span(_group(found))


def form_of(text: str) -> str | None:
    """What the first secret in a text is; None if there is none."""
    return next((kind for kind, _, _ in forms_in(text)), None)


def in_a_header(text: str) -> bool:
    """Whether the text is the value of an authorization header: ``Bearer …``, ``Basic …``."""
    return any(_compiled(pattern).fullmatch(text) for pattern in (_BEARER, _BASIC))


def masked(text: str) -> str:
    """The text with ``***`` for every secret in it. Masking twice is masking once."""
    # Once one is masked, the text around it may have the form of another.
    for _ in range(_MOST_ROUNDS):
        once = _once(text) if text else text
        if once == text:
            return text
        text = once
    return MASKED


def _once(text: str) -> str:
    # Of most texts, such as the reason of a deployment, one look shows that no form can be in them.
    if not (any(map(text.__contains__, _SIGNS)) or _compiled(_BASE64).search(text)):
        return text
    for _, words, pattern in _BLOTTED:
        if any(map(text.__contains__, words)):
            text = _compiled(pattern).sub(_blot, text)
    if "PRIVATE KEY" in text:
        text = _without_cut_keys(_compiled(_KEY_IN_LINES).sub(rf"\g<before>{MASKED}", text))
    return _compiled(_BASE64).sub(_blot_what_is_inside, text)


def _without_cut_keys(text: str) -> str:
    ends = [found.start() for found in _compiled(_KEY_END).finditer(text)]
    for end in reversed(ends):
        first = max(0, end - _CUT_CHARACTERS)
        if cut := _compiled(_CUT_KEY).search(text[first:end]):
            text = f"{text[: first + cut.start()]}{MASKED}{text[end:]}"
    return text


def _blot_what_is_inside(found: re.Match[str]) -> str:
    """Base64 without the characters that encode a secret, wherever it begins among letters and slashes."""
    word = found["value"]
    for first in range(4):
        whole = word[first : len(word) - ((len(word) - first) % 4 == 1)].replace("-", "+").replace("_", "/")
        inside = base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("latin-1")
        for _, start, end in forms_in(inside):
            return f"{word[: first + start // 3 * 4]}{MASKED}{word[first - (-end // 3 * 4) :]}"
    return found[0]


def blotted(text: str, secrets: frozenset[str]) -> str:
    """The text with ``***`` for these secrets, and for every other secret in it."""
    return masked(without(text, secrets))


def without(text: str, secrets: frozenset[str]) -> str:
    """The text with ``***`` for these secrets alone, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASKED)
    return text


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _group(found: re.Match[str]) -> str | int:
    return "value" if "value" in found.re.groupindex else 0


def _blot(found: re.Match[str]) -> str:
    group = _group(found)
    if _PLACEHOLDER.fullmatch(found[group]):
        return found.group()
    start, end = (place - found.start() for place in found.span(group))
    whole = found.group()
    return whole[:start] + MASKED + whole[end:]
