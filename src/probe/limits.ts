// What probes may use: name, value, reason. A peer that is checked is a peer that may be broken, so
// nothing that it does decides how much of the machine a check costs.

export const PROBE_LIMITS = {
  /** Bytes of a response's head; nginx itself stops at 8 kilobytes for a field. */
  headBytesMax: 16 * 1024,
  /** What the first bytes of a compressed body may grow to before they are looked at no more. */
  inflatedBytesMax: 4 * 1024 * 1024,
  /** One run of a regex over a body; real ones take well under a millisecond. */
  regexMs: 20,
  /** A process that had to wait for the processor is no slow regex: it is asked once more. */
  regexTriesMax: 2,
  /** Answers of regexes that are kept, by regex and body: most pages never change. */
  regexAnswersMax: 2000,
  /** Characters of the bodies among them. */
  regexAnswersLengthMax: 8 * 1024 * 1024,
  /** How long a regex is not run again over a body on which it took too long. */
  regexSlowMs: 10_000,
  /** Connections of checks on their way, over all and to one host. */
  connectionsMax: 1024,
  connectionsPerHostMax: 512,
  /** Programs of checks that run, over all and of one name. */
  programsMax: 64,
  programsPerNameMax: 32,
  /** Functions of the user's that have not returned, over all and of one module. */
  functionsMax: 256,
  functionsPerModuleMax: 128,
  /** Between TERM and KILL. */
  killDelayMs: 1000,
  /** How long a program's last lines are waited for: its children may hold the pipe. */
  outputGraceMs: 100,
  /** Bytes of a program's output that are kept: its end. */
  outputBytesMax: 4096,
  /** Between two checks of a peer that something else than its time called for. */
  extraGapMs: 1000,
  /** Characters of somebody else's text in a reason. */
  quoteLengthMax: 120,
  /** TLS settings that are kept ready, by their files. */
  tlsContextsMax: 64,
} as const
