"""What a sandbox starts with, and how it is kept."""
