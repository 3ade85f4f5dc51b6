"""HTTP calls of every client: connections, rate limits, retries, login. It names no vendor."""
