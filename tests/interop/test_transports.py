"""Paho over WebSocket and TLS, mosquitto over TLS: what works over TCP works there."""

import json
import re
import signal
import socket
import ssl
import urllib.parse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.conftest import SMALL_PLANT
from tests.interop.mosquitto import Mosquitto
from tests.interop.paho import PahoClient
from tests.support.certificates import Authority, Pair
from tests.support.command import uns
from tests.support.running import RunningServer
from tests.support.until import until

TRANSPORTS = ["websocket", "tls", "wss"]
VERSIONS = [4, 5]


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory, users, authority) -> Iterator[RunningServer]:
    """The small plant with TLS beside plain MQTT."""
    pair = authority.sign()
    environ = {
        "UNS_MQTT_TLS_PORT": "0",
        "UNS_MQTT_TLS_CERTIFICATE": str(pair.certificate),
        "UNS_MQTT_TLS_KEY": str(pair.key),
        "UNS_HTTP_TLS_PORT": "0",
        "UNS_HTTP_TLS_CERTIFICATE": str(pair.certificate),
        "UNS_HTTP_TLS_KEY": str(pair.key),
        "UNS_HTTP_ALLOWED_ORIGINS": "https://hmi.example",
    }
    server = RunningServer(["serve", str(SMALL_PLANT)], tmp_path_factory.mktemp("secured"), users.environ | environ)
    yield server
    server.stop()


@pytest.fixture
def paho(secured, users, authority) -> Iterator[Callable[..., PahoClient]]:
    """Makes connected clients: `paho("websocket", "id", version=5)`."""
    clients: list[PahoClient] = []

    def connect(transport: str, client_id: str, *, version: int = 5, **options: Any) -> PahoClient:
        if transport == "tls":
            port, how = secured.tls_port, {"authority": authority.certificate}
        elif transport == "wss":
            port = urllib.parse.urlsplit(secured.https_url).port
            how = {"websocket": True, "authority": authority.certificate}
        else:
            port, how = urllib.parse.urlsplit(secured.base_url).port, {"websocket": True}
        client = PahoClient(client_id, version, "ada", users.passwords["ada"], **how, **options)
        clients.append(client)
        return client.connect(port)

    yield connect
    for client in clients:
        client.disconnect()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_messages_of_each_qos(paho, transport, version):
    topic = f"works/free/{transport}/{version}"
    client = paho(transport, f"{transport}-{version}", version=version)
    assert client.subscribe(topic, 2) == 2
    for qos in (0, 1, 2):
        assert client.publish(topic, f"qos {qos}", qos).code == 0
    until(lambda: len(client.messages) == 3, "three messages")
    assert sorted((m.payload, m.qos) for m in client.messages) == [(b"qos 0", 0), (b"qos 1", 1), (b"qos 2", 2)]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_megabyte_crosses(paho, transport):
    client = paho(transport, f"{transport}-large")
    topic, payload = f"works/free/{transport}/large", bytes(range(256)) * 4000
    client.subscribe(topic, 1)
    assert client.publish(topic, payload, 1).code == 0
    assert client.received(topic).payload == payload


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_refusal_says_why(paho, transport):
    answer = paho(transport, f"{transport}-refused").publish("works/strict/mixer/temprature", "20", 1)
    assert answer.code == 0x90
    assert answer.user["uns-nearest"] == "works/strict/mixer/temperature"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_session_waits_and_a_will_is_sent(paho, secured, users, authority, transport):
    topic, client_id = f"works/free/{transport}/offline", f"{transport}-session"
    paho(transport, client_id, clean=False, expiry_s=60).subscribe(topic, 1)
    paho(transport, client_id, clean=False, expiry_s=60).disconnect()
    sender = paho(transport, f"{transport}-sender")
    assert sender.publish(topic, "while you were away", 1).code == 0
    again = paho(transport, client_id, clean=False, expiry_s=60)
    assert again.session_present
    assert again.received(topic).payload == b"while you were away"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_clients_are_named_with_their_transport(paho, secured, users, transport):
    client = paho(transport, f"{transport}-shown")
    client.subscribe(f"works/free/{transport}/shown", 0)
    listed = _clients(secured, users)
    shown = next(shown for shown in listed if shown["client_id"] == f"{transport}-shown")
    over = {"websocket": "WebSocket", "tls": "TLS", "wss": "WebSocket and TLS"}[transport]
    assert shown["protocol"] == f"MQTT 5.0 over {over}"
    assert shown["address"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("origin", "opens"),
    [("", True), ("https://hmi.example", True), ("https://evil.example", False), ("null", False)],
)
def test_a_page_of_another_server_connects_only_when_it_is_listed(secured, origin, opens):
    url = f"ws{secured.base_url.removeprefix('http')}/mqtt"
    page = partial(connect, url, origin=origin or secured.base_url, subprotocols=["mqtt"], proxy=None)
    if opens:
        with page() as opened:
            assert opened.subprotocol == "mqtt"
        return
    with pytest.raises(InvalidStatus) as refused:
        page()
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body or b"")["error"]["id"] == "access.origin"


