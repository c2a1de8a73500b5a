"""WATCH: the ledger of officials' posts, and the aftermaths of suspensions, one State at a time."""
