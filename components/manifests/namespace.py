"""The namespace itself, its default service account, and Pod Security pinned to a version (NS-01 to NS-05)."""

from components.estate.estate import Agency, Estate
from components.estate.platform import Platform
from components.estate.profile import Environment
from components.manifests import emergency
from components.manifests.manifest import DOMAIN, Manifest, manifest, owner_labels

_LEGAL_SCOPE_LABEL = f"{DOMAIN}/legal-scope"
_PARENT_LABEL = f"{DOMAIN}/parent"


def pod_security(platform: Platform) -> dict[str, str]:
    """Return the labels of Pod Security admission: restricted in all three modes, pinned."""
    prefix = "pod-security.kubernetes.io"
    version = platform.spec.pod_security_version
    return {
        key: value
        for mode in ("enforce", "audit", "warn")
        for key, value in ((f"{prefix}/{mode}", "restricted"), (f"{prefix}/{mode}-version", version))
    }


def namespace(estate: Estate, agency: Agency, environment: Environment) -> Manifest:
    """Return one environment's namespace; it carries whom to call (R23), what it was made from, and why it is shut."""
    profile = agency.profile
    identity = profile.spec.identity
    labels = owner_labels(profile.id, environment.name) | {_LEGAL_SCOPE_LABEL: str(identity.legal_scope)}
    if identity.parent is not None:
        labels[_PARENT_LABEL] = identity.parent
    annotations = {
        f"{DOMAIN}/profile-digest": agency.digest,
        f"{DOMAIN}/security-centre-contact": profile.incident_contact,
        f"{DOMAIN}/incident-system-level": str(identity.incident_system_level),
        f"{DOMAIN}/name-fa": identity.name_fa,
        f"{DOMAIN}/name-en": identity.name_en,
    }
    quarantine = estate.quarantine(agency.id)
    if quarantine is not None:
        annotations |= emergency.annotations(estate, quarantine)
    return manifest(
        "v1",
        "Namespace",
        profile.namespace(environment),
        labels=labels | pod_security(estate.platform),
        annotations=annotations,
    )


def default_service_account(namespace_name: str, labels: dict[str, str]) -> Manifest:
    """Return the default service account without a token (RB-10)."""
    return manifest(
        "v1",
        "ServiceAccount",
        "default",
        namespace=namespace_name,
        labels=labels,
        automountServiceAccountToken=False,
    )
