"""Base of what is read from plan and campaign files, and a sentence in the two languages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from protocol.errors import Text


class Model(BaseModel):
    """Frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Model):
    """A sentence in the two languages."""

    fr: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text(self) -> Text:
        return Text(self.fr, self.en)
