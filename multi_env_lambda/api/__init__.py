"""The public face: a workspace, its units and environments as handles that act, and everything they give as values."""
