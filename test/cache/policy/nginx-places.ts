// Locations of an nginx that caches, each with its directives and with the same as settings of the
// policy, and how a row's response is written out: `{+60}` is a date a minute from now, `{@-5}` the
// second five seconds ago.

import type { NginxPolicySettings } from '../../../src/cache/policy/nginx-policy.ts'
import { formatHttpDate } from '../../../src/http/date.ts'
import { IGNORABLE_FIELDS, type IgnorableField } from '../../../src/model/cache.ts'

export interface Place {
  /** Of nginx. */
  readonly directives: string
  readonly settings: NginxPolicySettings
}

const HOUR = 3600
const DEFAULT: NginxPolicySettings = {
  valid: [],
  useStale: [],
  isRevalidating: false,
  ignoreFields: [],
  isBuffering: true,
}
const ANY = [{ statuses: [], seconds: HOUR }]

export const PLACES = {
  plain: { directives: '', settings: DEFAULT },
  hour: {
    directives: 'proxy_cache_valid 1h;',
    settings: { ...DEFAULT, valid: [{ statuses: [200, 301, 302], seconds: HOUR }] },
  },
  any: { directives: 'proxy_cache_valid any 1h;', settings: { ...DEFAULT, valid: ANY } },
  list: {
    directives: 'proxy_cache_valid 200 304 12h; proxy_cache_valid 404 1m;',
    settings: {
      ...DEFAULT,
      valid: [
        { statuses: [200, 304], seconds: 12 * HOUR },
        { statuses: [404], seconds: 60 },
      ],
    },
  },
  ordered: {
    directives: 'proxy_cache_valid 404 0; proxy_cache_valid any 1h; proxy_cache_valid 500 0;',
    settings: {
      ...DEFAULT,
      valid: [{ statuses: [404], seconds: 0 }, ...ANY, { statuses: [500], seconds: 0 }],
    },
  },
  unbuffered: {
    directives: 'proxy_cache_valid any 1h; proxy_buffering off;',
    settings: { ...DEFAULT, valid: ANY, isBuffering: false },
  },
  revalidating: {
    directives: 'proxy_cache_revalidate on;',
    settings: { ...DEFAULT, isRevalidating: true },
  },
  'revalidating-hour': {
    directives: 'proxy_cache_revalidate on; proxy_cache_valid 200 1h;',
    settings: {
      ...DEFAULT,
      isRevalidating: true,
      valid: [{ statuses: [200], seconds: HOUR }],
    },
  },
  'revalidating-304': {
    directives: 'proxy_cache_revalidate on; proxy_cache_valid 304 1h;',
    settings: {
      ...DEFAULT,
      isRevalidating: true,
      valid: [{ statuses: [304], seconds: HOUR }],
    },
  },
  'stale-error': stale('error'),
  'stale-timeout': stale('timeout'),
  'stale-invalid': stale('invalid_header'),
  'stale-500': stale('http_500'),
  'stale-502': stale('http_502'),
  'stale-503': stale('http_503'),
  'stale-504': stale('http_504'),
  'stale-403': stale('http_403'),
  'stale-404': stale('http_404'),
  'stale-429': stale('http_429'),
  'stale-updating': stale('updating'),
  'background-updating': {
    directives: 'proxy_cache_use_stale updating; proxy_cache_background_update on;',
    settings: { ...DEFAULT, useStale: ['updating'] },
  },
  'range-10': { directives: 'proxy_cache_max_range_offset 10;', settings: DEFAULT },
  'range-0': { directives: 'proxy_cache_max_range_offset 0;', settings: DEFAULT },
  background: { directives: 'proxy_cache_background_update on;', settings: DEFAULT },
  ...Object.fromEntries(
    IGNORABLE_FIELDS.map(field => [
      `ignore-${field}`,
      {
        directives: `proxy_cache_valid any 1h; proxy_ignore_headers ${field};`,
        settings: { ...DEFAULT, valid: ANY, ignoreFields: [field] },
      },
    ]),
  ),
} as const satisfies Record<string, Place> & { [name: `ignore-${string}`]: Place }

export type PlaceName = Exclude<keyof typeof PLACES, number> | `ignore-${IgnorableField}`

function stale(condition: NginxPolicySettings['useStale'][number]) {
  return {
    directives: `proxy_cache_use_stale ${condition};`,
    settings: { ...DEFAULT, useStale: [condition] },
  }
}

export function placeOf(name: PlaceName): Place {
  return (PLACES as Record<string, Place>)[name]!
}

/** Writes out the dates of a line. */
export function fillIn(text: string, now: number): string {
  return text.replace(/\{(@?)([+-]\d+)\}/g, (_, at: string, offset: string) => {
    const seconds = now + Number(offset)
    return at === '' ? formatHttpDate(seconds) : `@${seconds}`
  })
}
