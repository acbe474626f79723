"""The protocol of docs/protocol.md, a second time: written from that text alone."""
