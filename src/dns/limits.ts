// Limits of the DNS client: name, value, reason. A name server is somebody else's machine, and what it answers decides
// where requests go, so nothing that it says grows without an end.

export const DNS_LIMITS = {
  /** Bytes of a label and of a name in dotted form (RFC 1035 §2.3.4). */
  labelLengthMax: 63,
  nameLengthMax: 253,
  /** We ask without EDNS, so 512 would do; what some servers send anyway ends here, as in nginx. */
  udpBytesMax: 4096,
  /** Silence after which a question goes to the next server: one lost datagram costs no more. */
  udpTimeoutMs: 2000,
  /** A connection and an answer of 64 kilobytes; a server behind a slow line still makes it. */
  tcpTimeoutMs: 5000,
  /** How often all servers are asked the same before it counts as failed: datagrams get lost. */
  roundsMax: 3,
  /** For so long a server that did not answer is asked last. */
  badServerMs: 10_000,
  /** Aliases behind each other; real chains stay under five, longer ones are loops. */
  aliasDepthMax: 16,
  /** Addresses of one name: what is more is cut, the lowest stay. A group of peers has tens. */
  addressesMax: 256,
  /** Targets of one SRV name; each may cost two questions. */
  servicesMax: 64,
  /** Answers kept, by name and type; the ones that nobody asks for go first. */
  answersMax: 4096,
  /** Questions on their way, each with a socket of its own. */
  questionsMax: 512,
  /** A record that lives for years is asked for once a day all the same. */
  ttlMsMax: 86_400_000,
  /** How long a name counts as missing, SOA or not: nginx asks again after as long. */
  missingTtlMsMax: 10_000,
  /** The machine's own files: longer ones (lists of blocked names) are cut here. */
  hostsFileBytesMax: 16 * 1024 * 1024,
  resolvFileBytesMax: 64 * 1024,
  /** How often the machine's own files are looked at for a change. */
  systemFilesMs: 5000,
  /** Domains of `search`: each costs a question for a name that is in none of them. */
  searchDomainsMax: 32,
} as const
