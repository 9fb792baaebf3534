// One text for many bytes: a head becomes one latin-1 string, in which every byte is one character.
// Node's own `latin1Slice` does it without the argument checks of `toString`; it is in no type
// definition, so it is named here only.

interface Latin1Source {
  latin1Slice(start: number, end: number): string
}

/** The bytes `[start, end)` as characters 0x00 to 0xff. */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1Source).latin1Slice(start, end)
}
