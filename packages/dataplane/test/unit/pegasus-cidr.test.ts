import { describe, expect, test } from "vitest";
import {
  addressFromBytes,
  addressToBytes,
  cidrContains,
  formatAddress,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
  parseSocketAddress,
} from "../../src/cidr.ts";

describe("an address", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["FD71:3::0:2", "fd71:3::2"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
  ])("%s is read and written as %s", (text, canonical) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(canonical);
  });

  test.each([
    "010.0.0.1",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.1 ",
    "0x0a.0.0.1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "1:2:3:4:5:6:7::8",
    ":1:2:3:4:5:6:7",
    "fe80::1%eth0",
    "12345::",
    "10.0.0.1::",
    "::ffff:10.0.0.1",
    "::ffff:a00:1",
    "",
    ":::",
  ])("%s is refused", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("that a socket reports as IPv4-mapped is the IPv4 address", () => {
    expect(parseSocketAddress("::ffff:10.0.0.1")).toEqual(parseAddress("10.0.0.1"));
    expect(parseSocketAddress("fe80::1%eth0")).toEqual(parseAddress("fe80::1"));
  });

  test("survives its bytes", () => {
    for (const text of ["10.71.3.2", "fd71:3::2"]) {
      const address = parseAddress(text);
      expect(address && addressFromBytes(addressToBytes(address))).toEqual(address);
    }
    expect(addressFromBytes(new Uint8Array(5))).toBeUndefined();
  });
});

describe("a network", () => {
  test.each(["10.0.0.0/8", "0.0.0.0/0", "10.0.0.1/32", "::/0", "fd71:3::/64", "::1/128"])("%s is read", (text) => {
    const cidr = parseCidr(text);
    expect(cidr && formatCidr(cidr)).toBe(text);
  });

  test.each([
    "10.0.0.1/8",
    "10.0.0.0/08",
    "010.0.0.0/8",
    "10.0.0.0/33",
    "10.0.0.0",
    "fd71::1/64",
    "::/129",
    "10.0.0.0/+8",
  ])("%s is refused", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  test("holds the addresses of its prefix and of its family only", () => {
    const cidr = parseCidr("10.71.3.0/24");
    const contains = (text: string) => {
      const address = parseAddress(text);
      return cidr !== undefined && address !== undefined && cidrContains(cidr, address);
    };
    expect(["10.71.3.0", "10.71.3.255"].every(contains)).toBe(true);
    expect(["10.71.2.255", "10.71.4.0", "::a47:300"].some(contains)).toBe(false);
  });

  test("of an interface address is the address without its host bits", () => {
    const cidr = networkOf("10.72.1.51/24");
    expect(cidr && formatCidr(cidr)).toBe("10.72.1.0/24");
    expect(networkOf("10.72.1.51")).toBeUndefined();
    expect(networkOf("10.72.1.51/33")).toBeUndefined();
  });
});
