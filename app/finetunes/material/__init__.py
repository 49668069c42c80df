"""What a launch trains on, and what it is validated with: exact bytes, each a function of frozen versions."""
