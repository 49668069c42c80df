"""Examples given to named people until a day."""
