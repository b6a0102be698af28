"""For users' own tests: a world in memory, and a local cloud of one's own that ends with the test."""
