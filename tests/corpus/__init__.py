"""Documents to read: labelled ones of our own under `tests/data`, and hostile ones that are made on the spot.

What belongs here: what makes documents and knows what should come of them.
What does not: tests, and files that somebody else wrote.
"""
