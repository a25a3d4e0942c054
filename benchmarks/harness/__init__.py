"""What runs and measures: servers, processes, producer, collector, checks.

What belongs here: everything that is the same for all systems. What does not: the job and the programs that do it.
"""
