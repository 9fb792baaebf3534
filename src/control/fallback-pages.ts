// The pages of fallbacks (`fallback page=…`): read when the configuration is taken, because the day on which they are
// needed is a bad one for a disk. They go to the workers with the configuration, so one that starts later has the same.

import { readFileSync, statSync } from 'node:fs'

import { callFailedText } from '../base/system-error.ts'
import type { Config } from '../model/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { originOf } from '../model/origin.ts'
import type { Fallback, Upstream } from '../model/upstream.ts'

/** Each worker keeps it in memory. */
const PAGE_BYTES_MAX = 1024 * 1024

/** Puts the pages into the configuration; an error for each that cannot be read. */
export function readFallbackPages(config: Config): {
  readonly config: Config
  readonly diagnostics: Diagnostic[]
} {
  const diagnostics: Diagnostic[] = []
  const upstreams = config.upstreams.map(upstream => {
    const { fallback } = upstream
    if (fallback?.answer.kind !== 'page') return upstream
    return withPage(upstream, fallback, fallback.answer.path, diagnostics)
  })
  return { config: { ...config, upstreams }, diagnostics }
}

function withPage(
  upstream: Upstream,
  fallback: Fallback,
  path: string,
  diagnostics: Diagnostic[],
): Upstream {
  const content = readPage(path)
  if (typeof content !== 'string') {
    const { answer } = fallback
    return { ...upstream, fallback: { ...fallback, answer: { ...answer, content } } as Fallback }
  }
  const origin = originOf(fallback, 'answer')
  const hint = 'it is what clients see while every peer is down'
  diagnostics.push({ severity: 'error', message: content, origin, hint })
  return upstream
}

/** The page, or what speaks against it. */
function readPage(path: string): Uint8Array | string {
  try {
    const stats = statSync(path)
    if (!stats.isFile()) return `Cannot use "${path}" as a page: it is not a file`
    if (stats.size > PAGE_BYTES_MAX) {
      return `Cannot use "${path}" as a page: ${stats.size} bytes, wants at most ${PAGE_BYTES_MAX}`
    }
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    return callFailedText('open', `"${path}"`, error)
  }
}
