"""What a text gives away by its own form is found and blotted out; nothing else is touched."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import MultiEnvLambdaError, ToolError
from multi_env_lambda.masking import MASKED, blotted, form_of, forms_in, masked
from multi_env_lambda.model.plain_secrets import secrets_among

# Put together here, so that no file of this repository has the form of a token.
BODY = "a1B2" * 30
HEX = "0a1b" * 20
PEM = "-----BEGIN {0}-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASC\n-----END {0}-----".format("RSA PRIVATE" + " KEY")
TOKENS = {
    "an AWS access key": "AKIA" + "ABCDEFGH234567QR",
    "a GitHub token": "ghp_" + BODY[:36],
    "a GitLab token": "glpat-" + BODY[:20],
    "a Slack token": "xoxb-" + "1234567890-" + BODY[:24],
    "a Slack webhook": "hooks.slack.com/" + "services/T00000000/B00000000/" + BODY[:24],
    "a Stripe key": "sk_live_" + BODY[:24],
    "a Google key": "AIza" + BODY[:35],
    "an npm token": "npm_" + BODY[:36],
    "a PyPI token": "pypi-AgE" + BODY[:60],
    "a SendGrid key": f"SG.{BODY[:22]}.{BODY[:43]}",
    "a DigitalOcean token": "dop_v1_" + HEX[:64],
    "a Vault token": "hvs." + BODY[:95],
    "a private key": PEM,
    "a Google client secret": "GOCSPX-" + BODY[:28],
    "a Google token": "ya29." + BODY[:60],
    "a Docker token": "dckr_pat_" + BODY[:27],
    "a webhook secret": "whsec_" + BODY[:32],
    "an Azure client secret": "abc8Q~" + BODY[:34],
    "a Sentry token": "sntrys_" + "eyJ" + BODY[:80],
    "a Figma token": "figd_" + BODY[:40],
    "a Notion token": "ntn_" + BODY[:46],
}


def cut(key: str, end: str) -> str:
    """As a log shows it that begins in the middle of its body."""
    return key[key.index("BADANBg") :].replace("\n", end)


FORMS = pytest.mark.parametrize("kind", TOKENS)
SHAPED = st.text(alphabet="ab1:/@*?&;=.${}<>\"' \nhtpswordAKIA-_%+Q", max_size=80)
BETWEEN = st.sampled_from(["", " ", "\n", '"', "'", "(", ", "])


@FORMS
def test_a_token_is_found_with_its_kind_and_place(kind: str) -> None:
    text = f'x = "{TOKENS[kind]}"\n'

    assert [(found, text[start:end]) for found, start, end in forms_in(text)] == [(kind, TOKENS[kind])]


@pytest.mark.parametrize(
    ("kind", "text", "secret"),
    [
        ("a Twilio key", "TWILIO_KEY: {}", "SK" + HEX[:32]),
        ("a Mailgun key", "[mailgun]\n{}", "key-" + HEX[:32]),
        ("an Azure key", "AccountName=a;AccountKey={};", BODY[:86] + "=="),
        ("a private key", '{{"kty": "RSA", "n": "AQAB", "d": "{}"}}', BODY[:86]),
        ("a private key", "{{'d': '{}', 'crv': 'P-256', 'kty': 'EC'}}", BODY[:43]),
        ("a private key", "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n{}", BODY[:48]),
        ("a private key", "client-key-data: {}", base64.b64encode(PEM.encode()).decode()),
        ("a Docker registry password", '{{"auths": {{\n"https://r": {{\n"auth": "{}"}}}}}}', "dXNlcjpwYXNz"),
        ("a Docker registry password", '"auths":{{"auths":{{"auth": "{}"', "dXNlcjpwYXNz"),
    ],
)
def test_what_is_one_by_what_stands_near_it_is_found(kind: str, text: str, secret: str) -> None:
    written = text.format(secret)

    assert [(found, written[start:end]) for found, start, end in forms_in(written)] == [(kind, secret)]
    assert masked(written) == text.format(MASKED)


@FORMS
@given(before=st.text(max_size=20), after=st.text(max_size=20), left=BETWEEN, right=BETWEEN)
def test_a_token_is_blotted_out_between_any_texts(kind: str, before: str, after: str, left: str, right: str) -> None:
    text = f"{before}{left or ' '}{TOKENS[kind]}{right or ' '}{after}"

    assert TOKENS[kind] not in masked(text) and MASKED in masked(text)


SAID = st.lists(
    st.sampled_from(
        [
            "password",
            "TOKEN",
            "Authorization",
            "bearer ",
            "Basic ",
            "=",
            ": ",
            '"',
            "'",
            "***",
            " ",
            "hunter2",
            "/",
            "a",
        ]
        + [
            "dXNlcjpwYXNzd29yZA",
            "abcdefgh12345",
            "\\",
            ",",
            "&",
            "\n",
            base64.b64encode(b"ghp_" + b"a1B2" * 9).decode(),
        ]
    ),
    max_size=14,
).map("".join)


@given(SHAPED | SAID)
def test_masking_twice_is_masking_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)


@given(SHAPED | SAID)
def test_nothing_is_left_to_find_in_a_masked_text(text: str) -> None:
    assert list(forms_in(masked(text))) == []


@given(SHAPED | SAID)
def test_masking_only_takes_away(text: str) -> None:
    rest = iter(text)

    assert all(any(one == other for other in rest) for one in masked(text).replace(MASKED, ""))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:hunter2@h/d", "postgres://u:***@h/d"),
        ("a https://me:p@ss:w@h:8080/p?q=a@b b", "a https://me:***@h:8080/p?q=a@b b"),
        ("redis://:hunter2@h", "redis://:***@h"),
        ('url = "http://ci:hun/t?er#2@h:9/simple"', 'url = "http://ci:***@h:9/simple"'),
        ("jdbc:postgresql://h/d?user=u&password=hunter2&ssl=1", "jdbc:postgresql://h/d?user=u&password=***&ssl=1"),
        ("Server=h;Uid=u;Pwd=hunter2;", "Server=h;Uid=u;Pwd=***;"),
        ("https://0123456789abcdef0123@host/simple", "https://***@host/simple"),
        ("aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzzzzzKEYa", "aws_secret_access_key = ***"),
        ("//registry.npmjs.org/:_authToken=0123456789", "//registry.npmjs.org/:_authToken=***"),
        ("psql: password=hunter2hunter2 host=h", "psql: password=*** host=h"),
        ("{'DB_PASSWORD': 'hunter2 hunter2', 'n': 1}", "{'DB_PASSWORD': '***', 'n': 1}"),
        ("--api-key=hunter2hunter2,x", "--api-key=***,x"),
        ("> Authorization: Bearer abcdefgh-12345", "> Authorization: Bearer ***"),
        ("Authorization: hunter2hunter2", "Authorization: ***"),
        ('{"authorization": "Basic dXNlcjpwYXNz"}', '{"authorization": "Basic ***"}'),
        ("sent Bearer abcdefghijklmnopqrstuvwxyz to h", "sent Bearer *** to h"),
        ("callback=mysql%3A%2F%2Fu%3Ahunter2%40h%2Fd&x=1", "callback=mysql%3A%2F%2Fu%3A***%40h%2Fd&x=1"),
        ("mysql --user ada --password hUnter2hunter2 -h h", "mysql --user ada --password *** -h h"),
        (f"x/{base64.b64encode(TOKENS['a GitHub token'].encode()).decode()}", "x/***"),
        ("a\\n" + PEM.replace("\n", "\\n") + "\\nb", "a\\n***\\nb"),
        *((f"a {PEM.replace(chr(10), end)} b", "a *** b") for end in ("\\\\n", "\\\\r\\\\n", "\\" * 8 + "n")),
        *((f"a {cut(PEM, end)}", f"a ***{PEM.splitlines()[-1]}") for end in ("\n", "\r\n", "\\n", "\\\\n")),
    ],
)
def test_a_password_is_blotted_out_and_what_stands_around_it_is_not(text: str, shown: str) -> None:
    assert (masked(text), form_of(shown)) == (shown, None)


@pytest.mark.parametrize(
    "text",
    [
        "postgres://u:${PASSWORD}@h/d",
        "postgres://u:{{resolve:secretsmanager:orders/db:SecretString:password}}@h",
        "https://user:<password>@h",
        "https://u:%(password)s@h",
        "http://127.0.0.1:8080/a@b",
        "git@github.com:acme/orders.git",
        "ssh://git@github.com/acme/orders.git",
        "arn:aws:iam::111111111111:role/a",
        "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG",
        "-----BEGIN RSA PRIVATE" + " KEY-----\n…",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "the password=, and the token",
        "0123456789abcdef" * 4,
        "SK" + HEX[:32],
        '{ secret = "orders/db" } secret=orders/db {"secret": "orders/db"} token=arn:aws:ssm:1',
        "password=${DB_PASSWORD} pwd=/home/ada token=%s",
        "Bearer authentication, Basic authentication, the Authorization: none",
        "https://docs.python.org/3/library/importlib/resources/abc/index/pages",
        "key-" + HEX[:32],
        "next=https%3A%2F%2Fhost%3A8080%2Fa%40b",
        "--password needs an argument; --password-file /run/secret; --token SOME_TOKEN --secret NAME",
        '{"kty": "EC", "crv": "P-256", "x": "' + BODY[:43] + '"}',
        base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n").decode(),
        "AccountKey=Eby8vdM02xNO" + BODY[:74] + "==",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert (masked(text), form_of(text)) == (text, None)


@pytest.mark.parametrize("piece", ["://", "://a:", "://aaaaaaa:bbbbbbb", f"http://{'a' * 30}"])
def test_a_text_that_was_made_to_be_masked_for_ever_is_not_shown(piece: str) -> None:
    before = time.process_time()

    assert masked(piece * (20_000 // len(piece)) + "@") == "***"
    assert time.process_time() - before < 10


LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
KEY_LINES = ["-----BEGIN PRIVATE KEY-----", *[LINE] * 5, "AbC=", "-----END PRIVATE KEY-----"]


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("2026-11-28T03:00:00Z INFO {}", "a\n2026-11-28T03:00:00Z INFO ***\nb"),
        ("[pid 7] {}", "a\n[pid 7] ***\nb"),
        ("E   + '{}\\n'", "a\nE   + '***\\n'\nb"),
        ("> {}", "a\n> ***\nb"),
    ],
)
def test_a_key_whose_lines_have_something_around_them_is_blotted_out(form: str, shown: str) -> None:
    assert masked("\n".join(["a", *map(form.format, KEY_LINES), "b"])) == shown


def test_an_error_cuts_what_is_long_and_shows_no_secret_of_it() -> None:
    token = "ghp_" + "a1B2" * 9

    error = MultiEnvLambdaError("x", f"{token}{'/' * 500_000}", hint="y")

    assert (error.what, len(str(error)) < 200) == (f"***{'/' * 77}… (500,040 characters)", True)


def test_an_error_shows_no_secret_wherever_it_came_from() -> None:
    error = ToolError("git in https://u:hunter2@h", "said ghp_" + BODY[:36], hint="see https://u:hunter2@h")

    assert "hunter2" not in f"{error} {error!r} {error.args}" and BODY[:36] not in str(error)


@given(st.binary(min_size=3, max_size=40), st.text(alphabet="abcdefghijkXYZ0123456789+/&?% ", min_size=12, max_size=30))
def test_a_value_of_the_environment_is_blotted_out_in_base64_and_in_an_address_too(around: bytes, value: str) -> None:
    from urllib.parse import quote, quote_plus

    known = secrets_among({"UV_INDEX_PRIVATE_PASSWORD": value + "!Q"})
    body = base64.b64encode(around + value.encode() + b"!Q" + around).decode()
    text = blotted(f"{value}!Q {quote(value + '!Q', safe='')} {quote_plus(value + '!Q')} {body}", known)

    assert text.split()[:3] == [MASKED] * 3 and MASKED in text.split()[3]


def test_paths_and_switches_of_the_environment_are_no_secrets() -> None:
    environment = {"AWS_SHARED_CREDENTIALS_FILE": "/home/ada/.aws/credentials", "USES_TOKEN": "true", "TOKEN": "a"}

    assert secrets_among(environment) == frozenset()
