"""A simulated bottling plant behind real OPC UA and Modbus servers, and the plant directory that describes it.

`process/` is physics, `opcua_server` and `modbus_server` show it to the network, `run` is the process around them, and
`plant/` is what `uns demo` serves: namespace, models, sources and access of this very plant.
"""
