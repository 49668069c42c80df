"""Measuring a fine-tune's model on examples that it was not trained on: what one may choose by."""
