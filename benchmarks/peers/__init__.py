"""The peers: each file is a small program that does the job the way its framework wants it done.

What belongs here: one program a file, no more than the framework's own idioms. What does not: the job itself and
anything that measures.
"""
