"""What production says: completions taken in, measured for drift, and a de-identified sample of them put into review.

Of a completion only figures are kept here. Its words are kept for the sample alone, masked before anything is written,
as examples that the ordinary import makes: what equals a sealed case, or nearly does, is held out by it as ever.
"""
