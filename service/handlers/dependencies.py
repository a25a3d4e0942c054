"""What handlers are given, by dependency injection from the app's context, where the lifespan puts it."""

from faststream import ContextRepo

from service.handlers.pipeline import Pipeline


class Dependencies:
    """Providers for `Depends`, asked once when a consumer starts."""

    def __init__(self, context: ContextRepo) -> None:
        self._context = context

    async def pipeline(self) -> Pipeline:
        """Return the process's pipeline, which holds its ingestor and the committer to its driver."""
        pipeline: Pipeline = self._context.get("pipeline")
        return pipeline
