"""The comment of a pull request: what it says, and that nothing in it is more than a text, whatever it is called."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from multi_env_lambda.ci.comment import MARKER, Comment, Row, most_rows, of_plan, render
from multi_env_lambda.ci.markdown import block, code, size, spelled
from multi_env_lambda.model.plan import BlockedStep
from multi_env_lambda.model.right import Right, RightChange
from tests.model.test_plan import ELSEWHERE, STEP, plan

LIMITS = (10_240, 65_536)
COMMIT = "4073267" + "0" * 33
MAY = Right(kind="permission", holder="Main", who=("Main",), actions=("s3:GetObject",), resources=("acme/*",))
PUBLIC = Right(kind="public", holder="Url", resources=("Main",))
GROWS = RightChange(change="added", right=MAY)
ALARMS = RightChange(change="added", right=PUBLIC, alarms=("anyone on the internet",))

EXPECTED = f"""\
{MARKER}

### Merging this would fail

Pull request 7 at `407326700000`, plan `{{digest}}`

**Rights that grow**

- `anyone on the internet: orders in prod: + anyone may call Main (Url)`
- `orders in test, prod: + Main may s3:GetObject on acme/*`

**Failed**

- `pull request 7: the tests of orders failed: 1 failed`

| Unit | Environment | What | Why |
| --- | --- | --- | --- |
| `orders` | `test` | `promote 0.0.9 → 0.1.0` | `test runs 0.1.0` |
| `orders` | `prod` | `promote 0.0.9 → 0.1.0` | `test runs 0.1.0` |
| `billing` | `prod` | `stays as it is` | `its table cannot be read` |

To agree for `prod`: `ci.py approve prod 0123456789ab`

- `a note`

```text
{{lines}}
```

