// `probe` of an upstream, or of a single address: how its peers are asked whether they are well, how
// often, and how many answers make a verdict. Unlike in nginx a probe asks faster while it is in
// doubt, and wants more than one answer: docs/health.md says why.

import { PLAIN_PROBE, type Probe, type ProbeCheck, usualProbeName } from '../../model/probe.ts'
import type { Peer } from '../../model/upstream.ts'
import { LISTEN_ADDRESS } from './addresses.ts'
import { list, unlisted } from './collections.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { DURATION, parseDuration, printDuration } from './measures.ts'
import type { Plain, PlainMap } from './plain.ts'
import {
  BLANK_CHECK,
  CHECK_TYPES,
  type CheckDraft,
  checkKeys,
  checkOf,
  draftOfCheck,
} from './probe-check.ts'
import { CHECK_ROWS } from './probe-check-rows.ts'
import { textTestSchema } from './probe-expect.ts'
import type { Entry, Reading } from './reading.ts'
import { ALONE, placed, record, UNPLACED } from './record.ts'
import {
  isNothing,
  isSameData,
  mappingShape,
  type Origins,
  type Row,
  readRows,
  row,
  rowsOf,
  within,
  writeRows,
} from './row.ts'
import { scalarText } from './scalar.ts'
import { BOOLEAN, freeText, integer } from './words.ts'

/** A part of the interval, or a time. */
type Jitter = { readonly percent: number } | { readonly ms: number }

/** A probe while it is read: what follows from other keys where it is not written. */
type ProbeDraft = Omit<Probe, 'check' | 'jitterMs' | 'doubtIntervalMs'> & {
  readonly check: CheckDraft
  readonly jitter: Jitter
  /** `usual` = a second, or the interval where that is shorter. */
  readonly doubt: number | 'usual' | null
}

const DOUBT_MS = 1000
const JITTER_PERCENT = 10

const { jitterMs: _, doubtIntervalMs: __, ...PLAIN } = PLAIN_PROBE

/** What holds in a probe where nothing is written. */
const BLANK_PROBE: ProbeDraft = {
  origin: UNPLACED,
  ...PLAIN,
  name: '',
  check: BLANK_CHECK,
  jitter: { percent: JITTER_PERCENT },
  doubt: 'usual',
  timeoutMs: 2000,
  rise: 2,
  fall: 3,
  isPersistent: true,
  isAskedOnFailure: true,
}

const JITTER: Kind<Jitter> = wordKind<Jitter>({
  label: 'duration, percentage',
  wanted: 'a duration such as 500ms, or a percentage of the interval such as 10%',
  schema: { anyOf: [{ const: 0 }, { type: 'string' }] },
  parse: text => {
    if (/^[0-9]{1,3}%$/.test(text)) return { percent: Number(text.slice(0, -1)) }
    const ms = parseDuration(text)
    return ms === null ? null : { ms }
  },
  print: jitter => ('ms' in jitter ? printDuration(jitter.ms) : `${jitter.percent}%`),
})

const DOUBT: Kind<ProbeDraft['doubt']> = wordKind<ProbeDraft['doubt']>({
  label: 'duration, `off`',
  wanted: 'a duration such as 1s, or off for the interval',
  schema: { anyOf: [{ type: 'string' }, { const: false }] },
  parse: text => {
    const ms = parseDuration(text)
    return ms === null || ms === 0 ? null : ms
  },
  print: doubt => (doubt === 'usual' ? printDuration(DOUBT_MS) : printDuration(doubt ?? 0)),
})

/** The same with `off`, which the parser of words cannot tell from a wrong one. */
const FAST: Kind<ProbeDraft['doubt']> = {
  ...DOUBT,
  read: (node, reading) =>
    /^(?:off|false)$/.test(scalarText(node) ?? '') ? null : DOUBT.read(node, reading),
  write: doubt => (doubt === null ? 'off' : DOUBT.write(doubt)),
}

const PORT = integer(1, 65_535)
const probeRow = rowsOf<ProbeDraft>()

