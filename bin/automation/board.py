#!/usr/bin/env python
"""Write the page that shows what runs where: ``python bin/automation/board.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("board", __file__))