def _clients(server: RunningServer, users) -> list[dict[str, Any]]:
    answer = httpx.get(f"{server.base_url}/api/v1/clients", auth=("ada", users.passwords["ada"]), trust_env=False)
    return json.loads(answer.text)["clients"]


# --- mosquitto -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("qos", ["0", "1", "2"])
@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
def test_mosquitto_over_tls(secured, users, authority, version, qos):
    client = Mosquitto(secured.tls_port, "ada", users.passwords["ada"], "--cafile", str(authority.certificate))
    topic = f"works/free/mosquitto-tls/{version}/{qos}"
    sent = client.pub("-V", version, "-q", qos, "-t", topic, "-m", "over tls", "-r")
    assert (sent.code, sent.err) == (0, "")
    read = client.sub("-V", version, "-q", qos, "-t", topic, "-C", "1", "-W", "20")
    assert (read.code, read.out) == (0, "over tls\n")


def test_mosquitto_does_not_trust_another_authority(secured, users, tmp_path):
    other = Authority(tmp_path)
    client = Mosquitto(secured.tls_port, "ada", users.passwords["ada"], "--cafile", str(other.certificate))
    assert client.pub("-t", "works/free/x", "-m", "1").code != 0
    until(lambda: "the client does not trust our certificate" in secured.log, "the refusal is told")
    metrics = httpx.get(f"{secured.base_url}/metrics", auth=("ada", users.passwords["ada"]), trust_env=False).text
    counted = re.search(r"^uns_tls_handshake_failures_total (\S+)$", metrics, re.MULTILINE)
    assert counted is not None
    assert float(counted[1]) >= 1


def test_certificates_of_clients_and_no_plain_port(tmp_path, users, authority):
    server_pair, mine = authority.sign("mutual"), authority.sign("robot", client=True)
    environ = {
        "UNS_MQTT_PLAIN": "false",
        "UNS_MQTT_TLS_PORT": "0",
        "UNS_MQTT_TLS_CERTIFICATE": str(server_pair.certificate),
        "UNS_MQTT_TLS_KEY": str(server_pair.key),
        "UNS_MQTT_TLS_CLIENT_CA": str(authority.certificate),
    }
    server = RunningServer(["serve", str(SMALL_PLANT)], tmp_path, users.environ | environ)
    try:
        assert server.mqtt_port == 0
        trust = ("--cafile", str(authority.certificate))
        login = ("ada", users.passwords["ada"])
        without = Mosquitto(server.tls_port, *login, *trust)
        assert without.pub("-t", "works/free/x", "-m", "1", "-q", "1").code != 0
        known = Mosquitto(server.tls_port, *login, *trust, "--cert", str(mine.certificate), "--key", str(mine.key))
        assert known.pub("-t", "works/free/x", "-m", "1", "-q", "1").code == 0
        stranger = Mosquitto(server.tls_port, "ada", "wrong", *trust, *known.options[-4:])
        assert "bad user name or password" in stranger.pub("-t", "works/free/x", "-m", "1", "-q", "1").err.lower()
    finally:
        server.stop()


