"""What a stored signature is made of.

It is ``PERMUTATIONS`` minima over the words of a prompt; each ``ROWS`` of them are hashed into one 32-bit *band*, and
only the bands are kept: 80 bytes a prompt. Two prompts are candidates where a band is equal: with Jaccard similarity j
that misses (1 - j³)²⁰ of the pairs, which is 0.8 % at 0.6 (one of four words is another) and nothing from 0.8 on.
"""

VERSION = 1  # of how a text becomes words and words become bands; a new one scans everything anew
SEED = 7
ROWS = 3
BANDS = 20
PERMUTATIONS = ROWS * BANDS
