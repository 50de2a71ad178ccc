"""The map of a knowledge base: pictures as thumbnails, texts as points, near each other for what is alike."""

from quoth.map.items import Item, settle
from quoth.map.page import render_page
from quoth.map.picture import draw_map

__all__ = ["Item", "draw_map", "render_page", "settle"]
