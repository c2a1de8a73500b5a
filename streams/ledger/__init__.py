"""Where WATCH's ledger is kept: SQLite, on disk or in memory."""
