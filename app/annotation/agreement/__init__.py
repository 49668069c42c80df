"""How far people agree, what they confuse with what, how fast they are, and what their time costs."""
