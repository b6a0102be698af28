"""Starts a script with a job's path, as Glue's own program of this name does: path, script and words in."""

from __future__ import annotations

import os
import runpy
import sys

path, sys.argv = sys.argv[1], sys.argv[2:]
sys.path[0] = os.path.dirname(sys.argv[0])
sys.path += path.split(os.pathsep)
runpy.run_path(sys.argv[0], run_name="__main__")
