"""Documents that are given by `uri`: from a web server, an object store or a folder.

A `uri` comes from outside, and the service stands inside: it must not become a way to read what only the service can
reach. So every address is checked where it is connected to, every size and time is limited while the bytes arrive, and
no error tells more than the producer may know.

What belongs here: schemes, address checks, limits, validators (ETag and the like) of fetched bytes.
What does not: what the bytes mean, retrying, what the graph holds, settings.
"""
