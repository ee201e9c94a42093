"""`python -m meshtutor` is the command `meshtutor`."""

import sys

from meshtutor.cli.main import main

sys.exit(main())
