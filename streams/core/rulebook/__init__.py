"""Rules as they are judged, and what a figure is that they look at."""
