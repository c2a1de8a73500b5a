"""TRACK: counts, judgements, alerts and dossiers, one subject at a time."""
