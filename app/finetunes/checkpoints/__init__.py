"""What is done with the states that a training run saved: measure one on development cases, promote one."""
