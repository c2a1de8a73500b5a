"""Lists of officials as people have them, made into rosters."""
