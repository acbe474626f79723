"""Puts one forged UDP datagram on a link: LINK DESTINATION_MAC SOURCE DESTINATION PORT TEXT. No kernel asks whether it may."""

import ipaddress
import socket
import struct
import sys


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main() -> None:
    link, mac, source_text, destination_text, port, text = sys.argv[1:]
    source, destination = ipaddress.ip_address(source_text), ipaddress.ip_address(destination_text)
    payload = text.encode()
    length = 8 + len(payload)
    header = struct.pack("!HHHH", 40000, int(port), length, 0)
    if source.version == 4:
        pseudo = source.packed + destination.packed + struct.pack("!BBH", 0, 17, length)
        bare = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + source.packed + destination.packed
        outer = bare[:10] + struct.pack("!H", checksum(bare)) + bare[12:]
        kind = 0x0800
    else:
        pseudo = source.packed + destination.packed + struct.pack("!IHBB", length, 0, 0, 17)
        outer = struct.pack("!IHBB", 6 << 28, length, 17, 64) + source.packed + destination.packed
        kind = 0x86DD
    datagram = header[:6] + struct.pack("!H", checksum(pseudo + header + payload) or 0xFFFF) + payload
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((link, 0))
        own = raw.getsockname()[4]
        raw.send(bytes.fromhex(mac.replace(":", "")) + own + struct.pack("!H", kind) + outer + datagram)


main()
