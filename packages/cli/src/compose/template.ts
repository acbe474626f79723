/** What `compose init` writes: a file that is valid as it stands and shows every field that a first cluster needs. */
export const TEMPLATE = `# A cluster in one file. arctic compose validate checks it, arctic compose apply makes it so.
version: v1

# The license, from here. Made by: arctic license keygen, then arctic license issue.
license: license.json

# Every host that runs an agent. The first one founds the cluster.
peers:
  - name: alpha
    address: 10.0.0.1:8080
  - name: beta
    address: 10.0.0.2:8080

services:
  # Traffic that reaches alpha and goes to beta's LAN leaves at beta: TCP by Pegasus, everything else by Tempest.
  - name: beta-lan
    source_peer: alpha
    target_peer: beta
    transport_type: tcp
    routes:
      - priority: 0
        dest_cidr: 192.168.2.0/24
  # A service with an address of its own on alpha's LAN; the destination sees the client's own address.
  # - name: web
  #   source_peer: alpha
  #   target_peer: beta
  #   transport_type: tcp
  #   fully_transparent: true
  #   interface:
  #     enabled: true
  #     ipv4: 10.0.0.9/24
  #   qos:
  #     bandwidth_limit_mbps: 100
`;
