"""How does a metric say how good its value is? (Sparkplug B 3.0, section 6.4.14, the property `Quality`)"""

from uns.samples import Quality
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.payload import Properties, Property

QUALITY_PROPERTY = "Quality"
_GOOD, _STALE, _BAD = 192, 500, 0

# tck-id-payloads-propertyset-quality-value-type, …-value-value. A missing value is told by is_null, not by the quality.
_PROPERTIES = {
    Quality.GOOD: Property(SparkplugType.INT32, _GOOD),
    Quality.GOOD_NO_DATA: Property(SparkplugType.INT32, _GOOD),
    Quality.UNCERTAIN: Property(SparkplugType.INT32, _STALE),
    Quality.BAD: Property(SparkplugType.INT32, _BAD),
}


def to_property(quality: Quality) -> Property:
    """The value of the property `Quality`."""
    return _PROPERTIES[quality]


def quality_of(properties: Properties | None) -> Quality:
    """The quality among a metric's properties; Good when there is none.

    Codes that Sparkplug does not define are read as OPC qualities: 64 to 127 uncertain, 192 to 255 good, others bad.
    """
    if properties is None or (found := properties.get(QUALITY_PROPERTY)) is None:
        return Quality.GOOD
    code = found.value
    if code == _STALE or (type(code) is int and 64 <= code < 128):
        return Quality.UNCERTAIN
    return Quality.GOOD if type(code) is int and 192 <= code < 256 else Quality.BAD
