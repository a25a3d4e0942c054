"""`docgraph demo`: the whole story on this machine, in a minute."""


def demo() -> None:
    """Start everything, submit the sample documents, show what is in the graph, stop everything."""
