// What checking passwords may take: every number bounds something that a client or a file could make grow.

export const AUTH_LIMITS = {
  /** A users file; at a hundred bytes a line that is 160,000 users. */
  usersFileBytesMax: 16 * 1024 * 1024,
  /** Users files that are kept; their paths may have variables. */
  usersFilesMax: 256,
  /** Bytes of them together. */
  usersFilesBytesMax: 64 * 1024 * 1024,
  /** Checks that wait for the thread, in one worker: a few seconds of its work. */
  waitingMax: 256,
  /** Of these from one client, so that it does not take the place of all others. */
  waitingPerClientMax: 32,
  /** One check; a stored password that asks for more rounds than this holds the thread up. */
  checkMsMax: 30_000,
  /** How long a password that was right needs no second check. */
  rememberedMs: 10_000,
  rememberedMax: 4_096,
  /** As libxcrypt: what crypt() takes, more is never right. */
  cryptPasswordBytesMax: 511,
  /** Heap of the thread. */
  threadHeapMbMax: 64,
} as const
