// The peers that the text of a state file names: `server` lines, read as the reader of nginx.conf reads them inside of
// `upstream`. A last line that breaks off is what a write left behind that was never acknowledged: it is left out, with
// a warning, so that the rest serves.

import { DiagnosticList } from '../config/diagnostic.ts'
import { directiveOrigin, parseTree } from '../config/nginx/tree.ts'
import { readConfigText } from '../config/read.ts'
import type { ReadOptions } from '../config/reader.ts'
import { makeSource, originAt, type Source } from '../config/source.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Origin } from '../model/origin.ts'
import type { MethodKind, Peer, Upstream } from '../model/upstream.ts'
import { isWholeComment } from './state-text.ts'

/** What a text came to. */
export interface StatePeers {
  /** Null where there is an error. */
  readonly peers: readonly Peer[] | null
  /** The text without a line that breaks off. */
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads the text of the state file of a group; findings stand at its lines and say whose file it is. */
export function parseStatePeers(
  source: Source,
  upstream: Upstream,
  options: ReadOptions,
): StatePeers {
  const whose = `this is the state file of upstream "${upstream.name}"`
  const zero = source.text.indexOf('\0')
  if (zero !== -1) {
    const message = `State file of upstream "${upstream.name}" is not text: it holds bytes of value zero`
    const hint =
      'the machine went down while another program wrote it, or the disk is ill: put a copy in its ' +
      'place, or take it away to start without'
    const origin = originAt(source, zero, zero + 1)
    const diagnostic: Diagnostic = { severity: 'error', message, origin, hint }
    return { peers: null, text: source.text, diagnostics: [diagnostic] }
  }
  const cut = brokenLine(source)
  const text = cut === null ? source.text : source.text.slice(0, cut)
  const warnings = cut === null ? [] : [brokenOff(source, cut, upstream)]
  const whole = makeSource(source.file, text)
  const foreign = foreignLines(whole)
  const { peers, diagnostics } =
    foreign.length > 0
      ? { peers: null, diagnostics: foreign }
      : readServerLines(whole, upstream, options)
  const told = diagnostics.map(item => ({
    ...item,
    hint: item.hint === '' ? whose : `${item.hint} (${whose})`,
  }))
  return { peers, text, diagnostics: [...warnings, ...told] }
}

/** Reads one `server` line; null where it is none. */
export function parseServerLine(
  line: string,
  upstream: Upstream,
  options: ReadOptions,
): Peer | null {
  return readServerLines(makeSource('', line), upstream, options).peers?.[0] ?? null
}

/** Offset of a last line that breaks off; null where the last one is whole. */
function brokenLine({ text }: Source): number | null {
  const written = text.trimEnd()
  const start = written.lastIndexOf('\n') + 1
  const line = written.slice(start)
  const isOurs = /^\s*(?:server\s|#)/.test(line) || 'server'.startsWith(line.trim())
  if (!isOurs || line === '') return null
  const list = new DiagnosticList()
  parseTree(makeSource('', line), list)
  return list.hasErrors || !isWholeComment(line) ? start : null
}

function brokenOff(source: Source, start: number, { name }: Upstream): Diagnostic {
  const message = `Last line of the state file of upstream "${name}" is incomplete: it is left out`
  const hint =
    'a write broke off here and was never acknowledged, what stands above holds: complete the line ' +
    'or delete it'
  const origin = originAt(source, start, source.text.length)
  return { severity: 'warning', message, origin, hint }
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

type FoundPeers = Pick<StatePeers, 'peers' | 'diagnostics'>

/** Places are those in the file. */
function readServerLines(source: Source, upstream: Upstream, options: ReadOptions): FoundPeers {
  // On a line of its own before the text, so that only line numbers move. The first peer keeps an empty file readable.
  // Lines of its own stand only in a dialect where every method has backups.
  const isOwn = upstream.peers.length > 0
  const method = isOwn ? '' : (METHOD_LINES[upstream.method.kind] ?? '')
  const before = `events{} http{ resolver 127.0.0.1; upstream u { zone u; ${method} server 127.0.0.1;\n`
  const read = readConfigText(source.file, `${before}${source.text}\n}}\n`, {
    ...options,
    globals: '',
    format: 'nginx',
  })
  const moved = (at: Origin): Origin => ({ ...at, line: Math.max(1, at.line - 1) })
  const errors = read.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(item => ({ ...item, origin: moved(item.origin) }))
  if (read.config === null) return { peers: null, diagnostics: errors }
  const [, ...peers] = read.config.upstreams[0]!.peers
  const placed = peers.map(peer => ({
    ...peer,
    origin: moved(peer.origin),
    origins: Object.fromEntries(
      Object.entries(peer.origins ?? {}).map(([name, at]) => [name, moved(at)]),
    ),
  }))
  return { peers: placed, diagnostics: [] }
}
