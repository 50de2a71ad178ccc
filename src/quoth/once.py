"""A property that is computed once, whichever thread asks first."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    once = cached_property
else:
    # One for all: what is loaded loads other such properties, and is not loaded often.
    _LOCK = threading.RLock()

    class once(cached_property):  # noqa: N801 - a decorator, like that which it extends
        """`functools.cached_property`, which has no lock since Python 3.12, with one."""

        def __get__(self, instance: object, owner: type | None = None) -> object:
            """The value; it stands in the instance from then on, and this is not called again."""
            with _LOCK:
                return super().__get__(instance, owner)