const TIME_ROWS: readonly Row<ProbeDraft>[] = [
  probeRow('port', 'port', nullable(PORT), {
    doc: 'Ask this port in place of the peer’s own',
    nginx: 'health_check port=',
  }),
  probeRow('interval', 'intervalMs', DURATION, {
    doc: 'From the start of one check to that of the next',
    nginx: 'health_check interval=',
  }),
  probeRow('jitter', 'jitter', JITTER, {
    doc: 'Up to so much is added to each interval, by chance',
    nginx: 'health_check jitter=',
  }),
  probeRow('fast_interval', 'doubt', FAST, {
    doc:
      'The interval while the last answer and the verdict differ: a second, where `interval` is ' +
      'longer; `off` is the interval',
  }),
  probeRow('down_interval', 'downIntervalMs', nullable(DURATION), {
    doc: 'The interval while the peer is down; without, the same',
  }),
  probeRow('timeout', 'timeoutMs', DURATION, {
    doc: 'Time for all of one check: connecting, asking, the last byte',
    nginx: 'proxy_connect_timeout, proxy_read_timeout',
  }),
  probeRow('rise', 'rise', integer(1), {
    doc: 'Good checks in a row that bring a peer back',
    nginx: 'health_check passes=',
  }),
  probeRow('fall', 'fall', integer(1), {
    doc: 'Bad checks in a row that take it out',
    nginx: 'health_check fails=',
  }),
  probeRow('mandatory', 'isMandatory', BOOLEAN, {
    doc: 'A peer gets no requests before its first good check',
    nginx: 'health_check mandatory',
  }),
  probeRow('persistent', 'isPersistent', BOOLEAN, {
    doc: 'With `mandatory`: a reload keeps what was found before it',
    nginx: 'health_check … persistent',
  }),
  probeRow('on_failure', 'isAskedOnFailure', BOOLEAN, {
    doc: 'A failed request of a user asks at once',
  }),
  probeRow('keep_sessions', 'keepsSessions', BOOLEAN, {
    doc: 'A peer that is down still takes the requests of sessions that are bound to it',
  }),
  row<
    ProbeDraft,
    { readonly text: string; readonly address: NonNullable<Probe['virtual']> } | null
  >(
    'virtual',
    'virtual',
    nullable(LISTEN_ADDRESS),
    {
      get: ({ virtual }) => (virtual === null ? null : { text: '', address: virtual }),
      put: (draft, written) => ({ ...draft, virtual: written?.address ?? null }),
    },
    { doc: 'For `external`: the address of clients that the program is told' },
  ),
]

const NAME_ROW = probeRow('name', 'name', freeText('text', 'a name for logs and status', true), {
  doc: 'What logs and status call it; without, its path, its program, or its type',
})

const PEER_WANTED = 'a mapping such as { path: /other }, or a path'
const PATH = freeText('path', PEER_WANTED)
const PROBE_WANTED = 'a path such as /health, or a mapping such as { type: tcp }'
const SHORT = freeText('path', PROBE_WANTED)
const PATH_SCHEMA = { type: 'string', pattern: '^/' }

/** `peers`: what some of them are asked in place of the question for all. */
function peersRow(peers: readonly Peer[]): Row<ProbeDraft> {
  return {
    name: 'peers',
    doc:
      'What single peers are asked, by their address as in `peers` (or `#1` for the first): the ' +
      'keys that differ, or a path',
    nginx: '',
    isRequired: false,
    shape: {
      label: 'mapping of questions',
      wanted: `a mapping such as { "10.0.0.1:80": { path: /other } }`,
      schema: () => ({
        type: 'object',
        additionalProperties: { anyOf: [PATH_SCHEMA, { $ref: '#/$defs/question' }] },
      }),
    },
    read(entry, reading, draft, origins) {
      const entries = isNothing(entry, reading) ? null : reading.entries(entry.value!)
      if (entries === null) {
        reading.error(entry.key, `Cannot use "peers": wants a mapping from peer to question`)
        return draft
      }
      const checks: Record<number, ProbeCheck> = {}
      for (const one of entries.values()) {
        const check = readPeer(one, draft.check, reading)
        const indexes = indexesOf(one.name, peers)
        if (indexes.length === 0) {
          const hint = `they are ${peers.map(peer => `"${peer.name}"`).join(', ')}`
          reading.error(one.key, `No peer "${one.name}" in this upstream`, hint)
        }
        if (check !== undefined) for (const index of indexes) checks[index] = check
      }
      origins.checksOfPeers = reading.origin(entry.key)
      return { ...draft, checksOfPeers: checks }
    },
    write: value => writePeers(value, peers),
    show: () => undefined,
    hoist: (_values, onto) => onto,
  }
}

function indexesOf(name: string, peers: readonly Peer[]): readonly number[] {
  const number = /^#([1-9][0-9]{0,5})$/.exec(name)?.[1]
  if (number !== undefined) return Number(number) <= peers.length ? [Number(number) - 1] : []
  return peers.flatMap((peer, index) => (peer.name === name ? [index] : []))
}

