"""A run of the CI: what a build does with its job: look, decide, and do what a person would do, by the same steps.

``run.py`` is the whole of it: begin, then look until nothing is left to do, then end.
"""
