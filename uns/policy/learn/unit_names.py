"""Which unit does the name of a value tell? `speed_rpm` says 1/min for sure, `level_m` may say metres."""

import re

_SURE = {
    "degc": "Cel", "celsius": "Cel", "degf": "[degF]", "fahrenheit": "[degF]", "kelvin": "K", "rpm": "1/min",
    "kw": "kW", "mw": "MW", "kwh": "kW.h", "wh": "W.h", "kva": "kV.A", "kvar": "kV.A", "bar": "bar", "mbar": "mbar",
    "pa": "Pa", "kpa": "kPa", "mpa": "MPa", "psi": "[psi]", "volt": "V", "volts": "V", "kv": "kV", "ampere": "A",
    "amps": "A", "hz": "Hz", "khz": "kHz", "pct": "%", "percent": "%", "mm": "mm", "cm": "cm", "um": "um",
    "kg": "kg", "lpm": "L/min", "m3": "m3", "m3h": "m3/h", "ppm": "[ppm]", "nm": "N.m", "deg": "deg", "ml": "mL",
    "liters": "L", "litres": "L", "seconds": "s", "minutes": "min", "hours": "h",
}  # fmt: skip
_PERHAPS = {
    "c": "Cel", "k": "K", "w": "W", "v": "V", "a": "A", "ma": "mA", "mv": "mV", "m": "m", "g": "g", "l": "L",
    "t": "t", "s": "s", "ms": "ms", "min": "min", "h": "h", "db": "dB",
}  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def unit_of_name(path: str) -> tuple[str, bool]:
    """(UCUM code, is it sure?) of the last word of an attribute's name; ("", False) when it names none."""
    words = _WORD.findall(path.rpartition("/")[2])
    if len(words) < 2:
        return "", False
    word = words[-1].casefold()
    if word in _SURE:
        return _SURE[word], True
    return _PERHAPS.get(word, ""), False
