"""Delivery: how messages come, go and are settled.

What belongs here: the topology as values (`topology`), a message's way through the service (`subscriber`), what is read
from and written to AMQP properties (`envelope`), how they are read whatever they hold (`tolerance`), completions going
out (`outbox`), how they and others are published (`publishing`), the pure retry decision (`retry`), retries and dead
letters (`settlement`), acknowledgements (`acknowledger`), the watch over consumers (`watch`), dead letters as a tool
(`dead_letters`, `dead_letter_…`), the journal (`journal`, `stream`), and what both replay through (`copies`,
`republisher`).
What does not: what a document is or where it is stored.
"""
