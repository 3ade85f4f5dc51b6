"""How any call reaches any wire. This room knows no vendor."""
