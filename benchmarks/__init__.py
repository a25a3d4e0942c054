"""Measurements: one fixed document job done by docgraph and by every other way that is discussed for it, side by side
(`python -m benchmarks`), and what is measured beside it (`python -m benchmarks.NAME`).

What belongs here: the job, the programs that do it, what measures them, and what makes tables and plots of the figures;
figures in the docs come from here, as ratios within one run.
What does not: tests, and anything that the service imports.
"""
