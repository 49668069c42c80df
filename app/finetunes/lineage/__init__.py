"""From a model back to each example and who approved it; from an example forward to everything that used it."""
