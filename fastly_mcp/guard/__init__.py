"""What stands between an agent and a change: approval, budget, audit."""
