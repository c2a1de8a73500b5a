"""The pages on their way to a browser: addresses, rendering, access, the live notice."""
