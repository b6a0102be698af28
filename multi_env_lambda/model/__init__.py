"""What things are: frozen values without any input or output."""
