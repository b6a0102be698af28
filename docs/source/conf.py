"""Sphinx: ``make docs``; a warning is an error."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
VERSION = re.search(r'"([^"]+)"', (ROOT / "multi_env_lambda" / "_version.py").read_text(encoding="utf-8").split("=")[1])

project = "multi_env_lambda"
author = "the maintainers of multi_env_lambda"
version = release = VERSION.group(1)
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "alabaster"
html_theme_options = {"description": "Many units, several accounts", "page_width": "1100px"}
exclude_patterns = ["_build"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False
