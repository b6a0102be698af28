"""The page about the live suite says of each Git host what switches its live tests on, and which there are."""

from __future__ import annotations

import re

from tests.house import ROOT
from tests.live import test_git_hosts
from tests.live.git_hosts import PREFIX
from tests.live.test_git_hosts import KINDS

PAGE = (ROOT / "docs/source/02-How-To/try-it-on-real-aws.rst").read_text("utf-8")


def test_each_host_has_a_row_with_what_switches_it_on_and_what_it_costs() -> None:
    table = PAGE.partition("\nHost ")[2].partition("\n\n")[0]
    named = set(re.findall(r"``(MULTI_ENV_LAMBDA_LIVE_\w+)``", table))

    assert named == {name for kind in KINDS.values() for name in (kind.switch, f"{kind.switch}_TOKEN")}
    assert table.count("minutes") == len(KINDS) and f"``{PREFIX}``" in PAGE


def test_each_live_test_of_a_host_is_on_the_page() -> None:
    there = {name for name in vars(test_git_hosts) if name.startswith("test_")}

    assert set(re.findall(r"``(test_it\w+)``", PAGE)) == there
