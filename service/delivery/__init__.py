"""Delivery: how messages come, go and are settled.

What belongs here: the topology as values (`topology`), the pure retry decision (`retry`), what is read from and written
to AMQP properties (`envelope`), dead letters (`dead_letters`), and the one middleware that acknowledges (`middleware`).
What does not: what a document is or where it is stored.
"""
