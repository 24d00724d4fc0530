"""A property that is worked out once and kept: `functools.cached_property` as it is from Python 3.12 on.

Before, it holds one lock for all objects of a class while it works, so that one layer's slow answer would keep another
layer's waiting.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

__all__ = ["cached_property"]

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property
else:

    class cached_property(functools.cached_property):
        """Two threads that ask at once may both work it out; all of them get the one that was there first."""

        def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
            if instance is None:
                return self
            kept, name = instance.__dict__, self.attrname
            return kept[name] if name in kept else kept.setdefault(name, self.func(instance))
