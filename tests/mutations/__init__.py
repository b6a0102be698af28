"""One changed line each: what must turn the suite red. ``bin/test --mutations`` runs them, ``table/`` lists them."""
