"""OPC UA: the nodes of one server, followed by a subscription."""

from adapters.opcua.adapter import OpcUaAdapter

__all__ = ["OpcUaAdapter"]
