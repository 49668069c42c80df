"""What a training run measures of itself by step: its curves, and whether it is learning."""
