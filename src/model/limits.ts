// Limits of what the program itself takes in, beside those that a configuration sets: name, value,
// reason. Everything that grows has one, because what has no limit is somebody's way to stop the
// process.

export const LIMITS = {
  /**
   * A configuration is written by people; the largest known generated ones stay under a megabyte.
   */
  configFileBytesMax: 4 * 1024 * 1024,
  /** Files of one configuration, includes too: a glob that meets a data directory stops here. */
  configFilesMax: 1000,
  /** `include` inside `include`; deeper is a mistake or a loop through links. */
  includeDepthMax: 16,
  /** Blocks inside blocks; nested locations rarely pass four. */
  blockDepthMax: 32,
  /** Findings of one reading; nobody reads more, and a binary file would make millions. */
  diagnosticsMax: 500,
  /** Length of one word of a configuration; nginx's own buffer ends at 4096 bytes. */
  configWordLengthMax: 4096,
} as const
