from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from scripts.localcloud.certificates import LEAVES, ensure

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_nothing_changes_while_all_is_good(tmp_path: Path) -> None:
    assert ensure(tmp_path, NOW) == ensure(tmp_path, NOW + timedelta(days=300))


def test_every_leaf_is_issued_by_its_authority_for_its_use(tmp_path: Path) -> None:
    ensure(tmp_path, NOW)

    for leaf in LEAVES:
        certificate = _certificate(tmp_path, leaf.file)
        certificate.verify_directly_issued_by(_certificate(tmp_path, leaf.authority))
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert tuple(usages) == leaf.usages
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_leaves_are_renewed_before_they_expire_and_the_authority_stays(tmp_path: Path) -> None:
    ensure(tmp_path, NOW)
    authority, leaf = _certificate(tmp_path, "ca"), _certificate(tmp_path, "admin")
    later = NOW + timedelta(days=340)
    ensure(tmp_path, later)

    assert _certificate(tmp_path, "ca") == authority
    assert _certificate(tmp_path, "admin") != leaf
    assert _certificate(tmp_path, "admin").not_valid_after_utc > later + timedelta(days=300)


def test_an_authority_never_expires_before_its_leaves(tmp_path: Path) -> None:
    ensure(tmp_path, NOW)
    late = NOW + timedelta(days=3650 - 300)
    ensure(tmp_path, late)

    for leaf in LEAVES:
        certificate, authority = (_certificate(tmp_path, name) for name in (leaf.file, leaf.authority))
        certificate.verify_directly_issued_by(authority)
        assert certificate.not_valid_after_utc <= authority.not_valid_after_utc


@pytest.mark.parametrize("broken", ["admin.key", "admin.crt", "ca.key", "ca.crt", "service-account.key"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nhalf"])
def test_what_is_missing_or_half_written_is_made_anew(tmp_path: Path, broken: str, content: bytes | None) -> None:
    before = ensure(tmp_path, NOW)
    (tmp_path / broken).unlink() if content is None else (tmp_path / broken).write_bytes(content)
    after = ensure(tmp_path, NOW)

    assert after != before
    _certificate(tmp_path, "admin").verify_directly_issued_by(_certificate(tmp_path, "ca"))


def _certificate(directory: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())
