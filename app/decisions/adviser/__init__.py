"""What to try next, prompting, retrieval or fine-tuning: from why the baseline fails and from what was measured."""
