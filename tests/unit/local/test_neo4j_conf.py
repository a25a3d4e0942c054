"""The configuration differs by version: a key that a version does not know stops its start."""

from pathlib import Path

import pytest

from service.local.errors import LocalStackError
from service.local.neo4j import wanted_version
from service.local.neo4j_conf import jvm_flags, render_conf, server_command


@pytest.mark.parametrize("version", ["5.26.31", "2025.04.0", "2025.11.2", "2026.09.0"])
def test_every_version_listens_on_loopback_only(version: str):
    conf = render_conf(version, 17687).splitlines()

    assert "server.default_listen_address=127.0.0.1" in conf
    assert "server.bolt.listen_address=127.0.0.1:17687" in conf
    assert "server.http.enabled=false" in conf
    assert "dbms.security.auth_enabled=false" not in conf


@pytest.mark.parametrize(
    ("version", "fleet_manager", "discovery"),
    [("5.26.31", False, False), ("2025.04.0", False, False), ("2025.11.2", True, False), ("2026.09.0", True, True)],
)
def test_a_key_is_written_only_for_versions_that_know_it(version: str, *, fleet_manager: bool, discovery: bool):
    conf = render_conf(version, 17687)

    assert ("dbms.fleet_manager.enabled=false" in conf) is fleet_manager
    assert ("server.fleet_discovery.enabled=false" in conf) is discovery


def test_no_key_is_repeated():
    keys = [line.partition("=")[0] for line in render_conf("2026.09.0", 17687).splitlines()]

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("version", "main"),
    [("5.26.31", "org.neo4j.server.CommunityEntryPoint"), ("2026.09.0", "org.neo4j.server.Neo4jCommunity")],
)
def test_the_main_class_follows_the_version(version: str, main: str):
    command = server_command(Path("java"), [], version, Path("home"), Path("lib"))

    assert main in command


def test_only_a_java_that_knows_the_flag_gets_it():
    assert not any("unsafe" in flag for flag in jvm_flags(21, "1g"))
    assert any("unsafe" in flag for flag in jvm_flags(25, "1g"))
    assert "-Xmx2g" in jvm_flags(17, "2g")


def test_the_version_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCGRAPH_LOCAL_NEO4J_VERSION", "2026.09.0")
    assert wanted_version() == "2026.09.0"

    monkeypatch.setenv("DOCGRAPH_LOCAL_NEO4J_VERSION", "latest")
    with pytest.raises(LocalStackError, match=r"expected DOCGRAPH_LOCAL_NEO4J_VERSION .* got 'latest'"):
        wanted_version()
