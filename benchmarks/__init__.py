"""One fixed document job, done by docgraph and by every other way that is discussed for it, measured side by side.

What belongs here: the job, the programs that do it, what measures them, and what makes tables and plots of the
figures. What does not: anything that the service imports.
"""
