"""AWS: sessions, the artifact bucket, stacks, the ledger of records."""
