"""The network: POPs and their caches, what purges do to them, and visitors."""
