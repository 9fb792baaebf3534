// The orders that the control socket takes about caches, as plain data: what a purge and a listing may say, and reading
// them from JSON that anybody may have written. Texts come in UTF-8 and are compared as the bytes that they stand for.

import { nearest } from '../../config/suggest.ts'
import { OrderRefused } from '../control-socket.ts'
import type { PurgeScope } from './purge.ts'

/** What a purge concerns: one of these, and no more. */
export const PURGE_SCOPES = ['url', 'key', 'prefix', 'tag', 'all'] as const
export type PurgeScopeName = (typeof PURGE_SCOPES)[number]

export interface PurgeOrder {
  /** A URL has other keys in each cache: a worker says which. */
  readonly url: string | null
  /** Null with a URL. */
  readonly scope: PurgeScope | null
  readonly isSoft: boolean
  /** Name of the one cache that is meant; null = all. */
  readonly cache: string | null
}

export interface ListOrder {
  readonly prefix: string
  readonly countMax: number
  readonly cache: string | null
}

export const LIST_COUNT = 100
const LIST_COUNT_MAX = 1_000_000

/** Fails with `OrderRefused`. */
export function readPurgeOrder(order: unknown): PurgeOrder {
  const fields = fieldsOf(order, [...PURGE_SCOPES, 'soft', 'cache'])
  const given = PURGE_SCOPES.filter(name => fields[name] !== undefined && fields[name] !== false)
  const [name] = given
  if (name === undefined || given.length > 1) {
    throw new OrderRefused(`a purge wants one of ${PURGE_SCOPES.join(', ')}`)
  }
  const text = name === 'all' ? '' : latin1Of(textOf(fields, name))
  return {
    url: name === 'url' ? textOf(fields, name) : null,
    scope: scopeOf(name, text),
    isSoft: flagOf(fields, 'soft'),
    cache: fields.cache === undefined ? null : textOf(fields, 'cache'),
  }
}

/** Fails with `OrderRefused`. */
export function readListOrder(order: unknown): ListOrder {
  const fields = fieldsOf(order, ['prefix', 'limit', 'cache'])
  const { limit = LIST_COUNT } = fields
  if (
    typeof limit !== 'number' ||
    !Number.isInteger(limit) ||
    limit < 1 ||
    limit > LIST_COUNT_MAX
  ) {
    throw new OrderRefused(`"limit" is a number from 1 to ${LIST_COUNT_MAX}`)
  }
  return {
    prefix: fields.prefix === undefined ? '' : latin1Of(textOf(fields, 'prefix')),
    countMax: limit,
    cache: fields.cache === undefined ? null : textOf(fields, 'cache'),
  }
}

/** Those of the caches that an order means. Fails with `OrderRefused`. */
export function chosenCaches<T extends { readonly path: { readonly name: string } }>(
  caches: readonly T[],
  name: string | null,
): readonly T[] {
  const names = caches.map(({ path }) => path.name)
  if (caches.length === 0) throw new OrderRefused('the configuration has no cache')
  if (name === null) return caches
  const found = caches.filter(({ path }) => path.name === name)
  if (found.length > 0) return found
  const meant = nearest(name, names)
  const hint = meant === null ? `there is ${names.join(', ')}` : `did you mean "${meant}"?`
  throw new OrderRefused(`there is no cache "${name}": ${hint}`)
}

/** The bytes of a text, a character each: so keys, URLs and tags are kept. */
export function latin1Of(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** The text that such bytes stand for. */
export function textOfLatin1(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}

function scopeOf(name: PurgeScopeName, text: string): PurgeScope | null {
  switch (name) {
    case 'url':
      return null
    case 'key':
      return { kind: 'keys', keys: [text] }
    case 'prefix':
      return {
        kind: 'prefix',
        prefix: text.endsWith('*') ? text.slice(0, -1) : text,
        isOfKey: false,
      }
    case 'tag':
      return { kind: 'tag', tag: text }
    case 'all':
      return { kind: 'all' }
  }
}

function fieldsOf(order: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (order === null) return {}
  if (typeof order !== 'object' || Array.isArray(order)) {
    throw new OrderRefused('the body is no JSON object')
  }
  const unknown = Object.keys(order).find(name => !names.includes(name))
  if (unknown === undefined) return order as Readonly<Record<string, unknown>>
  const meant = nearest(unknown, names)
  const hint = meant === null ? `there is ${names.join(', ')}` : `did you mean "${meant}"?`
  throw new OrderRefused(`there is no "${unknown}" here: ${hint}`)
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name]
  if (typeof value === 'string' && value !== '') return value
  throw new OrderRefused(`"${name}" wants a text`)
}

function flagOf(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  const { [name]: value = false } = fields
  if (typeof value === 'boolean') return value
  throw new OrderRefused(`"${name}" is true or false`)
}
