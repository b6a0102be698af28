"""The packages that a folder of handlers imports and lists nowhere, as far as their names are known.

A package is never guessed from the name of a module: anybody could have registered it. This list has been checked by
people; a module that is not in it is said.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping

from multi_env_lambda.adopt.found import Changed, Finding, NotCarried, Place
from multi_env_lambda.adopt.modules import imports_of, reachable
from multi_env_lambda.model.lambda_image import OFFERED_MODULES

__all__ = ["KNOWN", "has_list", "is_list", "is_offered", "packages_of"]

_SAME = (
    "aiohttp anthropic apig-wsgi ask-sdk ask-sdk-core ask-sdk-model ask-sdk-webservice-support atlassian-python-api "
    "aws-lambda-powertools awswrangler boto cachetools certifi cffi chardet click cryptography feedparser flask "
    "google-auth gspread httpx idna jinja2 jsonschema lxml mangum markdown mysql-connector-python numpy oauthlib "
    "openai openpyxl pandas paramiko phonenumbers psycopg pyarrow pydantic pymongo pymysql pynamodb pyodbc pyotp "
    "python-telegram-bot pytz redis requests requests-aws4auth requests-oauthlib retrying scipy sendgrid simplejson "
    "slack-bolt slack-sdk slackclient sqlalchemy stripe tenacity tqdm tweepy twilio xlrd xlsxwriter xmltodict"
)
"""Packages whose module is called like them, with the underscore for the hyphen."""

_OTHERS: Mapping[str, str] = {
    "Crypto": "pycryptodome",
    "PIL": "pillow",
    "PyPDF2": "PyPDF2",
    "ask_sdk_dynamodb": "ask-sdk-dynamodb-persistence-adapter",
    "ask_sdk_s3": "ask-sdk-s3-persistence-adapter",
    "atlassian": "atlassian-python-api",
    "attr": "attrs",
    "aws_xray_sdk": "aws-xray-sdk",
    "bs4": "beautifulsoup4",
    "dateparser": "dateparser",
    "discord": "discord.py",
    "discord_interactions": "discord-interactions",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "elasticsearch": "elasticsearch",
    "fitz": "pymupdf",
    "github": "PyGithub",
    "googleapiclient": "google-api-python-client",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "linebot": "line-bot-sdk",
    "nacl": "pynacl",
    "opensearchpy": "opensearch-py",
    "pg8000": "pg8000",
    "psycopg2": "psycopg2-binary",
    "slack": "slackclient",
    "snowflake": "snowflake-connector-python",
    "telegram": "python-telegram-bot",
    "telebot": "pyTelegramBotAPI",
    "yaml": "pyyaml",
}
KNOWN = {**{name.replace("-", "_"): name for name in _SAME.split()}, **_OTHERS}

_LISTS = re.compile(r"(^|/)(requirements[^/]*\.(txt|in)|Pipfile|setup\.(py|cfg)|environment\.ya?ml)$")
_STANDARD = re.compile(r"(?m)^\[(project|tool\.poetry)\b")


def is_list(path: str) -> bool:
    return _LISTS.search(path) is not None


def has_list(files: Iterable[str], pyproject: str) -> bool:
    """Whether the project says what it needs, wherever that is."""
    return any(map(is_list, files)) or _STANDARD.search(pyproject) is not None


def packages_of(
    starts: Mapping[str, tuple[str, str]], texts: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """The packages that the modules of handlers need, and what is said of each module.

    Args:
        starts: the file of each function and the top of its code. texts: the Python files, by path.
    """
    packages: set[str] = set()
    findings: list[Finding] = []
    said: set[tuple[str, str]] = set()
    for function, (start, root) in starts.items():
        for path in reachable(texts, start, root):
            for name, line in imports_of(texts[path]).items():
                if (function, name) in said or _is_there(name, root, texts):
                    continue
                said.add((function, name))
                place, known = Place(path, line), KNOWN.get(name)
                if known is not None:
                    packages.add(known)
                findings.append(_said(function, name, known, place))
    return tuple(sorted(packages, key=str.lower)), tuple(findings)


def _said(function: str, name: str, known: str | None, place: Place) -> Finding:
    if known is None:
        reason = "no list says which package has it: write a requirements.txt with it, then adopt the folder again"
        return NotCarried(function=function, what=f"import {name}", place=place, reason=reason)
    reason = "no list says which package has it, and in which version: it is the newest one that can be installed"
    to = f"requirements.txt: {known}"
    return Changed(function=function, what=f"import {name}", place=place, to=to, reason=reason)


def is_offered(name: str) -> bool:
    """Whether Python or Lambda has the module."""
    return name in sys.stdlib_module_names or name in OFFERED_MODULES


def _is_there(name: str, root: str, texts: Mapping[str, str]) -> bool:
    """In Python, in Lambda, or in the project."""
    if is_offered(name):
        return True
    inside: Collection[str] = (f"{root}/{name}", name) if root else (name,)
    return any(path == f"{one}.py" or path.startswith(f"{one}/") for one in inside for path in texts)
