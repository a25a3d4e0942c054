"""`python -m service` is `docgraph`."""

from service.cli import main

main()
