"""Traffic, and the families that report it."""
