"""What to do: pure functions, value in, value out."""
