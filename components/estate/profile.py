"""What one agency knows and owns: the typed form of `schema/agency-profile.json`, which says what each field means."""

from enum import StrEnum
from typing import Final, NewType

import msgspec

from components.estate.dates import Day

Cidr = NewType("Cidr", str)
"""A network in CIDR notation without host bits, as `ipaddress.ip_network` reads it; of either IP version."""

DEFAULT_UPLOAD_MIB: Final = 10
"""Largest request of a service that says nothing else, in MiB."""


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A frozen record whose keys in YAML are camelCase."""


class LegalScope(StrEnum):
    """Which law binds the agency (R10). Not the parent relation, which binds nobody."""

    NATIONAL_AGENCY = "nationalAgency"
    PUBLIC_INSTITUTION = "publicInstitution"
    GOVERNORATE = "governorate"


class EnvironmentName(StrEnum):
    """Where an agency runs. Not the platform's clusters: those are in `Placement`."""

    PRODUCTION = "production"
    STAGING = "staging"
    TEST = "test"


class Kind(StrEnum):
    """Whether only this agency gives a service. Neither main, nor high-use, nor priority (R48)."""

    DEDICATED = "dedicated"
    GENERAL = "general"


class Mode(StrEnum):
    """How one stage of a service is done (R50)."""

    ELECTRONIC = "electronic"
    PHYSICAL = "physical"


class Protocol(StrEnum):
    """Transport protocol of a port."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class HighestAuthority(Record, frozen=True, kw_only=True):
    """Who heads the agency."""

    name: str
    title: str


class Identity(Record, frozen=True, kw_only=True):
    """Who the agency is."""

    name_fa: str
    name_en: str
    legal_scope: LegalScope
    incident_system_level: int
    highest_authority: HighestAuthority
    aliases_fa: tuple[str, ...] = ()
    parent: str | None = None
    legal_basis: tuple[str, ...] = ()


class Contact(Record, frozen=True, kw_only=True):
    """Whom to ask."""

    role: str
    name: str
    email: str
    phone: str | None = None


class Head(Record, frozen=True, kw_only=True):
    """Head of the security centre, or deputy."""

    name: str
    title: str
    mict_coordination_ref: str | None = None
    criteria_version: str | None = None


class SecurityCentre(Record, frozen=True, kw_only=True):
    """The centre for IT development, security and smartification (R13 to R18)."""

    form: str
    reports_to: str | None = None
    merged_units: tuple[str, ...] = ()
    additional_burden: int | None = None
    aeo_coordination_ref: str | None = None
    aeo_determination_ref: str | None = None
    contact: str | None = None
    head: Head | None = None


class SteeringCommittee(Record, frozen=True, kw_only=True):
    """Steering committee for smartification and cyberspace security (R19, R20)."""

    chair: str | None = None
    secretary: str | None = None
    bylaws_ref: str | None = None


class Dashboard(Record, frozen=True, kw_only=True):
    """Management dashboard of the agency's sector (R60)."""

    host: str
    sector_fa: str
    connected_to_macro_monitoring: bool


class Environment(Record, frozen=True, kw_only=True):
    """One namespace of the agency."""

    name: EnvironmentName
    size: str


class Resources(Record, frozen=True, kw_only=True):
    """An amount of computing."""

    cpu_cores: float
    memory_gib: float = msgspec.field(name="memoryGiB")
    storage_gib: float = msgspec.field(name="storageGiB")


class Forecast(Resources, frozen=True, kw_only=True):
    """An amount of computing until a day."""

    horizon: Day


class Capacity(Record, frozen=True, kw_only=True):
    """What the agency has and will need (R5)."""

    existing: Resources
    forecast: Forecast


class Placement(Record, frozen=True, kw_only=True):
    """Where the tenant lives."""

    cluster: str
    node_pool: str | None = None


class Claim(Record, frozen=True, kw_only=True):
    """A claim that the services receive (R37)."""

    name: str
    purpose: str


class Sso(Record, frozen=True, kw_only=True):
    """Single sign-on of the window. Unset fields take the platform's defaults."""

    issuer: str | None = None
    client_id: str | None = None
    client_secret_ref: str | None = None
    redirect_uris: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    forward_token: bool = False


class Window(Record, frozen=True, kw_only=True):
    """The agency's own single window of smart services (R24). Not the national window."""

    host: str
    requirements_version: str
    certificate_ref: str | None = None
    sso: Sso = Sso()


class NationalWindow(Record, frozen=True, kw_only=True):
    """What the agency says of its connection to the national window. Never what is observed (R66)."""

    declared: str
    technical_meetings: int = 0


class Stages(Record, frozen=True, kw_only=True):
    """How receiving, processing and delivering are done."""

    receive: Mode
    process: Mode
    deliver: Mode


class Backend(Record, frozen=True, kw_only=True):
    """The workload that serves a service."""

    app: str
    port: int
    web_socket: bool = False
    max_upload_mib: int = msgspec.field(default=DEFAULT_UPLOAD_MIB, name="maxUploadMiB")
    timeout_seconds: int = 30


