// What probes may use: name, value, reason. A peer that is checked is a peer that may be broken, so
// nothing that it does decides how much of the machine a check costs.

export const PROBE_LIMITS = {
  /** Bytes of a response's head; nginx itself stops at 8 kilobytes for a field. */
  headBytesMax: 16 * 1024,
  /** Bytes of a whole response over HTTP/1 on the wire: chunks of one byte make six of one. */
  responseBytesMax: 4 * 1024 * 1024,
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
  /** How long a regex rests for a peer on which it took too long, at first and when it was so again and again. */
  regexSlowMs: 10_000,
  regexSlowMsMax: 300_000,
  /** What regexes known as slow may take in a second, over all peers; in its second half a run gets less. */
  regexSecondMsMax: 100,
  regexHurriedMs: 5,
  /** Looks at what a peer has said so far, each time that more comes; then the pause between two, and how long before the timeout the last one is. */
  looksAtOnceMax: 8,
  lookGapMs: 100,
  lookLeadMs: 60,
  /** Connections of checks on their way, over all and to one host. */
  connectionsMax: 1024,
  connectionsPerHostMax: 512,
  /** Names looked up at once, by checks that find theirs soon and by the others; what is soon. */
  lookupsMax: 1,
  lookupSlowMs: 1000,
  /** Programs of checks that run, over all and of one name. */
  programsMax: 64,
  programsPerNameMax: 32,
  /** Functions of the user's that have not returned, over all and of one module. */
  functionsMax: 256,
  functionsPerModuleMax: 128,
  /** How long a module's thread may take to hear that a check's time is over: then it is blocked. */
  functionGraceMs: 250,
  /** The same while the thread is only starting, on a busy machine. */
  functionStartMsMax: 5000,
  /** How long a module may take to be loaded for a trial. */
  moduleTrialMs: 5000,
  /** Functions that never returned, of one module, before its thread is replaced. */
  functionsLeftMax: 256,
  /** Threads for checks that blocked the one they shared; more of them share it still. */
  separateThreadsMax: 8,
  /** Memory of a module's thread, in megabytes: old and young objects. */
  functionHeapMbMax: 256,
  functionYoungHeapMbMax: 32,
  /** Pipes for programs that are made at a time, how long that may take, and where it fails the calls without. */
  pipesReady: 16,
  pipesMsMax: 2_000,
  pipesRest: 64,
  /** Between TERM and KILL. */
  killDelayMs: 1000,
  /** How long a program's last lines are waited for: its children may hold the pipe. */
  outputGraceMs: 100,
  /** Bytes of a program's output that are kept: its end. */
  outputBytesMax: 4096,
  /** A deadline that comes so much too late shows a pause of our own, for which a check gets more time. */
  stallMs: 100,
  extensionMsMax: 1000,
  /** Between two checks of a peer that something else than its time called for. */
  extraGapMs: 1000,
  /** Characters of somebody else's text in a reason. */
  quoteLengthMax: 120,
  /** TLS settings that are kept ready, by their files. */
  tlsContextsMax: 64,
} as const
