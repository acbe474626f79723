import { describe, expect, it } from "vitest";
import { isInCidr, parseAddress, parseCidr } from "../../src/encoding/cidr.ts";

const inCidr = (cidr: string, address: string) => {
  const [network, host] = [parseCidr(cidr), parseAddress(address)];
  if (network === undefined || host === undefined) throw new Error(`${cidr} or ${address} does not parse`);
  return isInCidr(network, host);
};

describe("networks and addresses", () => {
  it("a network is a family, a prefix and a number", () => {
    expect(parseCidr("10.1.0.0/16")).toEqual({ family: 4, prefix: 16, network: 0x0a010000n });
    expect(parseCidr("2001:db8::/32")).toEqual({ family: 6, prefix: 32, network: 0x20010db8n << 96n });
  });
  it("every address is in the network of length zero of its family, and in none of the other", () => {
    expect(inCidr("0.0.0.0/0", "255.255.255.255")).toBe(true);
    expect(inCidr("::/0", "ffff::1")).toBe(true);
    expect(inCidr("::/0", "10.0.0.1")).toBe(false);
  });
  it("the edges of a network are in it, their neighbours are not", () => {
    expect(inCidr("10.0.0.128/25", "10.0.0.128")).toBe(true);
    expect(inCidr("10.0.0.128/25", "10.0.0.255")).toBe(true);
    expect(inCidr("10.0.0.128/25", "10.0.0.127")).toBe(false);
    expect(inCidr("10.0.0.128/25", "10.0.1.0")).toBe(false);
    expect(inCidr("2001:db8::/127", "2001:db8::1")).toBe(true);
    expect(inCidr("2001:db8::/127", "2001:db8::2")).toBe(false);
  });
  it("an IPv4 address in an IPv6 form is refused, however it is written", () => {
    for (const text of ["::ffff:10.0.0.1", "::ffff:a00:1", "::10.0.0.1", "0:0:0:0:0:ffff:a00:1"])
      expect(parseAddress(text)).toBeUndefined();
  });
  it("octal, hexadecimal, short and decimal forms of IPv4 are refused", () => {
    for (const text of [
      "010.0.0.1",
      "0x0a.0.0.1",
      "10.1",
      "167772161",
      "10.0.0.01",
      "10.0.0.256",
      "10.0.0.",
      ".10.0.0.1",
    ])
      expect(parseAddress(text)).toBeUndefined();
  });
});
