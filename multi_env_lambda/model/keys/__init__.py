"""Every key of the two TOML tables, declared once: what the readers accept, the JSON schema, and the reference."""
