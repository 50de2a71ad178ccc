import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quoth.errors import DocumentError
from quoth.sources.address import is_public, parse, resolve

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "151.101.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_public(text):
    assert not is_public(parse(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_public(text):
    assert is_public(parse(text))


@given(st.ip_addresses(v=4))
@example(ipaddress.ip_address("127.0.0.1"))
def test_an_address_of_ipv4_is_judged_alike_in_every_dress(address):
    number = int(address)
    dresses = [(0xFFFF << 32) | number, int(ipaddress.ip_address("64:ff9b::")) | number, (0x2002 << 112) | number << 80]
    assert {is_public(ipaddress.IPv6Address(dress)) for dress in dresses} == {is_public(address)}


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_python_calls_special_is_never_public(address):
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = getattr(address, "ipv4_mapped", None) or (
            address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96")
        )
        assert mapped or not is_public(address)


@given(st.ip_addresses(v=4, network="127.0.0.0/8") | st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_other_spellings_of_a_private_address_are_refused(address):
    number = int(address)
    a, b, c, d = address.packed
    for spelling in (
        str(number),
        hex(number),
        f"0{a:o}.{b}.{c}.{d}",
        f"{a}.{number & 0xFFFFFF}",
        f"0x{a:x}.{b}.{c}.{d}",
    ):
        with pytest.raises(DocumentError, match="no public address"):
            resolve(spelling, 80)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "017700000001", "::1", "::ffff:7f00:1"])
def test_names_and_spellings_of_this_machine_are_refused(host):
    with pytest.raises(DocumentError) as error:
        resolve(host, 80)
    assert "no public address" in error.value.cause
    assert "--allow-private" in error.value.cure
    assert resolve(host, 80, allow_private=True)


def test_a_host_that_is_not_there():
    with pytest.raises(DocumentError, match="no host"):
        resolve("nowhere.invalid", 80)
    with pytest.raises(DocumentError, match="no host"):
        resolve("a" * 70 + ".org", 80)


def test_only_the_public_addresses_of_a_host_are_given(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 80)) for a in ("10.0.0.1", "8.8.8.8", "8.8.8.8")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    assert resolve("mixed.example", 80) == ["8.8.8.8"]
