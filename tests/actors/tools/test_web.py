from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import shoal
from shoal.actors.tools.addresses import is_public
from shoal.actors.tools.web import Page, http_get
from shoal.errors import ConfigError
from shoal.runtime.provenance import Origin
from tests.actors.tools.calls import inside, travelled


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0) as made:
        yield made


def host(server: HTTPServer, name: str = "docs.test") -> str:
    return f"{name}:{server.port}"


async def at_home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def get(server: HTTPServer, path: str, *hosts: str, **options: Any) -> Page:
    listed = hosts or (host(server),)
    made = http_get(listed, **{"private": True, "http": True, "resolver": at_home, **options})
    url = path if "://" in path else f"http://{host(server)}{path}"
    page: Page = await inside(lambda ctx: made.call(made.check({"url": url}), ctx))
    return page


async def refused(server: HTTPServer, path: str, *hosts: str, **options: Any) -> str:
    async def attempt(ctx: shoal.Context) -> str:
        url = path if "//" in path else f"http://{host(server)}{path}"
        allowed = hosts or (host(server),)
        made = http_get(allowed, **{"private": True, "http": True, "resolver": at_home, **options})
        with pytest.raises((ValueError, OSError)) as error:
            await made.call(made.check({"url": url}), ctx)
        return str(error.value)

    text: str = await inside(attempt)
    return text


async def test_a_page_of_a_listed_host_is_fetched_by_its_name(server: HTTPServer) -> None:
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        seen.append(request)
        return Response("Grüße".encode("latin-1"), status=200, content_type="text/html; charset=latin-1")

    server.expect_request("/a").respond_with_handler(handle)
    page = await get(server, "/a?q=1#part")
    assert page == Page(url=f"http://{host(server)}/a?q=1#part", status=200, text="Grüße")
    assert seen[0].headers["Host"] == host(server)
    assert seen[0].query_string == b"q=1"
    assert "Cookie" not in seen[0].headers


def test_what_it_gives_comes_from_the_web_and_the_model_is_told_the_hosts() -> None:
    made = http_get(["Docs.test", "a.test:8000"])
    assert made.policy.gives is Origin.WEB
    assert "a.test:8000, docs.test" in made.spec.description


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test/",
        "http://docs.test.evil.test/",
        "http://docs.test:1/",
        "http://docs.test@evil.test/",
        "http://user:word@docs.test/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[broken/",
        "ftp://docs.test/",
        "file:///etc/passwd",
        "//docs.test/",
        "http://docs.test:99999999/",
        "http://docs.test\\@evil.test/",
    ],
)
async def test_what_is_not_listed_is_not_fetched(server: HTTPServer, url: str) -> None:
    assert await refused(server, url, "docs.test")
    assert not server.log


async def test_unencrypted_pages_are_only_fetched_where_that_is_allowed(server: HTTPServer) -> None:
    assert "only https can be fetched" in await refused(server, "/", http=False)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "0.0.0.0", "odd"]
)
async def test_a_listed_host_that_is_at_a_private_address_is_not_fetched(
    server: HTTPServer, address: str
) -> None:
    async def there(host: str, port: int) -> list[str]:
        return ["93.184.215.14", address]

    assert f"is at {address}" in await refused(server, "/", private=False, resolver=there)


async def test_the_connection_goes_to_the_address_that_was_looked_at(server: HTTPServer) -> None:
    """The name is resolved once: a second look-up, which may answer something else, does not happen."""
    asked: list[str] = []

    async def changing(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

    server.expect_request("/").respond_with_data("here")
    assert (await get(server, "/", resolver=changing)).text == "here"
    assert asked == ["docs.test"]


async def test_a_redirect_within_the_list_is_followed_and_one_off_it_is_not(server: HTTPServer) -> None:
    server.expect_request("/old").respond_with_data("", status=302, headers={"Location": "/new"})
    server.expect_request("/new").respond_with_data("new")
    server.expect_request("/away").respond_with_data(
        "", status=302, headers={"Location": "http://evil.test/"}
    )
    server.expect_request("/inner").respond_with_data(
        "", status=307, headers={"Location": "http://169.254.169.254/latest/meta-data"}
    )
    server.expect_request("/file").respond_with_data(
        "", status=302, headers={"Location": "file:///etc/passwd"}
    )
    page = await get(server, "/old")
    assert (page.text, page.url) == ("new", f"http://{host(server)}/new")
    assert "evil.test is not among" in await refused(server, "/away")
    assert "169.254.169.254 is not among" in await refused(server, "/inner")
    assert "only https and http" in await refused(server, "/file")


async def test_a_circle_of_redirects_ends(server: HTTPServer) -> None:
    server.expect_request("/round").respond_with_data("", status=302, headers={"Location": "/round"})
    assert "more than 5 redirects" in await refused(server, "/round")
    assert len(server.log) == 6


async def test_a_long_page_is_cut_at_the_limit_and_says_so(server: HTTPServer) -> None:
    server.expect_request("/long").respond_with_data("a" * 100_000, content_type="text/plain")
    page = await get(server, "/long", max_bytes=1_000)
    assert (len(page.text), page.cut) == (1_000, True)


async def test_a_page_without_end_is_read_to_the_limit_only(server: HTTPServer) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"a" * 1_000

    server.expect_request("/endless").respond_with_handler(
        lambda request: Response(endless(), content_type="text/plain")
    )
    assert (await get(server, "/endless", max_bytes=5_000)).cut


async def test_what_comes_compressed_or_is_no_text_is_refused(server: HTTPServer) -> None:
    server.expect_request("/zip").respond_with_data(
        b"x", content_type="text/plain", headers={"Content-Encoding": "gzip"}
    )
    server.expect_request("/image").respond_with_data(b"x", content_type="image/png")
    assert "compressed" in await refused(server, "/zip")
    assert "image/png, no text" in await refused(server, "/image")


async def test_an_error_page_is_a_page_with_its_status(server: HTTPServer) -> None:
    server.expect_request("/gone").respond_with_data("gone", status=404)
    page = await get(server, "/gone")
    assert (page.status, page.text) == (404, "gone")


async def test_an_unknown_charset_is_read_as_utf_8(server: HTTPServer) -> None:
    server.expect_request("/odd").respond_with_data("ü".encode(), content_type="text/plain; charset=klingon")
    assert (await get(server, "/odd")).text == "ü"


@pytest.mark.parametrize(
    "hosts", [[], ["*"], ["*.test"], ["http://docs.test"], ["docs.test/path"], ["a@b"], [""]]
)
def test_hosts_are_listed_in_full(hosts: list[str]) -> None:
    with pytest.raises(ConfigError, match="list each in full"):
        http_get(hosts)


@given(st.ip_addresses(v=4).filter(lambda ip: not ip.is_global))
def test_no_private_address_is_public_in_any_of_its_disguises(ip: ipaddress.IPv4Address) -> None:
    number = int(ip)
    assert not is_public(str(ip))
    assert not is_public(f"::ffff:{ip}")
    assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))))
    assert not is_public(str(ipaddress.IPv6Address((0x64FF9B << 96) | number)))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "93.184.215.14"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address", ["224.0.0.1", "255.255.255.255", "240.0.0.1", "fe80::1%eth0", "ff02::1", ""]
)
def test_other_addresses_are_not(address: str) -> None:
    assert not is_public(address)


def test_the_tool_travels() -> None:
    made = http_get(["docs.test"])
    assert travelled(made).spec == made.spec
