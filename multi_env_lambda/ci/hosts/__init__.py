"""One reader for each Git host: the host's event in, what happened out."""
