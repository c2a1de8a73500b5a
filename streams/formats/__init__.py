"""Format readers: pure, bytes in, canonical events or a rejection with a reason out."""
