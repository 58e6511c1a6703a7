"""The child side of ``jobs.run_job``: imports one module and calls its ``run(request)``."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module

from acbench.children import parent_channel
from acbench.errors import AcbenchError


def main() -> None:
    channel, inbox = parent_channel(sys.argv)
    message = inbox.get(None)
    if message is None:
        return
    try:
        result = import_module(message["module"]).run(message["request"])
    except AcbenchError as error:
        traceback.print_exc()
        channel.send({"error": str(error)})
    except OSError as error:
        traceback.print_exc()
        channel.send({"error": str(error), "errno": error.errno})
    except Exception as error:  # noqa: BLE001 - reported to the parent with its class
        traceback.print_exc()
        channel.send({"error": f"{type(error).__name__}: {error}"})
    else:
        channel.send({"result": result or {}})


if __name__ == "__main__":
    main()