[All of it](https://example.org/log)
"""


def whole() -> Comment:
    blocked = BlockedStep(
        project="billing", environment="prod", kind="X", what="its table cannot be read", hint="mend it"
    )
    steps = (attrs.evolve(ELSEWHERE, rights=(GROWS,)), attrs.evolve(STEP, rights=(GROWS, ALARMS)), blocked)
    return attrs.evolve(
        of_plan(7, COMMIT, plan(*steps), failures=("pull request 7: the tests of orders failed: 1 failed",)),
        agrees=(("prod", "ci.py approve prod 0123456789ab"),),
        notes=("a note",),
        link="https://example.org/log",
    )


def test_the_comment_of_a_plan_is_these_bytes() -> None:
    comment = whole()
    lines = "\n".join(line.rstrip() for line in comment.lines)

    for limit in LIMITS:
        assert render(comment, limit) == EXPECTED.format(digest=comment.digest[:12], lines=lines)


def test_where_nothing_changes_there_is_no_table() -> None:
    said = render(of_plan(7, COMMIT, plan()), LIMITS[0])

    assert said == f"{MARKER}\n\n### Merging this changes nothing\n\nPull request 7 at `407326700000`\n"


@pytest.mark.parametrize(
    ("change", "denies", "grows"),
    [
        ("added", False, True),
        ("removed", False, False),
        ("wider", False, True),
        ("narrower", False, False),
        ("changed", False, True),
        ("added", True, False),
        ("removed", True, True),
        ("wider", True, False),
        ("narrower", True, True),
        ("changed", True, True),
    ],
)
def test_only_rights_that_grow_are_shown_first(change: str, denies: bool, grows: bool) -> None:
    right = attrs.evolve(MAY, effect="Deny" if denies else "Allow")
    step = attrs.evolve(STEP, rights=(RightChange(change=change, right=right),))  # type: ignore[arg-type]

    assert bool(of_plan(7, COMMIT, plan(step)).rights) is grows


# --- laws ---
ACTING = st.sampled_from(
    ["<b>x</b>", "<!--", "-->", "`", "```", "|", "\\|", "\\", "@ada", "#1", "![x](y)", "[a]: b", "\n", "\r\n\r\n"]
    + [
        "# ",
        "> ",
        "- [ ] ",
        "\u202e",
        "\u200b",
        "\ud800",
        "\x1b[2J",
        "\0",
        "&lt;",
        "😀",
        "| --- |",
        "~~~",
        "    ",
        "e\u0301",
    ]
)
TEXT = st.one_of(
    st.lists(st.one_of(ACTING, st.text(max_size=8)), max_size=12).map("".join),
    st.builds(lambda sign, times: sign * times, ACTING, st.integers(0, 4000)),
)
ROWS = st.lists(st.builds(Row, unit=TEXT, environment=TEXT, what=TEXT, why=TEXT), max_size=4)
LINES = st.lists(TEXT, max_size=6).map(tuple)
COMMENTS = st.builds(
    Comment,
    number=st.integers(1, 10**15),
    commit=TEXT,
    title=st.just("Merging this changes"),
    rows=st.builds(lambda rows, times: tuple(rows * times), ROWS, st.sampled_from((1, 3, 100))),
    rights=LINES,
    failures=LINES,
    notes=LINES,
    digest=TEXT,
    agrees=st.lists(st.tuples(TEXT, TEXT), max_size=6).map(tuple),
    lines=LINES,
    link=st.sampled_from(("", "https://example.org/" + "x" * 380)),
)


def tokens(text: str) -> list[Token]:
    found = MarkdownIt("commonmark").enable("table").parse(text)
    return [each for token in found for each in (token, *(token.children or ()))]


@given(comment=COMMENTS)
def test_whatever_anything_is_called_the_comment_fits_and_only_shows(comment: Comment) -> None:
    """One test: to make a comment and to read its Markdown is most of the work."""
    for limit in LIMITS:
        text = render(comment, limit)
        found = tokens(text)
        fits_and_has_its_rows(comment, text, [token.type for token in found], limit)
        is_code_and_nothing_that_acts(comment, text, found)


def fits_and_has_its_rows(comment: Comment, text: str, kinds: list[str], limit: int) -> None:
    assert size(text) <= limit
    assert text.startswith(f"{MARKER}\n")
    head = 1 if comment.rows else 0
    assert kinds.count("tr_open") == head + min(len(comment.rows), most_rows(limit))
    assert kinds.count("td_open") == 4 * (kinds.count("tr_open") - head)
    assert {line.count("|") for line in text.split("\n")} <= {0, 5}, "no other line has a cell, and none has more"


def is_code_and_nothing_that_acts(comment: Comment, text: str, found: list[Token]) -> None:
    assert {token.type for token in found} & {"html_block", "html_inline", "image", "blockquote_open"} == set()
    links = [str(token.attrGet("href")) for token in found if token.type == "link_open"]
    assert links == ([comment.link] if comment.link else [])
    ours = "".join(token.content for token in found if token.type == "text")
    assert not set(ours) & set("@#<|`\\")
    assert all(sign.isprintable() or sign == "\n" for sign in text)


@given(text=TEXT, most=st.integers(3, 300))
def test_a_code_span_is_one_and_has_its_bound(text: str, most: int) -> None:
    said = code(text, most)

    assert size(said) <= most
    inline = tokens(said)
    assert [token.type for token in inline if token.type.startswith("code")] == (["code_inline"] if said != "–" else [])
    assert size(spelled(text, most)) <= most


@given(lines=st.lists(TEXT, max_size=10), most=st.integers(0, 600))
def test_a_block_of_code_is_one_and_has_its_bound(lines: list[str], most: int) -> None:
    said = block(lines, most)

    assert size(said) <= max(most, 0)
    assert [token.type for token in tokens(said)] == (["fence"] if said else [])


def test_a_secret_by_its_form_is_in_no_comment() -> None:
    assert "ghp_" not in code("token ghp_" + "0aZ9" * 9, 200)
