// The file that keeps the peers of a group over restarts (nginx: `state`): read when a configuration is loaded, replaced
// whole at each change. The new text is on the disk under another name before it takes the old one's place, so
// whatever was acknowledged is there after a crash.

import { readFileSync } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

import { callFailedText, systemErrorCode } from '../base/system-error.ts'
import type { ReadOptions } from '../config/reader.ts'
import { makeSource, type Source } from '../config/source.ts'
import { checkPeers, unservedText } from '../model/check-upstreams.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { originOf } from '../model/origin.ts'
import type { Peer, Upstream } from '../model/upstream.ts'
import { parseServerLine, parseStatePeers } from './state-peers.ts'
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
    if (systemErrorCode(error) === 'ENOENT') {
      const diagnostics = upstream.peers.length === 0 ? [noPeers(upstream, 'is not there')] : []
      return { upstream, diagnostics, source: null }
    }
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
  const found = parseStatePeers(source, upstream, options)
  if (found.peers === null) return { upstream, diagnostics: found.diagnostics, source }
  const joined = joinPeers(upstream, found.peers, found.text, options)
  const changed = { ...upstream, peers: joined.peers }
  return {
    upstream: changed,
    diagnostics: [...found.diagnostics, ...joined.diagnostics, ...newFindings(upstream, changed)],
    source,
  }
}

/** What the peers of the file bring up that was not said of the configuration's own. */
function newFindings(before: Upstream, after: Upstream): Diagnostic[] {
  const found = (upstream: Upstream) => {
    const items: Diagnostic[] = []
    checkPeers(upstream, (severity, message, origin, hint = '') => {
      items.push({ severity, message, origin, hint })
    })
    return items
  }
  const said = new Set(found(before).map(({ message }) => message))
  return found(after).filter(({ message }) => !said.has(message))
}

/** A group without lines of its own has those of the file; another has the changes in it. */
function joinPeers(upstream: Upstream, found: readonly Peer[], text: string, options: ReadOptions) {
  if (upstream.peers.length === 0) {
    const diagnostics = found.length === 0 ? [noPeers(upstream, 'names none')] : []
    return { peers: found, diagnostics }
  }
  const changes = readChanges(text, found, line => parseServerLine(line, upstream, options))
  const { peers, overtaken } = mergeChanges(upstream.peers, changes)
  const diagnostics = overtaken.map((peer): Diagnostic => {
    const message = `what was set at run time for server "${peer.name}" does not hold any more`
    const hint = `this line has changed since; ${upstream.statePath} has the old one`
    return { severity: 'notice', message, origin: peer.origin, hint }
  })
  return { peers, diagnostics }
}

function noPeers(upstream: Upstream, why: string): Diagnostic {
  const message = `No peers in upstream "${upstream.name}": its state file "${upstream.statePath}" ${why}`
  const hint = `${unservedText(upstream)} until the file has lines such as: server 10.0.0.1:80;`
  return { severity: 'warning', message, origin: originOf(upstream, 'statePath'), hint }
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
