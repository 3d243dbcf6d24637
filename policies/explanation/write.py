"""What is missing, ready to be written into a profile; what only its owner knows stands there in capitals."""

from components.estate.estate import Agency
from components.estate.profile import Api
from policies.explanation.scene import End
from policies.reachability.endpoint import Network

_NAME_MAX = 40
"""By the schema of profiles."""


def flow(agency: Agency, source: str, target: str, port: int | None, protocol: str) -> str:
    """Return an entry of `spec.flows`."""
    taken = {one.name for one in agency.profile.spec.flows}
    name = _name(f"{source}-to-{target}", taken, str(port or 2))
    rest = "" if protocol == "TCP" else f", protocol: {protocol}"
    return f"- {{name: {name}, from: {source}, to: {target}, port: {port or 'PORT'}{rest}}}\n"


def egress(source: End, cidr: Network, port: int | None, protocol: str) -> str:
    """Return an entry of `spec.egress`."""
    rest = "" if protocol == "TCP" else f", protocol: {protocol}"
    return (
        f"- name: NAME\n  app: {source.app}\n  cidr: {cidr}\n  ports: [{{port: {port or 'PORT'}{rest}}}]\n"
        "  purpose: PURPOSE\n  owner: OWNER\n  until: YYYY-MM-DD\n"
    )


def inquiry(consumer: Agency, app: str, provider: Agency, api: Api | None) -> str:
    """Return an entry of `spec.inquiries`."""
    taken = {one.id for one in consumer.profile.spec.inquiries}
    name = _name(api.id, taken, provider.id) if api is not None else "ID"
    personal = str(api.personal_data).lower() if api is not None else "PERSONAL-DATA"
    return (
        f"- id: {name}\n  provider: {provider.id}\n  api: {api.id if api is not None else 'API'}\n"
        f"  app: {app or 'APP'}\n"
        f"  purpose: PURPOSE\n  legalBasis: LEGAL-BASIS\n  personalData: {personal}\n  mode: electronic\n"
    )


def consent(consumer: Agency) -> str:
    """Return an entry of `spec.apis[…].consents`."""
    return f"- {{consumer: {consumer.id}, until: YYYY-MM-DD}}\n"


def _name(wanted: str, taken: set[str], more: str) -> str:
    """Return a name that the schema allows and nothing else bears."""
    if wanted not in taken and len(wanted) <= _NAME_MAX:
        return wanted
    kept = wanted[: _NAME_MAX - len(more) - 1].rstrip("-")
    return f"{kept}-{more}" if f"{kept}-{more}" not in taken else "NAME"
