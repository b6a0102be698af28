"""Orders: taken by HTTPS, worked through from a queue."""
