"""What the Fastly CLI is made to do, as tables; the tables do not depend on each other."""
