"""The other side: sessions, the artifact bucket, stacks, the ledger of records."""
