"""Modbus TCP: coils, discrete inputs, holding and input registers of one unit, polled in blocks."""

from adapters.modbus.adapter import ModbusAdapter

__all__ = ["ModbusAdapter"]
