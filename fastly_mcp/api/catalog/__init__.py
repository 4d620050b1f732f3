"""Every operation of the Fastly API, as facts."""
