"""Measurements. Each module is run by `python -m benchmarks.NAME` and prints what it found; figures in the docs come
from here, as ratios within one run.

What belongs here: what measures, and what runs beside the service for comparison.
What does not: tests, and anything that the service needs.
"""
