"""Which arguments make which fields, and what a wrong setting is told."""

import pytest
from pydantic import ValidationError

from service.bridge.mapping import DEFAULT_TASKS, TaskMapping, read_tasks, write_tasks
from service.settings import Settings


def test_positional_and_keyword_arguments_become_fields():
    mapping = TaskMapping(arguments=("sku", "body"), fields={"sku": "document_id", "body": "text", "debug": None})
    fields = mapping.fields_of("index", ["a"], {"body": "x", "debug": 1, "version": 3, "title": None})
    assert fields == {"document_id": "a", "text": "x", "version": 3}


def test_facts_of_the_callers_own_join_the_metadata():
    mapping = TaskMapping(fields={"shop": "metadata.shop"})
    fields = mapping.fields_of("index", ["a"], {"shop": "north", "metadata": {"team": "red"}})
    assert fields["metadata"] == {"team": "red", "shop": "north"}


def test_the_setting_is_read_as_it_is_written():
    assert read_tasks(write_tasks(DEFAULT_TASKS)) == DEFAULT_TASKS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "JSON object of tasks"),
        ('{"index": {"arguments": ["sku"]}}', "'sku'"),
        ('{"index": {"event": "document.moved"}}', "index.event"),
        ('{"forget": {"event": "document.deleted", "fields": {"x": "metadata.x"}}}', "'metadata.x'"),
        ('{"index": {"fields": {"x": "metadata."}}}', "'metadata.'"),
    ],
)
def test_a_wrong_task_is_told_by_its_place(text, expected):
    with pytest.raises(ValidationError, match=expected):
        Settings(celery_tasks=text)


def test_names_that_the_service_uses_are_no_queues_of_callers():
    assert Settings(celery_queues="ingest, documents.celery").celery_queues == ("ingest", "documents.celery")
    with pytest.raises(ValidationError, match="documents"):
        Settings(celery_queues="documents")
