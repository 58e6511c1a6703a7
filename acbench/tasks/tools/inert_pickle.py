"""Reads a pickle of graphs without running any program: what networkx would be becomes an inert shell.

A pickle may call any function when it is loaded. Here it can name the graph classes of networkx and plain
containers, each of which is replaced by a shell of ours, and anything else is refused by its name.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

GRAPH, DIGRAPH = ("networkx.classes.graph", "Graph"), ("networkx.classes.digraph", "DiGraph")
VIEWS = ("coreviews", "reportviews")
"""Modules of networkx whose objects a graph keeps for speed; nothing in them is needed."""
CONTAINERS = {("collections", "defaultdict"), ("collections", "OrderedDict")}
MAKERS = {(module, name) for module in ("builtins", "__builtin__") for name in ("dict", "list", "int", "str")}
"""What containers make missing values with. A pickle may mention them, not call them."""
REBUILDERS = {("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor")}
BASES = {("builtins", "object"), ("__builtin__", "object")}


class Shell:
    """Stands for an object of networkx: it takes the state it is given and does nothing."""

    directed: bool | None = None
    """Of a graph; None for anything else."""
    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Table(dict):  # type: ignore[type-arg]
    """Stands for any dictionary, whatever makes up its missing values."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        """A plain container has no further state."""


class _Maker:
    def __new__(cls, *_: Any) -> _Maker:
        raise DataError(f"the pickle calls {cls.__name__}: refused")


class _Reader(pickle._Unpickler):
    """The unpickler written in Python: the one in C makes room for as many objects as a pickle claims to have."""

    def find_class(self, module: str, name: str) -> Any:
        """A shell for what a graph is made of. Raises DataError with the name of anything else."""
        place = (module, name)
        if place in (GRAPH, DIGRAPH):
            return type(name, (Shell,), {"directed": place == DIGRAPH})
        package, _, inner = module.rpartition(".")
        if package == "networkx.classes" and inner in VIEWS:
            return type(name, (Shell,), {})
        if place in CONTAINERS:
            return type(name, (_Table,), {})
        if place in MAKERS:
            return type(name, (_Maker,), {})
        if place in BASES:
            return Shell
        if place in REBUILDERS:
            return _rebuilt
        raise DataError(
            f"the pickle names {module}.{name}, which no graph of names and numbers needs: refused"
        )

    def persistent_load(self, _pid: Any) -> Any:
        raise DataError("the pickle refers to an object outside it: refused")


def _rebuilt(kind: Any, *_: Any) -> Any:
    """What old pickles rebuild an object with: here an empty shell of ours."""
    if not (isinstance(kind, type) and issubclass(kind, Shell | _Table)):
        raise DataError("the pickle rebuilds something that is no graph: refused")
    return kind()


def read_pickle(path: Path) -> Any:
    """What a file holds: plain data and shells of graphs. Raises DataError naming the file."""
    try:
        return _Reader(io.BytesIO(path.read_bytes())).load()
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (OSError, pickle.UnpicklingError, EOFError, MemoryError, RecursionError, OverflowError) as error:
        raise DataError(f"{path}: cannot be read as a pickle ({error!r})") from None
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a pickle of graphs ({error!r})") from None
