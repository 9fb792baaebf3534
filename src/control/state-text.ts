// The text of a state file (nginx: `state`): a `server` line for each peer of a group, so that nginx reads it too. Behind
// a line that was changed at run time a comment keeps what the configuration said at that moment; with it a later
// reading tells a change that is still wanted from one that the configuration has overtaken.

import type { Peer } from '../model/upstream.ts'

/** What was done to one peer at run time. */
export interface PeerChange {
  /** Its line in the configuration when it was changed; null: it had none. */
  readonly was: string | null
  /** Null: it was taken out. */
  readonly now: Peer | null
}

/** Changes by `peerKeys`. */
export type PeerChanges = ReadonlyMap<string, PeerChange>

const NOTHING = 'nothing'
const CHANGED = /^\s*server\s.*?;\s*#\s*was:\s*(.+?)\s*$/
/** Begins like a comment of ours. */
const COMMENTED = /(?:^\s*|;\s*)#\s*(?:was|removed):/
const REMOVED = /^\s*#\s*removed:\s*(server\s.*;)\s*$/

/** What names each peer of a list: its name as written, numbered where it stands there again. */
export function peerKeys(peers: readonly { readonly name: string }[]): readonly string[] {
  const counts = new Map<string, number>()
  return peers.map(({ name }) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return count === 1 ? name : `${name} ${count}`
  })
}

/** Writes a peer as a line of nginx.conf, `server 10.0.0.1:80 weight=5;`: what is as by default is left out. */
export function serverLine(peer: Peer): string {
  const words = [
    peer.name,
    peer.weight === 1 ? '' : `weight=${peer.weight}`,
    peer.maxConns === 0 ? '' : `max_conns=${peer.maxConns}`,
    peer.maxFails === 1 ? '' : `max_fails=${peer.maxFails}`,
    peer.failTimeoutSeconds === 10 ? '' : `fail_timeout=${peer.failTimeoutSeconds}s`,
    peer.slowStartSeconds === 0 ? '' : `slow_start=${peer.slowStartSeconds}s`,
    peer.route === null ? '' : `route=${peer.route}`,
    peer.service === null ? '' : `service=${peer.service}`,
    peer.isResolving ? 'resolve' : '',
    peer.isRaced ? 'race' : '',
    peer.isBackup ? 'backup' : '',
    peer.isDown ? 'down' : '',
    peer.isDraining ? 'drain' : '',
  ]
  return `server ${words
    .filter(word => word !== '')
    .map(quoted)
    .join(' ')};`
}

/**
 * Writes a whole state file.
 *
 * @param configured the peers that the configuration has now; empty where the file alone has them
 * @param peers as they are now
 */
export function stateText(
  upstream: string,
  configured: readonly Peer[],
  peers: readonly Peer[],
): string {
  const keys = peerKeys(configured)
  const lineOf = new Map(configured.map((peer, index) => [keys[index]!, serverLine(peer)]))
  const left = new Map(lineOf)
  const lines = peerKeys(peers).map((key, index) => {
    const line = serverLine(peers[index]!)
    const was = lineOf.get(key) ?? null
    left.delete(key)
    if (configured.length === 0 || was === line) return line
    return `${line} # was: ${was ?? NOTHING}`
  })
  const removed = [...left.values()].map(line => `# removed: ${line}`)
  const title = `# Peers of upstream ${oneLine(upstream)}, as they were set at run time.`
  return `${[title, ...lines, ...removed].join('\n')}\n`
}

/**
 * Reads the changes out of a state file.
 *
 * @param peers what the reader of nginx.conf found in the same text
 * @param readLine reads one `server` line; null where it is none
 */
export function readChanges(
  text: string,
  peers: readonly Peer[],
  readLine: (line: string) => Peer | null,
): PeerChanges {
  const changes = new Map<string, PeerChange>()
  const keys = peerKeys(peers)
  const lines = text.split('\n')
  for (const [index, peer] of peers.entries()) {
    const was = CHANGED.exec(lines[peer.origin.line - 1] ?? '')?.[1]
    if (was !== undefined) {
      changes.set(keys[index]!, { was: was === NOTHING ? null : was, now: peer })
    }
  }
  const removed = lines.flatMap(line => REMOVED.exec(line)?.[1] ?? [])
  const gone = removed.flatMap(line => readLine(line) ?? [])
  for (const [index, key] of peerKeys(gone).entries()) {
    if (!changes.has(key)) changes.set(key, { was: serverLine(gone[index]!), now: null })
  }
  return changes
}

/** Whether a line has no comment of ours that breaks off: one ends with the line that it quotes. */
export function isWholeComment(line: string): boolean {
  if (!COMMENTED.test(line)) return true
  const was = CHANGED.exec(line)?.[1]
  return was === NOTHING || was?.endsWith(';') === true || REMOVED.test(line)
}

/** What of the changes did not hold. */
export interface MergedPeers {
  readonly peers: readonly Peer[]
  /** Peers whose change the configuration has overtaken. */
  readonly overtaken: readonly Peer[]
}

/**
 * Joins a configuration with the changes that were made at run time: a change holds as long as the configuration says
 * of the peer what it said when the change was made.
 */
export function mergeChanges(configured: readonly Peer[], changes: PeerChanges): MergedPeers {
  const keys = peerKeys(configured)
  const overtaken: Peer[] = []
  const kept = configured.flatMap((peer, index): Peer[] => {
    const change = changes.get(keys[index]!)
    if (change === undefined) return [peer]
    if (change.was !== serverLine(peer)) {
      if (change.now === null || serverLine(change.now) !== serverLine(peer)) overtaken.push(peer)
      return [peer]
    }
    return change.now === null ? [] : [change.now]
  })
  const known = new Set(keys)
  const added = [...changes].flatMap(([key, { was, now }]) =>
    was === null && now !== null && !known.has(key) ? [now] : [],
  )
  return { peers: [...kept, ...added], overtaken }
}

/** A word as the reader of nginx.conf takes it. */
function quoted(word: string): string {
  if (!/[\s;{}"'\\#$]/.test(word)) return word
  return `"${word.replace(/["\\]/g, '\\$&')}"`
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ')
}
