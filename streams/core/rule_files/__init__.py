"""Files of rules: read, checked with the place and the remedy of each problem, and said in words."""
