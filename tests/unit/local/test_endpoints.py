"""Servers that the caller brings, and settings for a shell."""

import subprocess

import pytest

from service.local.endpoints import are_given, export_lines
from service.local.errors import LocalStackError


@pytest.mark.parametrize(
    "environment",
    [
        {"RABBITMQ_URL": "amqp://broker/", "NEO4J_URI": "bolt://graph"},
        {"RABBITMQ_URL_FILE": "/run/rabbitmq", "NEO4J_URI": "bolt://graph"},
    ],
)
def test_both_servers_given(environment: dict[str, str]):
    assert are_given(environment)


@pytest.mark.parametrize("environment", [{}, {"RABBITMQ_URL": "", "NEO4J_URI": ""}, {"NEO4J_DATABASE": "neo4j"}])
def test_none_given(environment: dict[str, str]):
    assert not are_given(environment)


@pytest.mark.parametrize(("given", "missing"), [("RABBITMQ_URL", "NEO4J_URI"), ("NEO4J_URI", "RABBITMQ_URL")])
def test_one_alone_is_an_error_that_names_the_other(given: str, missing: str):
    with pytest.raises(LocalStackError, match=f"got only {given}; set {missing} too"):
        are_given({given: "amqp://broker/"})


def test_a_shell_reads_back_any_value():
    value = 'it\'s $HOME `id` "x" \\ ;&|'
    lines = export_lines({"NEO4J_DATABASE": value})

    done = subprocess.run(
        ["/bin/sh", "-c", f'{lines}\nprintf %s "$NEO4J_DATABASE"'], capture_output=True, text=True, check=True
    )

    assert done.stdout == value
