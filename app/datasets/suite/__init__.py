"""A suite of verifiable instructions: prompts of our own over all 25 kinds, to be taken into a general set."""
