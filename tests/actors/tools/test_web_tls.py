"""The address stands in the place of the name when a page is fetched: TLS must still check the name."""

from __future__ import annotations

import datetime
import ssl
from functools import partial
from pathlib import Path

import httpx2
import pytest
from pytest_httpserver import HTTPServer

import shoal
from shoal.actors.tools.web import Page, http_get
from tests.actors.tools.calls import inside

pytest.importorskip("cryptography", reason="makes the certificate of the test's server")


def certificate(name: str, directory: Path) -> Path:
    """A file with a key and a certificate for ``name``, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.mark.parametrize(("certified", "fetched"), [("docs.test", True), ("evil.test", False)])
async def test_a_server_must_have_a_certificate_for_the_name_that_was_listed(
    certified: str, fetched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(certified, tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    trusting = ssl.create_default_context(cafile=str(file))
    monkeypatch.setattr(httpx2, "AsyncClient", partial(httpx2.AsyncClient, verify=trusting))

    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with HTTPServer(host="127.0.0.1", port=0, ssl_context=serving) as server:
        server.expect_request("/").respond_with_data("over TLS")
        made = http_get([f"docs.test:{server.port}"], private=True, resolver=here)
        arguments = {"url": f"https://docs.test:{server.port}/"}

        async def fetch(ctx: shoal.Context) -> str:
            try:
                page: Page = await made.call(arguments, ctx)
            except httpx2.ConnectError as error:
                return str(error)
            return page.text

        said = await inside(fetch)
    assert (said == "over TLS") is fetched
    assert fetched or "not valid for 'docs.test'" in said