def test_certificates_name_the_users(tmp_path, users, authority):
    """The role is that of the user in access.yaml; who is none of them stays outside, whatever name it sends."""
    pair = authority.sign("naming")
    tls = {"TLS_PORT": "0", "TLS_CERTIFICATE": str(pair.certificate), "TLS_KEY": str(pair.key)}
    tls |= {"TLS_CLIENT_CA": str(authority.certificate), "TLS_NAMES_USER": "true"}
    environ = {f"UNS_{section}_{name}": value for section in ("MQTT", "HTTP") for name, value in tls.items()}
    server = RunningServer(["serve", str(SMALL_PLANT)], tmp_path, users.environ | environ)
    ada, ben, eve = (authority.sign(name, client=True) for name in ("ada", "ben", "eve"))

    def pub(own: Pair, name: str = "", password: str = "") -> tuple[int, str]:
        login = ("-u", name, "-P", password) if name else ()
        trust = ("--cafile", str(authority.certificate), "--cert", str(own.certificate), "--key", str(own.key))
        client = Mosquitto(server.tls_port, "", "", *trust)
        sent = client.pub("-V", "mqttv5", "-t", "works/free/x", "-m", "1", "-q", "1", *login)
        return sent.code, sent.err

    try:
        assert pub(ada) == (0, "")
        assert pub(ada, "ben", "wrong") == (0, "")  # the certificate counts, not what CONNECT says
        assert "not authorized" in pub(ben)[1].lower()
        code, said = pub(eve, "ada", users.passwords["ada"])
        assert code != 0
        assert "not authorized" in said.lower()
        until(lambda: "access.certificate" in server.log and "'eve'" in server.log, "the log says who came")
        port = urllib.parse.urlsplit(server.https_url).port
        for own, version, connack in ((ada, 5, 0), (eve, 5, 0x87), (ada, 4, 0)):
            client = PahoClient(
                f"wss-{own.certificate.stem}-{version}",
                version,
                "",
                "",
                websocket=True,
                authority=authority.certificate,
                certificate=own,
            )
            assert client.connect(port).connack.value == connack
            client.disconnect()
        env = {"UNS_SERVER": server.https_url, "UNS_CA": str(authority.certificate)}
        for own, role in ((ada, "operator"), (ben, "viewer")):
            both = tmp_path / f"{own.certificate.stem}.both"
            both.write_bytes(own.certificate.read_bytes() + own.key.read_bytes())
            shown = uns("explain", "works/free/x", env=env | {"UNS_CERTIFICATE": str(both)})
            assert (shown.code, shown.err) == (0, "")
            sent = uns("pub", "works/free/x", "1", env=env | {"UNS_CERTIFICATE": str(both)})
            assert sent.code == (0 if role == "operator" else 3)
        plain = Mosquitto(server.mqtt_port, "ada", users.passwords["ada"])
        assert plain.pub("-t", "works/free/x", "-m", "1", "-q", "1").code == 0
    finally:
        server.stop()


def test_a_renewed_certificate_is_served_after_sighup(tmp_path, users):
    authority = Authority(tmp_path)
    pair = authority.sign()
    files = {"CERTIFICATE": str(pair.certificate), "KEY": str(pair.key), "PORT": "0"}
    environ = {f"UNS_{section}_TLS_{name}": value for section in ("MQTT", "HTTP") for name, value in files.items()}
    server = RunningServer(["serve", str(SMALL_PLANT)], tmp_path, users.environ | environ)
    try:
        ports = (server.tls_port, urllib.parse.urlsplit(server.https_url).port)
        before = [ssl.get_server_certificate(("127.0.0.1", port)) for port in ports]
        client = PahoClient("stays", 5, "ada", users.passwords["ada"], authority=authority.certificate)
        client.connect(server.tls_port)
        authority.sign()
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.log.count("valid until") == 2, "both ports tell of the new certificate")
        after = [ssl.get_server_certificate(("127.0.0.1", port)) for port in ports]
        assert all(old != new for old, new in zip(before, after, strict=True))
        pair.key.write_text("hello")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.log.count("the earlier certificate is served on, for plant.certificate: ") == 2, "told")
        assert [ssl.get_server_certificate(("127.0.0.1", port)) for port in ports] == after
        assert client.publish("works/free/x", "1", 1).code == 0
        client.disconnect()
    finally:
        server.stop()


def test_commands_over_https(secured, users, authority, tmp_path):
    env = users.env("ada") | {"UNS_SERVER": secured.https_url}
    assert uns("tree", "works", "--ca", str(authority.certificate), env=env).code == 0
    assert uns("health", env=env | {"UNS_CA": str(authority.certificate)}).json["status"] == "ok"
    distrusting = uns("tree", "works", env=env)
    assert distrusting.code == 6
    assert distrusting.err.startswith("error unreachable.certificate: ")
    assert "--ca or UNS_CA" in distrusting.err
    for bad in (tmp_path / "absent.pem", tmp_path):
        assert uns("tree", "--ca", str(bad), env=env).code == 2


def test_a_taken_port_is_told_with_its_setting(users, authority, tmp_path):
    pair = authority.sign("taken")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environ = {
            "UNS_MQTT_TLS_PORT": str(taken.getsockname()[1]),
            "UNS_MQTT_TLS_CERTIFICATE": str(pair.certificate),
            "UNS_MQTT_TLS_KEY": str(pair.key),
        }
        with pytest.raises(AssertionError, match=r"(?s)unreachable\.port.*mqtt\.tls_port"):
            RunningServer(["serve", str(SMALL_PLANT)], tmp_path, users.environ | environ)
