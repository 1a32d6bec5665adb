"""What is offered to the door in a request: a value, a JSON document or a text?"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uns.api.models import TOPIC
from uns.api.responses import encode
from uns.clock import Clock
from uns.samples import Quality, Sample, encode_sample

_FORMS = ("value", "payload", "payload_text")


class Offer(BaseModel):
    """A topic and at most one of `value`, `payload` and `payload_text`. `null` is a value."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(examples=[TOPIC])
    value: Any = Field(None, description="Wrapped into value, quality Good and the time of now.", examples=[21.4])
    payload: Any = Field(None, description="A JSON document, sent as it is.", examples=[None])
    payload_text: str | None = Field(None, description="A text, sent as it is.", examples=[None])

    @model_validator(mode="after")
    def _hold_one_form(self) -> Self:
        given = [name for name in _FORMS if name in self.model_fields_set]
        if "payload_text" in given and self.payload_text is None:
            raise ValueError("payload_text must be a string")
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other; give one")
        return self

    def encoded(self, clock: Clock) -> bytes | None:
        """The payload in bytes, or None when none is offered."""
        if "value" in self.model_fields_set:
            return encode_sample(Sample(self.value, Quality.GOOD, clock.wall_ms()))
        if "payload" in self.model_fields_set:
            return encode(self.payload)
        return None if self.payload_text is None else self.payload_text.encode()
