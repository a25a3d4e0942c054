"""What bad documents do to the service: hostile ones one by one, and good ones spoiled at random.

`make test-long` takes the small ones, `make hostile` all, `make fuzz` spoils documents of each format for a minute.

What belongs here: tests that give documents to a real `Ingestor` with its child processes, and watch both.
What does not: tests of one format (`tests/unit/ingest`), and servers that misbehave.
"""
