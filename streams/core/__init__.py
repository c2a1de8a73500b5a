"""The pure core: rosters, screening, counting, rules. No clock, no I/O, no broker; time and policy are passed in."""
