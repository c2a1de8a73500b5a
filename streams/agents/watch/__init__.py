"""WATCH: keeps the ledger of what officials posted, and writes aftermaths."""
