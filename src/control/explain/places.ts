// Which line says what holds: for a setting, the nearest block around the request's location that writes it, as settings
// are inherited. nginx.conf is asked by directive, the other dialects by the property of the model.

import type { Written, WrittenBlock, WrittenDirective } from '../../config/written.ts'
import { type Origin, originOf, type Sourced } from '../../model/origin.ts'
import { allSteps } from '../../model/rewrite.ts'
import type { Location, Server } from '../../model/route.ts'

/** How the dialects name one setting. */
export interface SettingName {
  readonly nginx: string
  /** Path in the model: `proxy.connectTimeoutMs`. */
  readonly model: string
}

/** What holds where nothing was written. */
export const BY_DEFAULT = 'default'

/** A location, those around it, and its server last. */
export type Chain = readonly (Location | Server)[]

/** `file:line`. */
export function placeText({ file, line }: Origin): string {
  return line === 0 ? file : `${file}:${line}`
}

/** The blocks around a location; null stands for the server's own level. */
export function chainTo(server: Server, location: Location | null): Chain {
  if (location === null) return [server]
  const path = pathTo(server.locations, location)
  return path === null ? [location, server] : [...path, server]
}

function pathTo(locations: readonly Location[], wanted: Location): readonly Location[] | null {
  for (const location of locations) {
    if (location === wanted) return [location]
    const below = pathTo([...location.locations, ...blocksIn(location)], wanted)
    if (below !== null) return [...below, location]
  }
  return null
}

/** Blocks that stand for their location: `if`, `limit_except`. */
export function blocksIn({ rewrite = [], limitExcept }: Location): readonly Location[] {
  const branches = [...allSteps(rewrite)].flatMap(step =>
    step.kind === 'if' && step.location !== null ? [step.location] : [],
  )
  return limitExcept === undefined ? branches : [...branches, limitExcept.location]
}

export class Places {
  readonly #written: Written | null

  constructor(written: Written | undefined) {
    this.#written = written ?? null
  }

  /**
   * Where a setting was written.
   *
   * @param isMeant tells which of several lines, for directives that may stand more than once
   */
  find(
    chain: Chain,
    name: SettingName,
    isMeant: (args: readonly string[]) => boolean = () => true,
  ): string {
    const lines = this.#written === null ? null : this.lines(chain, name.nginx)
    if (lines !== null) {
      const line = lines.findLast(({ args }) => isMeant(args))
      return line === undefined ? BY_DEFAULT : placeText(line.origin)
    }
    const [level] = chain
    const origin = level?.origins?.[name.model]
    return origin === undefined ? BY_DEFAULT : placeText(origin)
  }

  /** The lines of a directive in the nearest block that has some; empty for another dialect. */
  lines(chain: Chain, directive: string): readonly WrittenDirective[] {
    const written = this.#written
    if (written === null) return []
    const blocks: WrittenBlock[] = [
      ...chain.map(({ origin }) => written.within(origin)),
      written.outermost,
    ]
    for (const block of blocks) {
      const lines = block.get(directive)
      if (lines !== undefined) return lines
    }
    return []
  }

  /** Where a part of a model object stands; with nginx the line of a directive in its block. */
  partOf(value: Sourced, name: SettingName): string {
    const lines = this.#written?.within(value.origin).get(name.nginx)
    return placeText(lines?.[0]?.origin ?? originOf(value, name.model))
  }

  /** How a location was written, or the block in one that stands for it; null when that is not kept. */
  blockText(chain: Chain): string | null {
    const [location, around] = chain
    if (this.#written === null || location === undefined || around === undefined) return null
    const { line, column, file } = location.origin
    const block = this.#written.within(around.origin)
    for (const name of ['location', 'if', 'limit_except']) {
      const found = block.get(name)?.find(({ origin }) => {
        return origin.line === line && origin.column === column && origin.file === file
      })
      if (found !== undefined)
        return [...(name === 'location' ? [] : [name]), ...found.args].join(' ')
    }
    return null
  }
}
