"""`pulumi up --policy-pack policies`: serves the pack until the engine ends it."""

from policies.pack import serve

serve()
