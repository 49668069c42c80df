"""Examples that are like one example."""
