"""This machine: git, files, processes, clock, terminal."""
