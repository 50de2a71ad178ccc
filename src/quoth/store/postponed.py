"""Packages whose `__init__` is run only when somebody asks it for something.

LanceDB imports the models of a REST client, and with them, by that client's `__init__`, its API: validators for all
of its calls, which take almost as long to build as all the rest of LanceDB, and are never called here.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec


def postpone(package: str) -> None:
    """Let a package's modules be imported without its `__init__`, which runs at the first look for one of its names.

    Nothing happens if it is imported already, or not there.
    """
    if package in sys.modules or (spec := find_spec(package)) is None:
        return
    module = module_from_spec(spec)
    module.__dict__["__getattr__"] = lambda name: _run(spec, name)
    sys.modules[package] = module


def _run(spec: ModuleSpec, name: str) -> object:
    module = sys.modules[spec.name]
    del module.__dict__["__getattr__"]
    assert spec.loader  # it was found, so there is one
    spec.loader.exec_module(module)
    return getattr(module, name)
