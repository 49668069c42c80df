"""Fine-tunes side by side: how they were set up, how they learned, and what came of them."""
