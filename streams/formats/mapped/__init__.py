"""Any table or JSON by a mapping of its columns."""
