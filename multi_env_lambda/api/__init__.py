"""The public face: a workspace, its units and environments as handles that act, and everything they give as values.

The command line is its first user: ``cli/`` imports this folder and ``show/``, and nothing else of the library.
"""
