// The file that keeps the peers of a group over restarts (nginx: `state`): read when a configuration is loaded, replaced
// whole at each change. The new text is on the disk under another name before it takes the old one's place, so
// whatever was acknowledged is there after a crash.

import { readFileSync } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

import { callFailedText, systemErrorCode } from '../base/system-error.ts'
import { DiagnosticList } from '../config/diagnostic.ts'
import { directiveOrigin, parseTree } from '../config/nginx/tree.ts'
import { readConfigText } from '../config/read.ts'
import type { ReadOptions } from '../config/reader.ts'
import { makeSource, type Source } from '../config/source.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { originOf } from '../model/origin.ts'
import type { MethodKind, Peer, Upstream } from '../model/upstream.ts'
import { mergeChanges, readChanges } from './state-text.ts'

/** Written beside the file until it is whole. */
const UNFINISHED = '.new'
/** More than 65,536 peers with everything that a line can say. */
const BYTES_MAX = 16 * 1024 * 1024

/** What a state file came to. */
export interface ReadState {
  readonly upstream: Upstream
  readonly diagnostics: readonly Diagnostic[]
  /** For messages that quote its lines; null where there is no such file. */
  readonly source: Source | null
}

/** Puts the peers of its state file into a group; a file that is missing changes nothing, as in nginx. */
export function applyState(upstream: Upstream, options: ReadOptions): ReadState {
  const path = upstream.statePath
  if (path === null) return { upstream, diagnostics: [], source: null }
  const origin = originOf(upstream, 'statePath')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { upstream, diagnostics: [], source: null }
    const message = callFailedText('open', `"${path}"`, error)
    return {
      upstream,
      diagnostics: [{ severity: 'error', message, origin, hint: 'the peers stand in this file' }],
      source: null,
    }
  }
  if (text.length > BYTES_MAX) {
    const message = `Cannot use state file "${path}": it is longer than ${BYTES_MAX} bytes`
    return {
      upstream,
      diagnostics: [{ severity: 'error', message, origin, hint: '' }],
      source: null,
    }
  }
  const source = makeSource(path, text)
  const foreign = foreignLines(source)
  if (foreign.length > 0) return { upstream, diagnostics: foreign, source }
  const found = readPeers(source, upstream, options)
  if (found.peers === null) return { upstream, diagnostics: found.diagnostics, source }
  if (upstream.peers.length === 0) {
    return { upstream: { ...upstream, peers: found.peers }, diagnostics: [], source }
  }
  const readLine = (line: string): Peer | null =>
    readPeers(makeSource(path, line), upstream, options).peers?.[0] ?? null
  const changes = readChanges(source.text, found.peers, readLine)
  const { peers, overtaken } = mergeChanges(upstream.peers, changes)
  const diagnostics = overtaken.map((peer): Diagnostic => {
    const message = `what was set at run time for server "${peer.name}" does not hold any more`
    const hint = `this line has changed since; ${path} has the old one`
    return { severity: 'notice', message, origin: peer.origin, hint }
  })
  return { upstream: { ...upstream, peers }, diagnostics, source }
}

/** Writes state files, one after the other for each path. */
export class StateFile {
  readonly #path: string
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Resolves when the text will be there after a crash; rejects when it cannot be written, and the old one stays. */
  write(text: string): Promise<void> {
    const next = this.#last.catch(() => {}).then(() => replaceFile(this.#path, text))
    this.#last = next
    return next
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const unfinished = path + UNFINISHED
  try {
    const file = await open(unfinished, 'w', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await unlink(unfinished).catch(() => {})
    throw new Error(callFailedText('write', `"${path}"`, error), { cause: error })
  }
  // The name, too, has to be on the disk.
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** What is no `server` line; syntax is left to the reading of the peers. */
function foreignLines(source: Source): readonly Diagnostic[] {
  const list = new DiagnosticList()
  for (const directive of parseTree(source, list)) {
    if (directive.name.text === 'server' && directive.block === null) continue
    const hint = 'a state file has lines such as: server 10.0.0.1:80 weight=2;'
    const message = `"${directive.name.text}" is not allowed in a state file`
    list.error(message, directiveOrigin(directive), hint)
  }
  return list.items
}

/** Methods that have a say in what a `server` line may be. */
const METHOD_LINES: Partial<Record<MethodKind, string>> = {
  ip_hash: 'ip_hash;',
  hash: 'hash $uri;',
  random: 'random;',
}

interface FoundPeers {
  /** Null where there is an error. */
  readonly peers: readonly Peer[] | null
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads the lines as the reader of nginx.conf does inside of `upstream`; places are those in the file. */
function readPeers(source: Source, upstream: Upstream, options: ReadOptions): FoundPeers {
  // On a line of its own before the text, so that only line numbers move. The first peer keeps an empty file readable.
  const method = METHOD_LINES[upstream.method.kind] ?? ''
  const before = `events{} http{ resolver 127.0.0.1; upstream u { zone u; ${method} server 127.0.0.1;\n`
  const read = readConfigText(source.file, `${before}${source.text}\n}}\n`, {
    ...options,
    globals: '',
    format: 'nginx',
  })
  const moved = (line: number): number => Math.max(1, line - 1)
  const errors = read.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(item => ({ ...item, origin: { ...item.origin, line: moved(item.origin.line) } }))
  if (read.config === null) return { peers: null, diagnostics: errors }
  const [, ...peers] = read.config.upstreams[0]!.peers
  const placed = peers.map(peer => ({
    ...peer,
    origin: { ...peer.origin, line: moved(peer.origin.line) },
    origins: Object.fromEntries(
      Object.entries(peer.origins ?? {}).map(([name, at]) => [
        name,
        { ...at, line: moved(at.line) },
      ]),
    ),
  }))
  return { peers: placed, diagnostics: [] }
}
