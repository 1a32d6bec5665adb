"""Which server, as whom: --server, UNS_SERVER, UNS_USER, passwords, and servers that are not there."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.support.command import uns

COMMANDS = [
    ("tree",),
    ("get", "works/free/x"),
    ("sub", "works/#"),
    ("pub", "works/free/x", "1"),
    ("history", "works/free/x"),
    ("explain", "works/free/x"),
    ("violations",),
    ("source", "list"),
    ("health",),
]
LOGGED_IN = [command for command in COMMANDS if command[0] != "health"]


def named(command):
    return command[0]


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_nothing_listens_there(command):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = uns(*command, "--server", address)
    assert (result.code, result.out) == (6, "")
    assert result.err.startswith(f"error unreachable.server: no server answers at {address} (")
    assert "--server or UNS_SERVER" in result.err


@pytest.mark.parametrize("command", LOGGED_IN, ids=named)
def test_without_a_user_it_is_denied(server, command):
    result = uns(*command, env=server.env)
    assert (result.code, result.out) == (3, "")
    assert "access.anonymous" in result.err
    assert "UNS_USER" in result.err


def test_health_needs_no_user(server):
    assert uns("health", env=server.env).code == 0


def test_a_wrong_password_is_denied(server):
    result = uns("tree", "--user", "ada", env=server.env | {"UNS_PASSWORD": "wrong"})
    assert result.code == 3
    assert "access.credentials" in result.err


def test_the_option_wins_over_the_environment(server, users):
    env = users.env("ben") | {"UNS_SERVER": "http://127.0.0.1:1"}
    assert uns("tree", "--server", server.base_url, env=env).code == 0


def test_an_address_without_scheme_and_with_a_slash(server):
    for address in (server.base_url.removeprefix("http://"), server.base_url + "/"):
        assert uns("health", "--server", address).code == 0


def test_a_password_from_a_file(server, users, tmp_path):
    file = tmp_path / "password"
    file.write_text(users.passwords["ben"] + "\n")
    assert uns("tree", "--user", "ben", env=server.env | {"UNS_PASSWORD_FILE": str(file)}).code == 0


def test_a_password_file_that_is_not_there_is_a_usage_error(server, tmp_path):
    result = uns("tree", "--user", "ben", env=server.env | {"UNS_PASSWORD_FILE": str(tmp_path / "none")})
    assert result.code == 2
    assert "UNS_PASSWORD_FILE" in result.err


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_a_usage_error(address):
    assert uns("tree", "--server", address).code == 2


def test_a_web_server_that_is_not_uns():
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        for command in (("health",), ("tree",)):
            result = uns(*command, "--server", f"http://127.0.0.1:{other.server_port}")
            assert result.code == 6
            assert "not as an uns server does" in result.err
        other.shutdown()


def test_health_names_the_parts(server):
    result = uns("health", "-o", "table", env=server.env)
    assert result.lines[0] == "ready"
    assert {line.split()[0] for line in result.lines[1:]} == {"broker", "persistence", "history", "violations"}
    assert uns("health", env=server.env).json["status"] == "ok"
    assert uns("health", "-o", "csv", env=server.env).lines[0] == "part,status,finding"
