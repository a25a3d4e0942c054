"""The names on the broker that a client needs: part of the contract, and the same as in `service.delivery.topology`."""

DOCUMENTS = "documents"
COMPLETIONS = "documents.completions"
COMPLETIONS_JOURNAL = "documents.completions.journal"
