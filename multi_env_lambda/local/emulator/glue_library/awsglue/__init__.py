"""What of Glue's own library a Python shell job may import."""
