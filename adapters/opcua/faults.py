"""What does an exception of asyncua mean for the person at the machine?"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from asyncua import ua

from uns.adapter import Fatal, Point, Retriable
from uns.errors import Finding

_IDENTITY = (
    ua.StatusCodes.BadUserAccessDenied,
    ua.StatusCodes.BadIdentityTokenInvalid,
    ua.StatusCodes.BadIdentityTokenRejected,
)
_CERTIFICATE = (
    ua.StatusCodes.BadSecurityChecksFailed,
    ua.StatusCodes.BadCertificateUntrusted,
    ua.StatusCodes.BadCertificateInvalid,
    ua.StatusCodes.BadCertificateUriInvalid,
    ua.StatusCodes.BadSecurityPolicyRejected,
)
_ABSENT = (
    ua.StatusCodes.BadNodeIdUnknown,
    ua.StatusCodes.BadNodeIdInvalid,
    ua.StatusCodes.BadAttributeIdInvalid,
)
_DENIED = (ua.StatusCodes.BadNotReadable, ua.StatusCodes.BadUserAccessDenied)


@contextmanager
def translated(endpoint: str, *, opening_secure: bool = False) -> Iterator[None]:
    """Raise Retriable or Fatal in place of whatever a call of asyncua raises.

    opening_secure: a secure channel is being opened. A server that cannot read what we encrypted for another
    certificate, or does not trust ours, often just says nothing.
    """
    try:
        yield
    except (Retriable, Fatal):
        raise
    except Exception as error:
        mute = isinstance(error, TimeoutError | ConnectionError) and not isinstance(error, ConnectionRefusedError)
        if opening_secure and mute:
            raise Retriable(_untrusted(endpoint, "it does not answer on the secure channel")) from error
        raise translate(error, endpoint) from error


def translate(error: Exception, endpoint: str) -> Retriable | Fatal:
    """The finding for an exception; wrong credentials are fatal, since trying again can lock the account."""
    match error:
        case ua.UaStatusCodeError():
            return _status(error, endpoint)
        case AssertionError():
            return Retriable(_untrusted(endpoint, "it closed the secure channel"))
        case ua.UaError() if "No matching endpoints" in str(error):
            return Fatal(
                Finding(
                    id="source.security_unavailable",
                    what=f"the server at {endpoint} does not offer this security policy and mode.",
                    where="/security_policy",
                    hint="Choose one of the server's endpoints, or enable this one in the server.",
                )
            )
        case FileNotFoundError() | PermissionError():
            return Fatal(_certificate_file(error))
        case socket.gaierror():
            return Retriable(
                _unreachable(endpoint, "the host name is not known", "Check the name, or use its address.")
            )
        case ConnectionRefusedError():
            return Retriable(
                _unreachable(endpoint, "nothing listens there", "Check the port and that the server runs.")
            )
        case TimeoutError():
            return Retriable(_unreachable(endpoint, "no answer in time", "Check address, network and firewall."))
        case ConnectionError():
            return Retriable(connection_lost(endpoint))
        case OSError():
            return Retriable(_unreachable(endpoint, str(error), "Check address, network and firewall."))
    return Retriable(_refused(endpoint, f"{type(error).__name__}: {error}"))


def connection_lost(endpoint: str) -> Finding:
    return _unreachable(endpoint, "the connection was closed", "Check that the server runs; it is tried again.")


def silent(endpoint: str, patience_s: float) -> Finding:
    """The session is open and not even the keep-alives arrive."""
    return Finding(
        id="source.silent",
        what=f"connected to {endpoint}, but nothing arrived for {patience_s:g} s, not even a keep-alive.",
        where="/endpoint",
        hint="The server hangs or lost the subscription: a new session is tried; restart the server if it stays so.",
    )


def absent(point: Point, node: str, status: int, namespaces: list[str]) -> Finding | None:
    """Why a node cannot be read at all, or None when the status is only about its present value."""
    name = ua.StatusCode(status).name
    if status in _DENIED:
        return Finding(
            id="source.node_denied",
            what=f"{point.device}/{point.name}: the server does not let this user read '{node}' ({name}).",
            where=point.where("node"),
            hint="Give the user read access in the server.",
        )
    if status not in _ABSENT:
        return None
    index = node.partition(";")[0].removeprefix("ns=")
    if index.isdecimal() and int(index) >= len(namespaces):
        known = ", ".join(f"{position}: {uri}" for position, uri in enumerate(namespaces))
        hint = f"The server has no namespace {index} (it has {known}); write nsu=URI; in place of ns={index};."
    elif status == ua.StatusCodes.BadAttributeIdInvalid:
        hint = "It is an object or a method: name one of the variables below it."
    else:
        hint = "Look the NodeId up in an OPC UA browser: upper and lower case and the namespace index count."
    return Finding(
        id="source.node_unknown",
        what=f"{point.device}/{point.name}: the server has no variable '{node}' ({name}).",
        where=point.where("node"),
        hint=hint,
    )


def untyped(point: Point, node: str) -> Finding:
    return Finding(
        id="source.type_unsupported",
        what=f"{point.device}/{point.name}: '{node}' holds no scalar value (an array, a structure, or nothing yet).",
        where=point.where("node"),
        hint="Name a scalar variable; when it has no value yet, write its 'type'.",
    )


def _status(error: ua.UaStatusCodeError, endpoint: str) -> Retriable | Fatal:
    name = ua.StatusCode(error.code).name
    if error.code in _IDENTITY:
        return Fatal(
            Finding(
                id="source.refused",
                what=f"the server at {endpoint} does not accept this user ({name}).",
                where="/username",
                hint="Correct username and password, or allow anonymous sessions there; then restart the source.",
            )
        )
    if error.code in _CERTIFICATE:
        return Retriable(_untrusted(endpoint, name))
    if error.code in (ua.StatusCodes.BadTimeout, ua.StatusCodes.BadRequestTimeout):
        return Retriable(_unreachable(endpoint, "no answer in time", "Check address, network and firewall."))
    return Retriable(_refused(endpoint, name))


def _unreachable(endpoint: str, why: str, hint: str) -> Finding:
    return Finding(id="source.unreachable", what=f"no connection to {endpoint}: {why}.", where="/endpoint", hint=hint)


def _refused(endpoint: str, why: str) -> Finding:
    return Finding(
        id="source.refused",
        what=f"the server at {endpoint} refuses: {why}.",
        where="/endpoint",
        hint="Look at the server's log and its limits on sessions and subscriptions; it is tried again.",
    )


def _untrusted(endpoint: str, why: str) -> Finding:
    return Finding(
        id="source.untrusted",
        what=f"no secure channel to {endpoint}: {why}.",
        where="/server_certificate",
        hint="Make the server trust our certificate (move it from rejected to trusted), and check that "
        "'server_certificate' is the one it has now.",
    )


def _certificate_file(error: OSError) -> Finding:
    return Finding(
        id="source.certificate_unreadable",
        what=f"a certificate or key cannot be read: {error}.",
        where="/certificate",
        hint="Check the paths of certificate, private_key and server_certificate.",
    )
