"""What a model says to fixed validation prompts while it is trained."""
