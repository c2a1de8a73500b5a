"""The command line: what people type, and what they see. The work itself is done elsewhere."""
