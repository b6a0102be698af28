"""For users' own tests: a world in memory, and a private local cloud that ends with the test."""
