"""CloudFront signed URLs with a canned policy: one file, one expiry."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


def signed_url(*, domain: str, key: str, key_id: str, private_key: str, expires_at: datetime) -> str:
    """`https://domain/key?Expires=…&Signature=…&Key-Pair-Id=…&Hash-Algorithm=SHA256`.

    Args:
        domain: of the distribution; or a whole origin such as `http://localhost:8020`, for the demo's edge.
        key: the object's key, not yet percent-encoded.
        key_id: id of the public key in the distribution's trusted key group.
        private_key: PEM, RSA 2048 or ECDSA P-256.
    """
    origin = domain.rstrip("/") if "://" in domain else f"https://{domain}"
    signer = CloudFrontSigner(key_id, _sha256_signer(private_key))
    url = signer.generate_presigned_url(f"{origin}/{quote(key)}", date_less_than=expires_at)
    # Not known to botocore. CloudFront takes it out before it compares the address with the policy.
    return f"{url}&Hash-Algorithm=SHA256"


@lru_cache(maxsize=4)
def _sha256_signer(pem: str) -> Callable[[bytes], bytes]:
    """Signs with the key loaded once: loading costs more than signing."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if isinstance(key, rsa.RSAPrivateKey):
        rsa_key = key
        return lambda message: rsa_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        ec_key = key
        return lambda message: ec_key.sign(message, ec.ECDSA(hashes.SHA256()))
    raise ValueError("CLOUDFRONT_PRIVATE_KEY is neither an RSA nor an ECDSA key.")
