"""The console: the pages that show what the enriched topics and the evidence say, to a person."""
