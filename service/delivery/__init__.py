"""Delivery: how messages come, go and are settled.

What belongs here: the topology as values (`topology`), the pure retry decision (`retry`), what is read from and written
to AMQP properties (`envelope`), the one middleware that acknowledges (`middleware`, `settlement`), the watch over
consumers (`watch`), dead letters (`dead_letters`, `dead_letter_…`), the journal (`journal`, `stream`), and what both
replay through (`copies`, `republisher`).
What does not: what a document is or where it is stored.
"""
