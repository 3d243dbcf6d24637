"""What `pulumi up` runs."""

import pulumi

from stacks.program import declare

pulumi.run(declare)
