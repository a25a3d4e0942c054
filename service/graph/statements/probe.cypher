// A write that leaves nothing behind: tells a graph that takes writes from one that only answers.
CREATE (p:__Probe)
DELETE p
