"""Which host does an address stand for, when connections and troubles are counted?"""

from ipaddress import IPv6Address, ip_address

IPV6_PREFIX = 64
"""One customer's network: whoever has one IPv6 address has 2**64 of them."""


def host_of(address: str) -> str:
    """The host of `host:port` or `[host]:port`; of an IPv6 address, the network it stands for."""
    if not address.startswith("["):
        return address.rpartition(":")[0] or address
    host = address[1:].partition("]")[0].partition("%")[0]
    try:
        parsed = ip_address(host)
    except ValueError:
        return host
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        network = int(parsed) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX)
        return f"{IPv6Address(network)}/{IPV6_PREFIX}" if not parsed.is_loopback else host
    return str(parsed.ipv4_mapped) if isinstance(parsed, IPv6Address) else host
