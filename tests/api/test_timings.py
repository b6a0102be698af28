"""Where the time of a block went, as a value that people and programs read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multi_env_lambda import ConfigurationError, timings
from multi_env_lambda.host.timing import timed


def test_a_block_tells_what_took_its_time(tmp_path: Path) -> None:
    with timings() as found, timed("step", "plan"), timed("call", "s3 <GetObject>"):
        pass
    with timed("step", "afterwards"):
        pass

    assert [row.what for row in found.rows] == ["plan", "s3 <GetObject>"]
    assert found.to_dict()["rows"][0]["times"] == 1
    assert found.seconds == found.seconds >= found.own >= 0
    assert "steps of the command" in found.text() == repr(found)
    assert "s3 &lt;GetObject&gt;" in found._repr_html_()
    found.save(tmp_path / "trace.json")
    assert len(json.loads((tmp_path / "trace.json").read_text())["traceEvents"]) == 3


def test_of_many_names_of_a_kind_the_shorter_ones_are_added_up() -> None:
    with timings() as found:
        for number in range(10):
            with timed("call", f"s3 Operation{number}"):
                pass
    assert "  2 more" in found.text()
    assert len(found.rows) == 10


def test_a_trace_is_not_written_where_there_is_no_folder(tmp_path: Path) -> None:
    with timings() as found:
        pass
    with pytest.raises(ConfigurationError, match="the trace cannot be written"):
        found.save(tmp_path / "none" / "trace.json")
