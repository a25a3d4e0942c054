"""The node's configuration, and names that become part of an Erlang expression."""

import secrets
from pathlib import Path

import pytest

from service.local.errors import LocalStackError
from service.local.rabbitmq import RabbitMQ, render_conf


@pytest.fixture
def node(tmp_path: Path) -> RabbitMQ:
    return RabbitMQ(tmp_path / "rabbitmq", 15672, 15673, "someone", secrets.token_hex(4))


def test_the_node_listens_on_loopback_and_has_its_own_user():
    conf = render_conf(15672, "someone", "generated").splitlines()

    assert "listeners.tcp.1 = 127.0.0.1:15672" in conf
    assert "default_user = someone" in conf


def test_two_folders_give_two_node_names(tmp_path: Path, node: RabbitMQ):
    other = RabbitMQ(tmp_path / "other", 15672, 15673, "someone", node.password)

    assert node.node != other.node
    assert node.node.endswith("@localhost")


def test_the_url_names_the_vhost(node: RabbitMQ):
    assert node.url().endswith("@127.0.0.1:15672/")
    assert node.url("tests").endswith("@127.0.0.1:15672/tests")


@pytest.mark.parametrize("name", ['">>', "a b", "", "x" * 101])
def test_a_vhost_name_that_could_be_code_is_refused(node: RabbitMQ, name: str):
    with pytest.raises(LocalStackError, match="expected a name of letters"):
        node.add_vhosts(name)


def test_the_callers_rabbitmq_settings_are_not_passed_on(node: RabbitMQ, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RABBITMQ_NODENAME", "system@localhost")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://elsewhere/")

    assert not any(name.startswith("RABBITMQ_") for name in node.environment())
