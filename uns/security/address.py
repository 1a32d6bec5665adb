"""Which machine is asking, and is it this one?"""

import ipaddress


def host_of(address: str) -> str:
    """The host part of `host`, `host:port` or `[v6]:port`; an IPv4-mapped IPv6 address becomes IPv4."""
    host = address
    if address.startswith("["):
        host = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        host = address.partition(":")[0]
    if host.lower().startswith("::ffff:") and "." in host:
        return host[7:]
    return host


def is_loopback(address: str) -> bool:
    """Is this the loopback interface of this machine? A name is not: only an address that a socket reported counts."""
    try:
        return ipaddress.ip_address(host_of(address)).is_loopback
    except ValueError:
        return False


def is_loopback_name(host_header: str) -> bool:
    """Does a Host header (`localhost:8080`, `127.0.0.1`, `[::1]:8080`) name this machine and nothing else?"""
    host = host_of(host_header.strip()).rstrip(".").lower()
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)
