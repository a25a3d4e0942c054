"""docgraph: document events on RabbitMQ become a knowledge graph in Neo4j, and each is answered by a completion event.

The life of one message is also the order of the packages. `delivery` takes it from the queue, `handlers` read the
event, `ingest` makes chunks and keywords of the document, `graph` commits it together with whatever else is in flight,
`handlers` return the completion, and `delivery` publishes it and acknowledges.
"""

__version__ = "0.1.0"
