"""Charts, and the rows they are drawn from."""
