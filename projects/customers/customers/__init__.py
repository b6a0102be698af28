"""Customer records: checked, cleaned, with ISO country codes."""
