"""A small api.fastly.com to try, show and test with: no account, no network."""

from fastly_mcp.sandbox.app import create_app

__all__ = ["create_app"]
