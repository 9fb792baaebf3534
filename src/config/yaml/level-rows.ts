// The keys that a server and a route share: the inherited settings, and what is done with a
// request. `files` and `proxy` both set how and say that.

import { DEFAULT_COMPAT } from '../../model/defaults.ts'
import type { Action, Return, TryFiles } from '../../model/route.ts'
import type { Settings } from '../../model/settings.ts'
import { RETURN, TRY_FILES } from './answer-kinds.ts'
import { yamlSettings } from './defaults.ts'
import { FILES_ROWS, ROUTE_FILES_ROWS } from './files-table.ts'
import type { Kind } from './kind.ts'
import type { Plain } from './plain.ts'
import { PROXY_ROWS } from './proxy-table.ts'
import type { Entry, Reading } from './reading.ts'
import {
  group,
  groupShape,
  isNothing,
  isSameData,
  type Origins,
  type Row,
  readRows,
  row,
  type Writing,
  within,
  writeRows,
} from './row.ts'
import { PLAIN_SETTINGS_ROWS } from './settings-table.ts'
import {
  makeTarget,
  NO_TARGET,
  NOWHERE,
  TARGET_ROWS,
  type TargetDraft,
  writeTarget,
} from './target-table.ts'

/** What servers and locations of the model have in common. */
export interface Level {
  readonly settings: Settings
  readonly returns: Return | null
  readonly tryFiles?: TryFiles
  readonly action: Action
  /** Of locations only. */
  readonly isInternal?: boolean
}

/** Makes the rows of a server or a route; nested routes come after them. */
export function levelRows<S extends Level>(place: 'server' | 'route'): readonly Row<S>[] {
  const fileRows = place === 'route' ? ROUTE_FILES_ROWS : FILES_ROWS
  const files = group<S>('files', liftSettings(within('files', fileRows)), {
    doc: 'How files are found and named; that it is there, even as `{}`, makes files the answer',
  })
  return [
    row<S, Return>(
      'return',
      'returns',
      RETURN as Kind<Return>,
      {
        get: level => level.returns as Return,
        put: (level, returns) => ({ ...level, returns }),
      },
      { doc: 'Answer without asking anybody', nginx: 'return' },
    ),
    row<S, TryFiles>(
      'try_files',
      'tryFiles',
      TRY_FILES,
      {
        get: level => level.tryFiles as TryFiles,
        put: (level, tryFiles) => ({ ...level, tryFiles }),
      },
      { doc: 'Serve the first of these files that is there', nginx: 'try_files' },
    ),
    {
      ...files,
      read(entry, reading, draft, origins) {
        const read = files.read(entry, reading, draft, origins)
        return { ...read, action: { kind: 'files' } }
      },
      write(value, base, writing) {
        const plain = files.write(value, base, writing)
        const isNews = value.action.kind === 'files' && base.action.kind !== 'files'
        return plain ?? (isNews ? {} : undefined)
      },
    },
    proxyRow<S>(),
    ...liftSettings<S>(PLAIN_SETTINGS_ROWS),
  ]
}

/** What is inherited was written somewhere too: the places of the settings of an outer level. */
export function inheritedOrigins(outer: Origins): Origins {
  return Object.fromEntries(Object.entries(outer).filter(([property]) => isInherited(property)))
}

const SETTINGS: ReadonlySet<string> = new Set(Object.keys(yamlSettings(DEFAULT_COMPAT, '/')))
const TARGET: ReadonlySet<string> = new Set(TARGET_ROWS.map(known => `proxy.${known.name}`))

/** `accessLogs`, `client.bodyBytesMax`, but not `match` or `proxy.upstream`. */
function isInherited(property: string): boolean {
  return SETTINGS.has(property.split('.', 1)[0]!) && !TARGET.has(property)
}

/** A level and the target that is being read for it. */
interface ProxyDraft {
  readonly settings: Settings
  readonly target: TargetDraft
}

const PROXY_DRAFT_ROWS: readonly Row<ProxyDraft>[] = [
  ...within<ProxyDraft, 'target'>('target', TARGET_ROWS),
  ...within<ProxyDraft, 'settings'>('settings', within('proxy', PROXY_ROWS)),
]

/** `proxy`: a target that replaces the action, and settings. */
export function proxyRow<S extends Level>(): Row<S> {
  return {
    name: 'proxy',
    doc: 'How peers are spoken to; with `upstream` or `address` in it, requests are passed on',
    nginx: '',
    isRequired: false,
    shape: groupShape(PROXY_DRAFT_ROWS),
    read: readProxy,
    write(value, base, writing) {
      const draft = { settings: value.settings, target: NO_TARGET }
      const settings = writeRows(
        PROXY_DRAFT_ROWS,
        draft,
        { ...draft, settings: base.settings },
        writing,
      )
      const map = { ...targetToWrite(value, base, writing), ...settings }
      return Object.keys(map).length === 0 ? undefined : map
    },
    show: () => undefined,
    hoist: (_values, onto) => onto,
  }
}

function readProxy<S extends Level>(entry: Entry, reading: Reading, level: S, origins: Origins): S {
  if (isNothing(entry, reading)) return level
  const node = entry.value!
  const before: ProxyDraft = { settings: level.settings, target: NO_TARGET }
  const inner: Origins = {}
  const draft = readRows(node, 'in "proxy"', PROXY_DRAFT_ROWS, reading, before, inner)
  if (draft === undefined) return level
  for (const [property, origin] of Object.entries(inner)) origins[`proxy.${property}`] = origin
  const changed = draft.settings === level.settings ? level : { ...level, settings: draft.settings }
  const isTarget = TARGET_ROWS.some(known => reading.entries(node)?.has(known.name))
  const target = isTarget ? makeTarget(draft.target, node, reading, inner) : undefined
  return target === undefined ? changed : { ...changed, action: { kind: 'proxy', target } }
}

/**
 * The target, where it is another than the inherited one, or where `files` beside it would hide it.
 */
function targetToWrite<S extends Level>(
  value: S,
  base: S,
  writing: Writing,
): Record<string, Plain> {
  if (value.action.kind !== 'proxy') return {}
  const { target } = value.action
  const inherited = base.action.kind === 'proxy' ? base.action.target : NOWHERE
  const isHidden = !isSameData(value.settings.files, base.settings.files)
  if (!isHidden && isSameData(target, inherited)) return {}
  return writeTarget(target, writing.upstreams)
}

/** Makes rows of the settings into rows of what has them. */
export function liftSettings<S extends Level>(rows: readonly Row<Settings>[]): Row<S>[] {
  return rows.map(inner => ({
    ...inner,
    read: (entry, reading, draft, origins) => {
      const settings = inner.read(entry, reading, draft.settings, origins)
      return settings === draft.settings ? draft : { ...draft, settings }
    },
    write: (value, base, writing) => inner.write(value.settings, base.settings, writing),
    show: value => inner.show(value.settings),
    hoist: (_values, onto) => onto,
  }))
}
