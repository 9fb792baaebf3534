// Makes FastDFS file names from their parts, by the layout and not by the code that reads them.

/** What goes into a name. */
export interface NameParts {
  /** As the four bytes lie in the name. */
  readonly source: readonly [number, number, number, number]
  readonly createdAt: number
  /** With its flags. */
  readonly size: bigint
  readonly crc32: number
  readonly before?: string
  /** Random digits and extension; of a trunk file its place first. */
  readonly after?: string
}

export function encodeFastdfsName(parts: NameParts): string {
  const bytes = Buffer.alloc(20)
  bytes.set(parts.source, 0)
  bytes.writeUInt32BE(parts.createdAt, 4)
  bytes.writeBigUInt64BE(parts.size, 8)
  bytes.writeUInt32BE(parts.crc32, 16)
  const base = bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_').slice(0, 27)
  return `${parts.before ?? '/group1/M00/00/00/'}${base}${parts.after ?? '123.jpg'}`
}
