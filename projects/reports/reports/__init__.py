"""Reports: tables made from the day's sales."""
