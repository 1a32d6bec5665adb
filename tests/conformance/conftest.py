"""A broker whose rules let everybody do everything, so that only the standard speaks; one guest who may do little."""

from collections.abc import Callable

import pytest

from tests.broker.conftest import compile_admission
from tests.support.clock import FakeClock
from uns.broker import Broker, Credentials, Granted, Limits
from uns.errors import Finding
from uns.server import mqtt

NAMESPACE = """
levels: [enterprise, site, area, line, cell]
mode: quarantine
tree:
  acme: {ghent: {packaging: {line1: {filler: {model: filler@1}}}}}
open: ["open/#", "t/#", "/#"]
"""
ACCESS = """
roles:
  everybody: {publish: ["#"], subscribe: ["#", "$SYS/#", "$uns/#"]}
  guest: {publish: ["open/#"], subscribe: ["open/#"]}
"""
MakeBroker = Callable[[type[Broker], dict[str, int]], Broker]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_broker(clock: FakeClock) -> MakeBroker:
    """Takes the class and the limits that differ from the default."""

    def make(kind: type[Broker], limits: dict[str, int]) -> Broker:
        return kind(compile_admission(NAMESPACE, ACCESS), clock, limits=Limits(**limits), authenticate=by_username)

    return make


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a play moves at once; the listener need not look at it at the pace of a real one."""
    monkeypatch.setattr(mqtt, "TICK_S", 0.005)


def by_username(credentials: Credentials, answer: Callable[[Granted | Finding], None]) -> None:
    """The user name is the role; `nobody` is refused; no name is everybody."""
    if credentials.username == "nobody":
        answer(Finding(id="access.credentials", what="nobody may not come in."))
    else:
        role = credentials.username or "everybody"
        answer(Granted(role, role))
