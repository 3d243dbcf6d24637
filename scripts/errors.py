"""Errors that end a command with a sentence and exit code 2.

GovcloudError
├── UsageError           what was asked for cannot be done: an unknown agency, a folder that is not ours
├── ClusterError         scripts.cluster: no cluster, no right, no answer
└── LocalCloudError      scripts.localcloud: the embedded control plane cannot be built or started
"""


class GovcloudError(Exception):
    """Something that stops a command; the text says what was found and what to do."""


class UsageError(GovcloudError):
    """What was asked for cannot be done as it was asked."""
