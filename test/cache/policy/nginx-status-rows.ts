// Statuses against `proxy_cache_valid`, Set-Cookie, and fields under `proxy_ignore_headers`.

import type { PlaceName } from './nginx-places.ts'
import { type ResponseRow, row } from './nginx-response-row.ts'

const status = (number: number, place: PlaceName, want: ResponseRow['want']) =>
  row(`status ${number}`, place, [], want, { status: number })

export const STATUS_ROWS: readonly ResponseRow[] = [
  status(200, 'hour', 'HIT'),
  status(301, 'hour', 'HIT'),
  status(302, 'hour', 'HIT'),
  status(204, 'hour', 'MISS'),
  status(206, 'hour', 'MISS'),
  status(303, 'hour', 'MISS'),
  status(304, 'hour', 'MISS'),
  status(308, 'hour', 'MISS'),
  status(404, 'hour', 'MISS'),
  status(500, 'hour', 'MISS'),
  status(204, 'any', 'HIT'),
  status(206, 'any', 'HIT'),
  status(304, 'any', 'HIT'),
  status(404, 'any', 'HIT'),
  status(410, 'any', 'HIT'),
  status(416, 'any', 'HIT'),
  status(500, 'any', 'HIT'),
  status(502, 'any', 'HIT'),
  status(503, 'any', 'HIT'),
  status(599, 'any', 'HIT'),
  status(200, 'list', 'HIT'),
  status(304, 'list', 'HIT'),
  status(404, 'list', 'HIT'),
  status(302, 'list', 'MISS'),
  status(404, 'ordered', 'MISS'),
  status(500, 'ordered', 'HIT'),
  row('404 with max-age', 'plain', ['Cache-Control: max-age=60'], 'HIT', { status: 404 }),
  row('500 with max-age', 'plain', ['Cache-Control: max-age=60'], 'HIT', { status: 500 }),
  row(
    '206 with max-age',
    'plain',
    ['Cache-Control: max-age=60', 'Content-Range: bytes 0-1/9'],
    'HIT',
    { status: 206 },
  ),
  row('404 with X-Accel-Expires against valid 404 0', 'ordered', ['X-Accel-Expires: 60'], 'HIT', {
    status: 404,
  }),
]

export const REFUSED_ROWS: readonly ResponseRow[] = [
  row('Set-Cookie', 'any', ['Set-Cookie: a=b'], 'MISS'),
  row('an empty Set-Cookie', 'any', ['Set-Cookie:'], 'MISS'),
  row('Set-Cookie with max-age', 'plain', ['Set-Cookie: a=b', 'Cache-Control: max-age=60'], 'MISS'),
  row(
    'Set-Cookie with X-Accel-Expires',
    'plain',
    ['Set-Cookie: a=b', 'X-Accel-Expires: 60'],
    'MISS',
  ),
  row('Set-Cookie2', 'any', ['Set-Cookie2: a=b'], 'HIT'),
  row('Set-Cookie ignored', 'ignore-set-cookie', ['Set-Cookie: a=b'], 'HIT'),
  row('Cache-Control ignored', 'ignore-cache-control', ['Cache-Control: no-store'], 'HIT'),
  row(
    'Cache-Control ignored, Expires past',
    'ignore-cache-control',
    ['Cache-Control: max-age=9', 'Expires: {-9}'],
    'MISS',
  ),
  row('a bad Cache-Control ignored', 'ignore-cache-control', ['Cache-Control: max-age=x'], 'HIT'),
  row('Expires ignored', 'ignore-expires', ['Expires: {-60}'], 'HIT'),
  row('X-Accel-Expires ignored', 'ignore-x-accel-expires', ['X-Accel-Expires: 0'], 'HIT'),
  row(
    'X-Accel-Expires ignored, no-cache',
    'ignore-x-accel-expires',
    ['Cache-Control: no-cache', 'X-Accel-Expires: 9'],
    'MISS',
  ),
  row(
    'X-Accel-Expires ignored, but there when no-cache comes after Expires',
    'ignore-x-accel-expires',
    ['Expires: {+60}', 'X-Accel-Expires: 9', 'Cache-Control: no-cache'],
    'HIT',
  ),
  row('X-Accel-Redirect ignored', 'ignore-x-accel-redirect', ['X-Accel-Redirect: /plain/0'], 'HIT'),
  row('X-Accel-Buffering ignored', 'ignore-x-accel-buffering', ['X-Accel-Buffering: no'], 'HIT'),
  row('X-Accel-Charset ignored', 'ignore-x-accel-charset', ['X-Accel-Charset: utf-8'], 'HIT'),
  row(
    'X-Accel-Limit-Rate ignored',
    'ignore-x-accel-limit-rate',
    ['X-Accel-Limit-Rate: 99999'],
    'HIT',
  ),
  row('Vary: * ignored', 'ignore-vary', ['Vary: *'], 'HIT'),
  row('Vary ignored', 'ignore-vary', ['Vary: A'], 'HIT', { asked: [['A: 1'], ['A: 2']] }),
]
