"""A workflow of one activity. Workflows are replayed: the client has no place here."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import Document, Documents


@workflow.defn
class ProcessDocument:
    @workflow.run
    async def run(self, document: Document) -> str:
        return await workflow.execute_activity_method(
            Documents.process_document, document, start_to_close_timeout=timedelta(seconds=60)
        )