class ServiceWindow(Record, frozen=True, kw_only=True):
    """In whose window a service stands, and at which path."""

    offered_in: str
    path: str


class Access(Record, frozen=True, kw_only=True):
    """Who may open a service."""

    policy: str
    groups: tuple[str, ...] = ()
    reason: str | None = None


class DataItem(Record, frozen=True, kw_only=True):
    """A datum that a service asks for, and of whom (R38)."""

    id: str
    obtained_from: str


class Trigger(Record, frozen=True, kw_only=True):
    """An event that starts a service without a request (R45)."""

    event: str
    source_agency: str
    years: int | None = None


class ManualStep(Record, frozen=True, kw_only=True):
    """A step that a person must approve (R55)."""

    title_fa: str
    legal_basis: str


class Reengineering(Record, frozen=True, kw_only=True):
    """That a process was re-engineered (R53)."""

    standards_version: str
    completed_on: Day


class Satisfaction(Record, frozen=True, kw_only=True):
    """Measured satisfaction; never without its sample (R65)."""

    score: float
    sample: int
    period: str


class Service(Record, frozen=True, kw_only=True):
    """One service, as on its service identity card (R46)."""

    card_id: str
    title_fa: str
    kind: Kind
    stages: Stages
    title_en: str | None = None
    is_main: bool = False
    high_use: bool = False
    smart_level: str = "none"
    backend: Backend | None = None
    window: ServiceWindow | None = None
    access: Access = Access(policy="login")
    national_window: str | None = None
    identity_flow: str = "standard"
    remediation_due_on: Day | None = None
    data_items: tuple[DataItem, ...] = ()
    trigger: Trigger | None = None
    manual_steps: tuple[ManualStep, ...] = ()
    reengineering: Reengineering | None = None
    satisfaction: Satisfaction | None = None


class Flow(Record, frozen=True, kw_only=True):
    """A connection inside the agency, from app to app (R4)."""

    name: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    port: int
    protocol: Protocol = Protocol.TCP


class Consent(Record, frozen=True, kw_only=True):
    """That a consumer may ask, in the days `[from, until)`."""

    consumer: str
    until: Day
    since: Day | None = msgspec.field(default=None, name="from")


class Refusal(Record, frozen=True, kw_only=True):
    """That a consumer was refused, and why (R43)."""

    consumer: str
    reason: str
    refused_on: Day


class Api(Record, frozen=True, kw_only=True):
    """What other agencies may ask of this one (R41, R42)."""

    id: str
    title_fa: str
    app: str
    port: int
    classification: str
    protection: str
    personal_data: bool
    owner: str
    title_en: str | None = None
    path: str = "/"
    data_items: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class Inquiry(Record, frozen=True, kw_only=True):
    """What this agency asks of another (R39)."""

    id: str
    provider: str
    api: str
    app: str
    purpose: str
    legal_basis: str
    personal_data: bool
    mode: str
    via: str = "exchange"
    reason: str | None = None
    until: Day | None = None


class Port(Record, frozen=True, kw_only=True):
    """A port with its protocol."""

    port: int
    protocol: Protocol = Protocol.TCP


class Egress(Record, frozen=True, kw_only=True):
    """A destination outside the cloud: a network, or a host name by the platform's proxy."""

    name: str
    app: str
    ports: tuple[Port, ...]
    purpose: str
    owner: str
    until: Day
    cidr: Cidr | None = None
    host: str | None = None


class Spec(Record, frozen=True, kw_only=True):
    """The profile."""

    identity: Identity
    contacts: tuple[Contact, ...]
    environments: tuple[Environment, ...]
    capacity: Capacity
    placement: Placement
    services: tuple[Service, ...]
    security_centre: SecurityCentre | None = None
    steering_committee: SteeringCommittee | None = None
    dashboard: Dashboard | None = None
    window: Window | None = None
    national_window: NationalWindow | None = None
    flows: tuple[Flow, ...] = ()
    apis: tuple[Api, ...] = ()
    inquiries: tuple[Inquiry, ...] = ()
    egress: tuple[Egress, ...] = ()


class Metadata(Record, frozen=True, kw_only=True):
    """Identity of the document."""

    id: str
    synthetic: bool = False


class AgencyProfile(Record, frozen=True, kw_only=True):
    """One agency's profile, and the digest of its content (not of its spelling in YAML)."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: Spec

    @property
    def id(self) -> str:
        """The agency's immutable id."""
        return self.metadata.id

    @property
    def incident_contact(self) -> str:
        """Where findings and incidents go: the centre, else the first contact for security (R23)."""
        centre = self.spec.security_centre
        if centre is not None and centre.contact is not None:
            return centre.contact
        return next(contact.email for contact in self.spec.contacts if contact.role == "security")

    def namespace(self, environment: Environment) -> str:
        """Return the name of the environment's namespace."""
        return f"{self.id}-{environment.name}"
