"""What can go wrong with the embedded cluster; each text is a sentence for a person.

LocalCloudError
├── ToolchainError       no Go that can build it
├── BuildError           a program or a bundle of CRDs could not be made
│   └── UnreachableError     because no Go module proxy could be reached
├── UnavailableError     a part of the window that this machine cannot have; the rest goes on without it
├── StartError           a component did not come up
└── NotRunningError      asked for something that only a running cluster has
"""

from scripts.errors import GovcloudError


class LocalCloudError(GovcloudError):
    """Base of everything that this package raises on purpose."""


class ToolchainError(LocalCloudError):
    """No Go toolchain that can build the control plane."""


class BuildError(LocalCloudError):
    """A program or a bundle of CRDs could not be made."""


class UnreachableError(BuildError):
    """No Go module proxy could be reached."""


class UnavailableError(LocalCloudError):
    """A part of the window cannot be had on this machine."""


class StartError(LocalCloudError):
    """A component did not come up."""


class NotRunningError(LocalCloudError):
    """The cluster is not running."""
