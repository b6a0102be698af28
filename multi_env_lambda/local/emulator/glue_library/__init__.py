"""A folder on the path of Glue jobs."""