function readPeer(entry: Entry, base: CheckDraft, reading: Reading): ProbeCheck | undefined {
  const { value } = entry
  if (value === null || isNothing(entry, reading)) {
    return reading.error(entry.key, `Nothing behind "${entry.name}": wants ${PEER_WANTED}`)
  }
  if (scalarText(value) !== null) {
    const path = PATH.read(value, reading)
    if (path?.startsWith('/') === true) return checkOf({ ...base, path })
    return path === undefined ? undefined : reading.unwanted(value, PEER_WANTED)
  }
  const draft = readRows(value, 'in the question for a peer', CHECK_ROWS, reading, base, {})
  if (draft === undefined || !checkKeys(draft, value, reading)) return undefined
  return checkOf(draft)
}

function writePeers(
  { check, checksOfPeers }: ProbeDraft,
  peers: readonly Peer[],
): Plain | undefined {
  if (checksOfPeers === undefined) return undefined
  const map: Record<string, Plain> = {}
  for (const [index, own] of Object.entries(checksOfPeers)) {
    const name = peers[Number(index)]?.name ?? ''
    const isAlone = !/^#/.test(name) && indexesOf(name, peers).length === 1
    const differs = writeRows(CHECK_ROWS, draftOfCheck(own, check), check, ALONE)
    map[isAlone ? name : `#${Number(index) + 1}`] = differs
  }
  return map
}

function typeHint(text: string): string {
  return CHECK_TYPES.some(type => type === text) ? `write { type: ${text} }` : ''
}

/** Makes the kind of one probe of these peers. */
function probeOf(peers: readonly Peer[]): Kind<ProbeDraft> {
  return record<ProbeDraft>({
    label: 'path, mapping',
    wanted: PROBE_WANTED,
    place: 'in a probe',
    rows: [
      NAME_ROW,
      ...within<ProbeDraft, 'check'>('check', CHECK_ROWS),
      ...TIME_ROWS,
      peersRow(peers),
    ],
    blank: () => BLANK_PROBE,
    short: {
      read: (node, reading) => {
        const path = SHORT.read(node, reading)
        if (path === undefined) return undefined
        if (!path.startsWith('/')) return reading.unwanted(node, PROBE_WANTED, typeHint(path))
        const check = { ...BLANK_CHECK, path }
        return { ...BLANK_PROBE, check, origin: reading.origin(node) }
      },
      write: draft => {
        const { path } = draft.check
        const isPlain = isSameData(draft, { ...BLANK_PROBE, check: { ...BLANK_CHECK, path } })
        return isPlain && path.startsWith('/') ? SHORT.write(path) : undefined
      },
      schema: PATH_SCHEMA,
    },
    finish: (draft, node, reading, origins: Origins) =>
      checkKeys(draft.check, node, reading) ? placed(draft, node, reading, origins) : undefined,
  })
}

/** Makes the kind of the probes of these peers: one, or a list of them. */
export function probesOf(peers: readonly Peer[]): Kind<readonly Probe[]> {
  const one = probeOf(peers)
  const listed = { ...one, schema: () => ({ $ref: '#/$defs/probe' }) }
  const kind = unlisted(one, list(listed, { label: 'path, mapping, list of them' }))
  return {
    ...kind,
    read: (node, reading) => kind.read(node, reading)?.map(finished),
    write: probes => kind.write(probes.map(unfinished)),
  }
}

/** The parts of the JSON Schema that stand in many places. */
export function probeDefinitions(): PlainMap {
  return {
    probe: probeOf([]).schema(),
    question: mappingShape(CHECK_ROWS).schema(),
    text_test: textTestSchema(),
  }
}

function finished(draft: ProbeDraft): Probe {
  const { check: written, jitter, doubt, name, ...rest } = draft
  const check = checkOf(written)
  const { intervalMs } = rest
  const jitterMs = 'ms' in jitter ? jitter.ms : partOf(intervalMs, jitter.percent)
  const doubtIntervalMs = doubt === 'usual' ? usualDoubt(intervalMs) : doubt
  const probe = { ...rest, check, jitterMs, doubtIntervalMs }
  return { ...probe, name: name === '' ? usualProbeName(check) : name }
}

function unfinished(probe: Probe): ProbeDraft {
  const { check, jitterMs, doubtIntervalMs, name, ...rest } = probe
  const isUsualJitter = jitterMs === partOf(rest.intervalMs, JITTER_PERCENT)
  return {
    ...rest,
    name: name === usualProbeName(check) ? '' : name,
    check: draftOfCheck(check, BLANK_CHECK),
    jitter: isUsualJitter ? { percent: JITTER_PERCENT } : { ms: jitterMs },
    doubt: doubtIntervalMs === usualDoubt(rest.intervalMs) ? 'usual' : doubtIntervalMs,
  }
}

function partOf(ms: number, percent: number): number {
  return Math.round((ms * percent) / 100)
}

function usualDoubt(intervalMs: number): number | null {
  return intervalMs > DOUBT_MS ? DOUBT_MS : null
}
