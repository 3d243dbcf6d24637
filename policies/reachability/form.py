"""The form of a NetworkPolicy's specification as the API has it (networking.k8s.io/v1), null being absent.

Fields that the API does not know are refused: the server drops them, and what is left means something else.
"""

from typing import Annotated, Literal

import msgspec

_LabelKey = Annotated[
    str,
    msgspec.Meta(
        max_length=317,
        pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)\Z",
    ),
]
LabelValue = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")]


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What all parts share."""


class Demand(_Form, frozen=True):
    """One of `matchExpressions`."""

    key: _LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[LabelValue, ...] | None = None


class LabelSelector(_Form, frozen=True):
    """A selector of labels."""

    match_labels: dict[_LabelKey, LabelValue] | None = None
    match_expressions: tuple[Demand, ...] | None = None


class IPBlock(_Form, frozen=True):
    """Addresses, less some of them."""

    cidr: str
    excepted: tuple[str, ...] | None = msgspec.field(name="except", default=None)


class Peer(_Form, frozen=True):
    """The other side of a rule."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class Port(_Form, frozen=True):
    """A port, a range of ports, or all of a protocol."""

    protocol: Literal["TCP", "UDP", "SCTP"] | None = None
    port: int | str | None = None
    end_port: int | None = None


class Ingress(_Form, frozen=True):
    """A rule that lets in."""

    peers: tuple[Peer, ...] | None = msgspec.field(name="from", default=None)
    ports: tuple[Port, ...] | None = None


class Egress(_Form, frozen=True):
    """A rule that lets out."""

    peers: tuple[Peer, ...] | None = msgspec.field(name="to", default=None)
    ports: tuple[Port, ...] | None = None


class Spec(_Form, frozen=True):
    """The specification."""

    pod_selector: LabelSelector | None = None
    ingress: tuple[Ingress, ...] | None = None
    egress: tuple[Egress, ...] | None = None
    policy_types: Annotated[tuple[Literal["Ingress", "Egress"], ...], msgspec.Meta(max_length=2)] | None = None
