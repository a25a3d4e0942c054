"""The graph: what is written to Neo4j and how.

What belongs here: the Cypher (`statements/*.cypher`, the only Cypher of the service), the schema, the version guard and
chunk diff (`plan`, pure), one transaction for a batch (`writer`), group commit (`committer`), the sweep of entities
without links (`sweeper`), and the driver's set-up (`driver`).
What does not: messages, settings, how a document becomes chunks.
"""
