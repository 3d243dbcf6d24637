"""What can go wrong between us and a cluster; each str() is a sentence for a person.

ClusterError
├── KubeconfigError      no usable kubeconfig or context
├── UnreachableError     no answer, or none that makes sense, after all retries
├── CredentialsError     the cluster does not know us (any more)
├── ForbiddenError       it knows us and does not let us
├── MissingKindError     it does not serve a kind that we declare
└── LeaseError           another run holds the lease, or took it from us
"""

from scripts.errors import GovcloudError


class ClusterError(GovcloudError):
    """Base of everything that this package raises on purpose."""


class KubeconfigError(ClusterError):
    """No usable kubeconfig or context."""


class UnreachableError(ClusterError):
    """No answer, or none that makes sense, after all retries."""


class CredentialsError(ClusterError):
    """The cluster does not know us. Not `ForbiddenError`: there it does."""


class ForbiddenError(ClusterError):
    """The cluster knows us and does not let us."""


class MissingKindError(ClusterError):
    """The cluster does not serve a kind that we declare."""


class LeaseError(ClusterError):
    """Another run holds the lease, or took it from us."""
