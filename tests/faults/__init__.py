"""The fault harness: a seeded load, one fault at a time, and a count of what came of every message.

What belongs here: what is sent and what must come of it (`workload`), who sends it (`publishers`), what was seen
(`collector`, `inspection`), the service under supervision (`workers`), the faults (`scenarios`), how they are put
together (`run`) and the verdict (`checker`). It keeps servers of its own, as it kills and freezes them.
"""
