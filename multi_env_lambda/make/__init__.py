"""Make: from the work tree to releases. What changed is built and named by its bytes; nothing is written elsewhere."""
