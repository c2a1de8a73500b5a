"""A whole run over files: ingest, wait until everything is through, collect, or backtest without a broker."""
