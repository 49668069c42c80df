"""What people say to each other about one example, apart from their verdicts."""
