"""``python -m acbench`` is the acbench command."""

import sys

from acbench.cli import main

sys.exit(main())
