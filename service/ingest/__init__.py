"""What happens to a document: fetch -> parse -> split -> extract -> plan.

Plain functions and values, no broker, no graph.

A submitted event becomes a `Source` (`source`), which one synchronous function turns into a `PreparedDocument`
(`preparation`): `formats` give text and sections, `split` cuts chunks, `language` and `keywords` describe them, `plan`
gives them ids that survive an edit. The `Ingestor` runs that function on the event loop when that is quick and safe,
and in a killable child process (`pool`, `child`, `worker`) when it is not.

What belongs here: formats, cutting, keywords, ids, limits on hostile documents.
What does not: acknowledging, retrying, Cypher, settings. This package imports neither faststream nor neo4j.
"""
