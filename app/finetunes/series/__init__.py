"""Several fine-tunes with one purpose: a learning curve, or a sweep over hyperparameters."""
