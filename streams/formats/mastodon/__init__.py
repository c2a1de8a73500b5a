"""Statuses and streaming events of Mastodon."""
