"""The embedded stack: a private RabbitMQ and a private Neo4j as child processes, for demo, tests and development.

They are the real servers: RabbitMQ from the system's package, Neo4j Community from its published jars. All of a stack's
state lies in one folder (`.local/<name>/`), it listens on the loopback interface only, and stopping it ends nothing but
the processes it started. The service itself never imports this package; production brings its own servers.
"""
