// Limits of reading YAML: the parser itself has none, and a few hundred characters of aliases can
// stand for gigabytes.

export const YAML_LIMITS = {
  /** The parser makes an object of every word: a megabyte takes seconds already. */
  textLengthMax: 1024 * 1024,
  /** Mappings and lists inside each other; routes in routes rarely pass twelve. */
  depthMax: 64,
  /** `*alias` in one file; they are written by hand. */
  aliasesMax: 500,
  /** Values that are read, those behind aliases each time anew. */
  valuesMax: 200_000,
  /** After the first mistakes in the syntax the parser guesses. */
  syntaxErrorsMax: 5,
} as const
