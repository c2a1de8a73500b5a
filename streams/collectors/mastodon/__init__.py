"""The collector `mastodon`: officials on their own servers."""
