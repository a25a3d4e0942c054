"""Documents of each format, read by docgraph and by other readers side by side: how many, how much of them, how well.

`make bench-formats` runs it and writes `benchmarks/results/formats.md`.

What belongs here: the files, the readers in their processes, what compares texts. What does not: hostile documents.
"""
