"""Sphinx: ``make docs``; a warning is an error."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "docs"))
VERSION = re.search(r'"([^"]+)"', (ROOT / "multi_env_lambda" / "_version.py").read_text(encoding="utf-8").split("=")[1])

project = "multi_env_lambda"
author = "the maintainers of multi_env_lambda"
version = release = VERSION.group(1)
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "methods", "pages"]
html_theme = "furo"
html_title = f"multi_env_lambda {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["versions.js", "switch.js"]
html_copy_source = False
html_show_copyright = False
html_search_scorer = str(Path(__file__).parent / "search_scorer.js")
# Only what is typed is copied: neither the prompt nor what the command prints.
copybutton_prompt_text = "$ "
copybutton_copy_empty_lines = False
exclude_patterns = ["_build", "05-Contributing/adr/README.rst"]
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 60
python_use_unqualified_type_names = True
# Types that are no public names, and those of Python itself, are shown but lead nowhere.
nitpick_ignore_regex = [("py:class", r"(collections\.abc|os|pathlib|multi_env_lambda)\..+|[A-Z]\w+")]
# Two public names that two modules have, such as `Plan`: a signature shows the right one without a link.
suppress_warnings = ["ref.python"]
autodoc_member_order = "bysource"
add_module_names = False


def alone(app, page, source):
    """They are found by their list and the search: with all of them beside each page, a build takes twice as long."""
    if page.startswith("05-Contributing/adr/"):
        source[0] = f":orphan:\n\n{source[0]}"


def setup(app):
    app.connect("source-read", alone)
