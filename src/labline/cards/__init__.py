"""How an object shows in a notebook: as HTML and as text, both safe whatever it is called."""

from labline.cards.card import Card, Carded, Rich, Tone
from labline.cards.text import escape, listing, number, plain, told

__all__ = ["Card", "Carded", "Rich", "Tone", "escape", "listing", "number", "plain", "told"]
