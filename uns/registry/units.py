"""Is this a UCUM unit code, and which one was meant? (The Unified Code for Units of Measure, 2.2)

The grammar is ucumvert's. It takes a quarter of a second and 15 MB to load, so the codes that most plants use are known
without it, and the spellings that people write instead are told before it is asked.
"""

import re
from functools import cache, lru_cache
from typing import Any

_SPELLINGS = {
    "°C": "Cel", "℃": "Cel", "degC": "Cel", "deg C": "Cel", "celsius": "Cel",
    "°F": "[degF]", "degF": "[degF]", "fahrenheit": "[degF]",
    "rpm": "1/min", "RPM": "1/min", "U/min": "1/min", "bpm": "1/min",
    "kWh": "kW.h", "Wh": "W.h", "MWh": "MW.h", "VAh": "V.A.h", "kVA": "kV.A", "VA": "V.A",
    "kvar": "kV.A", "var": "V.A", "Ah": "A.h", "mAh": "mA.h",
    "Nm": "N.m", "psi": "[psi]", "PSI": "[psi]", "inch": "[in_i]", "in": "[in_i]", "ft": "[ft_i]",
    "m³": "m3", "m²": "m2", "m³/h": "m3/h", "Nm3/h": "m3/h", "µm": "um", "°": "deg", "Ω": "Ohm", "ohm": "Ohm",
    "sec": "s", "hour": "h", "hours": "h", "hr": "h", "minutes": "min", "day": "d", "days": "d", "year": "a",
    "pcs": "{piece}", "pieces": "{piece}", "percent": "%", "ppm": "[ppm]", "gal": "[gal_us]", "lb": "[lb_av]",
    "lbs": "[lb_av]", "gpm": "[gal_us]/min", "hp": "[HP]", "m/s^2": "m/s2",
}  # fmt: skip
_FREQUENT = frozenset((
    "%", "1", "/min", "1/min", "1/s", "A", "A.h", "Cel", "Hz", "J", "K", "L", "L/h", "L/min", "L/s", "MW", "MW.h",
    "N", "N.m", "Ohm", "Pa", "V", "V.A", "W", "W.h", "bar", "d", "deg", "g", "h", "kA", "kHz", "kJ", "kPa", "kV",
    "kV.A", "kV.A.h", "kW", "kW.h", "kg", "kg/h", "kg/min", "kg/m3", "kg/s", "km/h", "m", "m/min", "m/s", "m/s2",
    "m2", "m3", "m3/h", "m3/min", "m3/s", "mA", "mL", "mL/min", "mV", "mW", "mbar", "mg", "mg/L", "min", "mm", "mm/s",
    "ms", "s", "t", "t/h", "uS/cm", "um", "V/m",
))  # fmt: skip
_CODE = re.compile(r"[!-~]{1,64}")
_ANNOTATION = re.compile(r"\{[!-z|~]+\}")


def unit_fault(unit: str) -> tuple[str, str]:
    """(why a text is no UCUM code, the code that was meant); two empty strings when it is one."""
    if unit in _FREQUENT or _ANNOTATION.fullmatch(unit):
        return "", ""
    meant = _SPELLINGS.get(unit) or _SPELLINGS.get(unit.casefold(), "")
    if meant and meant != unit:
        return f"'{unit}' is not a UCUM code", meant
    if not _CODE.fullmatch(unit):
        return f"'{unit}' is not a UCUM code: a code is 1 to 64 ASCII characters without spaces", ""
    return _grammar_fault(unit)


def same_unit(unit: str, told: str) -> bool:
    """Is what a device tells of its unit the UCUM code `unit`, perhaps as people write it? No grammar is loaded."""
    return _as_code(unit) == _as_code(told)


def _as_code(unit: str) -> str:
    unit = unit.strip()
    code = unit if unit in _FREQUENT else _SPELLINGS.get(unit) or _SPELLINGS.get(unit.casefold(), unit)
    return f"1{code}" if code.startswith("/") else code


@lru_cache(maxsize=4096)
def _grammar_fault(unit: str) -> tuple[str, str]:
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput

    try:
        _parser().parse(unit)
    except UnexpectedCharacters as error:
        position = error.pos_in_stream or 0
        at = f"'{unit[position:]}' cannot stand at character {position + 1}"
        return f"'{unit}' is not a UCUM code: {at}", _folded(unit)
    except UnexpectedInput:
        return f"'{unit}' is not a UCUM code: it ends too early", _folded(unit)
    return "", ""


def _folded(unit: str) -> str:
    """The frequent code that differs in case only: UCUM is case sensitive, people are not."""
    return next((code for code in sorted(_FREQUENT) if code.casefold() == unit.casefold()), "")


@cache
def _parser() -> Any:
    from ucumvert.parser import get_ucum_parser

    return get_ucum_parser()
