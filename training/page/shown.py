"""Pictures with their captions, as a notebook shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Shown:
    """Some pictures as SVG by name, and what to see in each; a notebook draws it where it is a cell's last value."""

    pictures: Mapping[str, str]
    captions: Mapping[str, str]

    def _repr_html_(self) -> str:
        return "\n".join(
            f'<figure style="max-width: 44rem; margin: 1rem 0">{drawn}'
            f'<figcaption style="font-size: 0.9em">{escape(self.captions[name])}</figcaption></figure>'
            for name, drawn in self.pictures.items()
        )
