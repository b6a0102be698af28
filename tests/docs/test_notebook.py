"""The notebook of the documentation, executed in a copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.local.server import down

ROOT = Path(__file__).parent.parent.parent
NOTEBOOK = ROOT / "docs" / "notebooks" / "workspace.ipynb"


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """The sample units in a Git repository of their own; their local cloud is stopped at the end."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".gitignore").write_text("/.multi_env_lambda/\n__pycache__/\n", encoding="utf-8")
    for folder in ("projects", "libs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    who = ["-c", "user.name=reader", "-c", "user.email=reader@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "Sample units"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    yield tmp_path
    down(tmp_path)


@pytest.mark.local_cloud
@pytest.mark.network
def test_the_notebook_runs_from_top_to_bottom(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", os.fspath(ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": os.fspath(copy)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]

    assert "'DE'" in "".join(output.get("data", {}).get("text/plain", "") for output in shown)
    pages = [output["data"]["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert len(pages) >= 10
    assert [page for page in pages if page.endswith('white-space:pre"></pre>')] == []
    # Each value is shown once, and what is shown while a deploy runs is empty at its end.
    kinds = {output["output_type"] for output in shown if output.get("data", {}).get("text/html") != ""}
    assert kinds == {"execute_result", "stream"}
    told = "".join(output["text"] for output in shown if output["output_type"] == "stream")
    assert "starting the local cloud\n" in told, told


def test_the_notebook_is_kept_without_results() -> None:
    import nbformat

    cells = nbformat.read(NOTEBOOK, as_version=4).cells

    assert [cell.source for cell in cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)] == []
