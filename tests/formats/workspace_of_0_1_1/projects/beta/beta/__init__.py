"""What this unit is for."""
