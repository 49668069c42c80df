"""Claims of a text, the sources that they should stand on, and what is missing. Pure, without network or model."""
