"""Who signs: the installation's own certificate, or a development one that is made on first use."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.errors import ConfigurationError
from infra.settings import Settings
from infra.storage.locks import locked

#: The organisation that a development certificate names, so that everybody can tell.
DEVELOPMENT = "Swipestream development certificate (not for trust)"
YEARS = 10

SigningKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
_HASHES: dict[int, hashes.HashAlgorithm] = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
_NAMES = {256: "ES256", 384: "ES384", 521: "ES512"}


@dataclass(frozen=True)
class Identity:
    """A certificate chain (PEM, the signer's own first) and its key."""

    chain: str
    key: SigningKey

    @property
    def algorithm(self) -> str:
        """As C2PA names it: `ED25519`, `ES256` …"""
        return "ED25519" if isinstance(self.key, Ed25519PrivateKey) else _NAMES[self.key.key_size]

    def sign(self, data: bytes) -> bytes:
        """A signature that is the same for the same bytes (RFC 8032; RFC 6979 for ECDSA, as r and s)."""
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(data)
        size = self.key.key_size
        made = self.key.sign(data, ec.ECDSA(_HASHES[size], deterministic_signing=True))
        r, s = utils.decode_dss_signature(made)
        return b"".join(number.to_bytes((size + 7) // 8, "big") for number in (r, s))


def identity(settings: Settings) -> Identity:
    """Who signs here. Raises `ConfigurationError` for a certificate or key that cannot be used."""
    certificate, key = settings.credentials_certificate, settings.credentials_key
    if (certificate is None) != (key is None):
        raise ConfigurationError("credentials_certificate and credentials_key must be set both, or neither.")
    if certificate is None or key is None:
        return development(settings.data_dir / "credentials")
    return _read(certificate, key)


def development(folder: Path) -> Identity:
    """The development certificate in that folder, made where there is none. Its key is readable by its owner alone."""
    chain, key = folder / "development.pem", folder / "development.key"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(folder / ".lock"):  # workers start together; they must sign as one
        if not (chain.exists() and key.exists()):
            _make(chain, key)
    return _read(chain, key)


def _read(certificate: Path, key: Path) -> Identity:
    try:
        chain = certificate.read_text("ascii")
        x509.load_pem_x509_certificates(chain.encode())
        found = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"The credentials in {certificate} and {key} cannot be read: {error}") from error
    if not isinstance(found, SigningKey) or (
        isinstance(found, ec.EllipticCurvePrivateKey) and found.key_size not in _NAMES
    ):
        raise ConfigurationError(
            f"The key in {key} is of a kind that cannot be used here.",
            hint="Take Ed25519, or ECDSA on P-256, P-384 or P-521: their signatures are the same for the same bytes.",
        )
    return Identity(chain, found)


def _make(chain: Path, key: Path) -> None:
    root_key, own_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    root = _certificate("root", "root", own=root_key, by=root_key, authority=True)
    own = _certificate("signer", "root", own=own_key, by=root_key, authority=False)
    pem, raw, bare = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    _written(key, own_key.private_bytes(pem, raw, bare), 0o600)
    _written(chain, own.public_bytes(pem) + root.public_bytes(pem), 0o644)  # the root's key is kept nowhere


def _written(path: Path, data: bytes, mode: int) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    part.replace(path)


def _certificate(
    name: str, issuer: str, *, own: Ed25519PrivateKey, by: Ed25519PrivateKey, authority: bool
) -> x509.Certificate:
    """As C2PA's certificate profile asks for (specification 2.2, section 14.5.1)."""
    now = datetime.datetime.now(datetime.UTC)
    build = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_usage(authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not authority:
        build = build.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return build.sign(by, None)


def _name(common: str) -> x509.Name:
    parts = ((NameOID.COMMON_NAME, f"swipestream {common}"), (NameOID.ORGANIZATION_NAME, DEVELOPMENT))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
