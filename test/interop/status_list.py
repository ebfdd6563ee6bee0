"""An independent reader of Token Status Lists (draft-ietf-oauth-status-list-21), with Python's standard library alone.

    status_list.py decode            reads [{"bits", "lst"}] on stdin, prints [[[index, value], ...]] of what is not 0
    status_list.py read JWKS URI     fetches and verifies the list at URI, prints what it says, with every value not 0
"""
import base64
import gzip
import hashlib
import json
import sys
import time
import urllib.request
import zlib

# The curve P-256 (NIST SP 800-186).
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    if p == q:
        slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(k, point):
    total = None
    while k:
        if k & 1:
            total = add(total, point)
        point, k = add(point, point), k >> 1
    return total


def is_signed(signing_input, signature, jwk):
    """ES256 (RFC 7518 section 3.4)."""
    key = tuple(int.from_bytes(unbase64(jwk[name]), "big") for name in "xy")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not (0 < r < N and 0 < s < N):
        return False
    digest = int.from_bytes(hashlib.sha256(signing_input).digest(), "big")
    inverse = pow(s, -1, N)
    point = add(times(digest * inverse % N, G), times(r * inverse % N, key))
    return point is not None and point[0] % N == r


def decode(status_list):
    """Every index whose value is not 0, and how many there are (sections 4.1 and 4.2)."""
    bits, per_byte = status_list["bits"], 8 // status_list["bits"]
    data = zlib.decompress(unbase64(status_list["lst"]))
    found = []
    for position, byte in enumerate(data):
        for n in range(per_byte if byte else 0):
            value = byte >> n * bits & (1 << bits) - 1
            if value:
                found.append([position * per_byte + n, value])
    return found, len(data) * per_byte


def get(uri, accept):
    request = urllib.request.Request(uri, headers={"Accept": accept, "Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
        if answer.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        return answer.headers["Content-Type"], body


def read(jwks_uri, uri, now):
    """Fetches and validates a Status List Token (sections 5.1 and 8.3)."""
    content_type, body = get(uri, "application/statuslist+jwt")
    assert content_type == "application/statuslist+jwt", content_type
    header64, payload64, signature64 = body.decode("ascii").split(".")
    header, payload = json.loads(unbase64(header64)), json.loads(unbase64(payload64))
    assert header["typ"] == "statuslist+jwt" and header["alg"] == "ES256", header
    keys = json.loads(get(jwks_uri, "application/jwk-set+json")[1])["keys"]
    key = next(key for key in keys if key["kid"] == header["kid"])
    assert is_signed(f"{header64}.{payload64}".encode("ascii"), unbase64(signature64), key), "the signature is wrong"
    assert not is_signed(f"{header64}.{payload64}x".encode("ascii"), unbase64(signature64), key)
    assert payload["sub"] == uri and payload["iat"] <= now < payload["exp"] and payload["ttl"] > 0, payload["sub"]
    values, size = decode(payload["status_list"])
    denied = [one["jti"] for one in payload["denied_jti"]]
    return {"bits": payload["status_list"]["bits"], "size": size, "values": values, "denied": denied}


if sys.argv[1] == "decode":
    print(json.dumps([decode(one)[0] for one in json.load(sys.stdin)]))
else:
    print(json.dumps(read(sys.argv[2], sys.argv[3], float(sys.argv[4]) if len(sys.argv) > 4 else time.time())))
