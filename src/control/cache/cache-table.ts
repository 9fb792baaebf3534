// Caches and what is in them as tables for people.

import { spanText } from '../probe-log.ts'
import type { ListReport, PurgeReport, ReportedEntry } from './cache-desk.ts'
import type { StatusCache } from './cache-status.ts'

const CACHE_HEAD = [
  'Cache',
  'Entries',
  'Size',
  'Max',
  'Hits',
  'Misses',
  'Ratio',
  'Served',
  'Evicted',
  'Waits',
  'State',
]
const ENTRY_HEAD = ['Status', 'Size', 'Bytes', 'Fresh', 'Used', 'Uses', 'Variant', 'Key', 'URL']

/** The caches with what counts most, a line each; empty where there are none. Without line ends. */
export function cacheLines(caches: readonly StatusCache[]): string[] {
  if (caches.length === 0) return []
  return layOut([
    CACHE_HEAD,
    ...caches.map(cache => [
      cache.name,
      grouped(cache.entries),
      bytesText(cache.bytes),
      cache.bytesMax === 0 ? '-' : bytesText(cache.bytesMax),
      grouped(cache.hits + cache.stale + cache.updating + cache.revalidated),
      grouped(cache.misses + cache.expired),
      cache.hitRatio === null ? '-' : `${(cache.hitRatio * 100).toFixed(1)} %`,
      bytesText(cache.hitBytes),
      grouped(cache.evictions),
      grouped(cache.lockWaits),
      cache.state,
    ]),
  ])
}

/** Everything that is counted of each cache. Ends with a line end. */
export function cacheDetails(caches: readonly StatusCache[]): string {
  if (caches.length === 0) return 'the configuration has no cache\n'
  return caches.map(cache => `${detailLines(cache).join('\n')}\n`).join('\n')
}

function detailLines(cache: StatusCache): string[] {
  const { hitRatio, bytesMax } = cache
  const ratio = hitRatio === null ? '' : ` (${(hitRatio * 100).toFixed(1)} % of requests answered)`
  const limit = bytesMax === 0 ? 'no limit' : `of at most ${bytesText(bytesMax)}`
  const count = (name: keyof StatusCache, word: string) => `${grouped(Number(cache[name]))} ${word}`
  const rows: readonly (readonly [string, string])[] = [
    ['stored', `${count('entries', 'entries')}, ${bytesText(cache.bytes)}, ${limit}`],
    ['keys', `${grouped(cache.keys)} of ${grouped(cache.keysMax)}`],
    [
      'requests',
      [
        count('hits', 'hits'),
        count('misses', 'misses'),
        count('expired', 'expired'),
        count('revalidated', 'revalidated'),
        count('stale', 'stale'),
        count('updating', 'updating'),
        count('bypass', 'bypassed'),
      ].join(', ') + ratio,
    ],
    ['from memory', count('memoryHits', 'hits')],
    ['bytes', `${bytesText(cache.hitBytes)} from here, ${bytesText(cache.missBytes)} from peers`],
    ['stores', `${count('stores', 'done')}, ${count('storeFailures', 'failed')}`],
    [
      'removed',
      [
        count('evictions', 'for room'),
        count('inactive', 'unused'),
        count('purges', 'purged'),
        count('corrupt', 'damaged'),
      ].join(', '),
    ],
    ['waits', `${count('lockWaits', 'for a fetch')}, ${count('lockTimeouts', 'in vain')}`],
    ['at start', `${count('loaded', 'loaded')}, ${count('dropped', 'dropped')}`],
  ]
  const head = `cache "${cache.name}": ${cache.path} (${cache.state})`
  return [head, ...rows.map(([name, text]) => `  ${name.padEnd(12)} ${text}`)]
}

/** What is stored, a line each. Ends with a line end. */
export function listTable({ now, entries, cut }: ListReport): string {
  if (entries.length === 0) return 'nothing is stored there\n'
  const nowMs = Date.parse(now)
  const lines = layOut([ENTRY_HEAD, ...entries.map(entry => entryCells(entry, nowMs))])
  const rest = cut ? [`(more than these ${entries.length}; --limit shows more)`] : []
  return [...lines, ...rest].map(line => `${line}\n`).join('')
}

function entryCells(entry: ReportedEntry, nowMs: number): string[] {
  const { status, bytes, whole, range, fresh, freshUntil, usedAt, uses, url, tags } = entry
  const size = bytes === null ? '?' : bytesText(bytes)
  const span = spanText(Math.abs(Date.parse(freshUntil) - nowMs))
  const about = tags.length === 0 ? '' : ` [${tags.join(' ')}]`
  return [
    String(status),
    whole ? size : `part of ${size}`,
    range === '' ? 'all' : range,
    fresh ? span : `stale ${span}`,
    `${spanText(Math.max(0, nowMs - Date.parse(usedAt)))} ago`,
    String(uses),
    entry.variant === '' ? '-' : safe(entry.variant),
    safe(entry.key),
    safe(`${url}${about}`),
  ]
}

/** What a purge came to. Ends with a line end. */
export function purgeText({ caches, soft, tookMs }: PurgeReport): string {
  const done = soft ? 'made stale' : 'removed'
  return caches
    .map(({ name, entries, bytes, keys }) => {
      const what = `${grouped(entries)} ${entries === 1 ? 'entry' : 'entries'} ${done}`
      const which = keys === undefined ? '' : `, key ${keys.map(key => `"${key}"`).join(' and ')}`
      return safe(`cache "${name}": ${what} (${bytesText(bytes)}) in ${spanText(tookMs)}${which}`)
    })
    .map(line => `${line}\n`)
    .join('')
}

/** `1.5 MiB`; whole numbers below a kibibyte. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** What a client asked for must not move the cursor of who looks at it. */
function safe(text: string): string {
  return text.replaceAll(
    /[\x00-\x1f\x7f-\x9f]/g,
    character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
