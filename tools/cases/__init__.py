"""What makes the bundled cases."""
