"""Services, their versions, and what the versions hold."""
