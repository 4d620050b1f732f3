"""Who may do what: customer, users, tokens, and the log of what they did."""
