"""The `fastly-mcp` script and `python -m fastly_mcp`."""

import sys

from fastly_mcp.cli import main

if __name__ == "__main__":
    sys.exit(main())
