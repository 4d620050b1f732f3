"""Speaks to Fastly; knows nothing of MCP."""
