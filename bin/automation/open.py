#!/usr/bin/env python
"""Print links to the console: ``python bin/automation/open.py orders prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("open", __file__))
