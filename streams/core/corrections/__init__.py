"""What another roster, or other rules, would have made of what was counted: comparison alone, no second count."""
