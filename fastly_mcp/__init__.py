"""A Model Context Protocol server for the Fastly API."""

__version__ = "0.1.0"
