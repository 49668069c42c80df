"""A run as a plain folder for another trainer: its rows, a configuration with its own hyperparameters, the command."""
