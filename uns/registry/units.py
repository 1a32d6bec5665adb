"""Is this a UCUM unit code, and which one was meant? (The Unified Code for Units of Measure, 2.2)

Not a parser of the whole code: it refuses characters that UCUM cannot hold and the spellings that people write instead.
"""

import re

_SPELLINGS = {
    "°C": "Cel", "℃": "Cel", "degC": "Cel", "deg C": "Cel", "celsius": "Cel",
    "°F": "[degF]", "degF": "[degF]", "fahrenheit": "[degF]",
    "rpm": "1/min", "RPM": "1/min", "U/min": "1/min", "bpm": "1/min",
    "kWh": "kW.h", "Wh": "W.h", "MWh": "MW.h", "VAh": "V.A.h", "kVA": "kV.A", "VA": "V.A",
    "kvar": "kV.A", "var": "V.A", "Ah": "A.h", "mAh": "mA.h",
    "Nm": "N.m", "psi": "[psi]", "inch": "[in_i]", "in": "[in_i]", "ft": "[ft_i]",
    "m³": "m3", "m²": "m2", "m³/h": "m3/h", "Nm3/h": "m3/h", "µm": "um", "°": "deg", "Ω": "Ohm",
    "sec": "s", "hour": "h", "hours": "h", "minutes": "min", "pcs": "{piece}", "pieces": "{piece}", "percent": "%",
}  # fmt: skip
_CODE = re.compile(r"[!-~]{1,64}")


def unit_fault(unit: str) -> tuple[str, str]:
    """(why a text is no UCUM code, the code that was meant); two empty strings when it may be one."""
    meant = _SPELLINGS.get(unit) or _SPELLINGS.get(unit.casefold(), "")
    if meant:
        return f"'{unit}' is not a UCUM code", meant
    if not _CODE.fullmatch(unit):
        return f"'{unit}' is not a UCUM code: a code is 1 to 64 ASCII characters without spaces", ""
    return "", ""
