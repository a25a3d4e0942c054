"""The demonstration: the sample documents go through a real service to a real graph, and what came of it is shown.

What belongs here: the sample events, a service as a child process, the report. What does not: anything that the service
itself needs.
"""
