"""The cluster's own authorities and certificates: made where missing, renewed before they expire."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from scripts.localcloud.files import make_private, write_private

AUTHORITY_DAYS = 3650
LEAF_DAYS = 365
RENEW_DAYS = 30
LOOPBACK = ("localhost", "127.0.0.1")
SERVICE_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc",
                 "kubernetes.default.svc.cluster.local", "10.96.0.1")  # fmt: skip
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One certificate: Kubernetes reads its common name as the user, its organization as the group."""

    file: str
    authority: str
    common_name: str
    organization: str = ""
    usages: tuple[x509.ObjectIdentifier, ...] = (CLIENT,)
    hosts: tuple[str, ...] = ()


# etcd has an authority of its own: a certificate for the API server's clients must not open the store.
LEAVES = (
    Leaf(file="etcd", authority="etcd-ca", common_name="etcd", usages=(SERVER, CLIENT), hosts=LOOPBACK),
    Leaf(file="etcd-client", authority="etcd-ca", common_name="kube-apiserver"),
    Leaf(file="kube-apiserver", authority="ca", common_name="kube-apiserver", usages=(SERVER,),
         hosts=(*LOOPBACK, *SERVICE_NAMES)),
    Leaf(file="kube-controller-manager", authority="ca", common_name="system:kube-controller-manager",
         usages=(CLIENT, SERVER), hosts=LOOPBACK),
    Leaf(file="envoy-gateway", authority="ca", common_name="envoy-gateway"),
    Leaf(file="admin", authority="ca", common_name="admin", organization="system:masters"),
)  # fmt: skip

Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def ensure(directory: Path, now: datetime) -> str:
    """Make or renew what is missing, broken or about to expire; return a digest of all that lies there."""
    issue(directory, now, LEAVES)
    if _read_key(directory / "service-account.key") is None:
        write_private(directory / "service-account.key", _key_pem(ec.generate_private_key(ec.SECP256R1())))
    digest = hashlib.sha256()
    for path in sorted(directory.glob("*.*")):
        if path.suffix in {".crt", ".key"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def issue(directory: Path, now: datetime, leaves: Iterable[Leaf]) -> None:
    """Make or renew these certificates and the authorities that they name."""
    make_private(directory)
    authorities: dict[str, Pair] = {}
    for leaf in leaves:
        if leaf.authority not in authorities:
            authorities[leaf.authority] = _ensure_authority(directory, leaf.authority, now)
        issuer = authorities[leaf.authority]
        if not _is_good_leaf(_read(directory, leaf.file), leaf, issuer[0], now):
            _write(directory, leaf.file, _issue_leaf(leaf, issuer, now))


def _ensure_authority(directory: Path, name: str, now: datetime) -> Pair:
    pair = _read(directory, name)
    # An authority that its leaves would outlive is as good as expired.
    if pair is None or not _is_current(pair[0], now, LEAF_DAYS + RENEW_DAYS):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"govcloud {name}", "")
        builder = _builder(subject, subject, key, now, AUTHORITY_DAYS).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(_key_usage(is_authority=True), critical=True)
        pair = (builder.sign(key, hashes.SHA256()), key)
        _write(directory, name, pair)
    return pair


def _issue_leaf(leaf: Leaf, issuer: Pair, now: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(leaf.common_name, leaf.organization)
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[0].public_key())  # type: ignore[arg-type]
    builder = (
        _builder(subject, issuer[0].subject, key, now, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(leaf.usages), critical=False)
        .add_extension(authority_id, critical=False)
    )
    if leaf.hosts:
        builder = builder.add_extension(_alternative_names(leaf.hosts), critical=False)
    return builder.sign(issuer[1], hashes.SHA256()), key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # a clock that is set back a little
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str, organization: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative_names(hosts: tuple[str, ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [x509.IPAddress(ip_address(h)) if h[0].isdigit() else x509.DNSName(h) for h in hosts]
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _is_current(certificate: x509.Certificate, now: datetime, days: int) -> bool:
    return certificate.not_valid_before_utc <= now and now + timedelta(days=days) < certificate.not_valid_after_utc


def _is_good_leaf(pair: Pair | None, leaf: Leaf, authority: x509.Certificate, now: datetime) -> bool:
    if pair is None or not _is_current(pair[0], now, RENEW_DAYS):
        return False
    try:
        pair[0].verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    if leaf.hosts and _hosts(pair[0]) != _alternative_names(leaf.hosts):
        return False
    return pair[0].subject == _name(leaf.common_name, leaf.organization)


def _hosts(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _read(directory: Path, name: str) -> Pair | None:
    key = _read_key(directory / f"{name}.key")
    try:
        certificate = x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return (certificate, key) if key and key.public_key() == certificate.public_key() else None


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _write(directory: Path, name: str, pair: Pair) -> None:
    write_private(directory / f"{name}.key", _key_pem(pair[1]))
    write_private(directory / f"{name}.crt", pair[0].public_bytes(serialization.Encoding.PEM))


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
