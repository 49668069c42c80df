"""Near-duplicate prompts: stored signatures, confirmed pairs, and the clusters that go whole to one side."""
