"""`python -m fastly_mcp`, the same as the `fastly-mcp` script."""

import sys

from fastly_mcp.cli import main

sys.exit(main())
