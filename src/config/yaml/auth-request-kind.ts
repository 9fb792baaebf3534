// `auth_request`: a path, `off`, or with the variables that the answer gives values to.

import type { AccessSettings, AuthVariable } from '../../model/access.ts'
import { isKnownVariable } from '../../model/variables.ts'
import { readTemplate, writeTemplate } from './interpolation.ts'
import { type Kind, nullable } from './kind.ts'
import { orOff } from './or-off.ts'
import type { Plain } from './plain.ts'
import type { Reading, YamlNode } from './reading.ts'
import { record } from './record.ts'
import { isNothing, isSameData, rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { freeText, template } from './words.ts'

/** What it says of access. */
export type Asked = Pick<AccessSettings, 'request' | 'requestSets'>

interface AskedDraft {
  readonly uri: string | 'off' | null
  readonly set: readonly AuthVariable[] | null
}

const URI = freeText('path', 'a path of this server such as /auth')
const VALUE = template('a text with variables such as $upstream_http_x_user', true)

const SETS: Kind<readonly AuthVariable[]> = {
  label: 'mapping of variables',
  wanted: 'a mapping such as { user: $upstream_http_x_user }',
  schema: () => ({ type: 'object', additionalProperties: VALUE.schema() }),
  read(node, reading) {
    const entries = reading.entries(node)
    if (entries === null) return reading.unwanted(node, SETS.wanted)
    const sets: AuthVariable[] = []
    for (const entry of entries.values()) {
      const name = variableName(entry.name)
      if (name === null)
        return reading.error(entry.key, `Cannot use "${entry.name}" as the name of a variable`)
      if (isKnownVariable(name)) {
        const problem = `Cannot set "${entry.name}": there is a variable of this name`
        return reading.error(entry.key, problem, 'choose a name of your own')
      }
      if (isNothing(entry, reading)) {
        return reading.error(entry.key, `Nothing behind "${entry.name}": wants ${VALUE.wanted}`)
      }
      const value = readTemplate(entry.value!, reading)
      if (value === undefined) return undefined
      if (value === null) return reading.unwanted(entry.value!, VALUE.wanted)
      sets.push({ name, value })
    }
    return sets
  },
  write: sets => Object.fromEntries(sets.map(({ name, value }) => [name, writeTemplate(value)])),
}

function variableName(written: string): string | null {
  return /^\$?([a-z_][a-z0-9_]*)$/i.exec(written)?.[1]?.toLowerCase() ?? null
}

const asked = rowsOf<AskedDraft>()

const ASKED_DRAFT: Kind<AskedDraft> = record<AskedDraft>({
  label: 'path, `off`, mapping',
  wanted:
    'a path such as /auth, off, or a mapping such as { uri: /auth, set: { user: $upstream_http_x_user } }',
  place: 'in "auth_request"',
  rows: [
    asked('uri', 'uri', orOff(URI), {
      doc: 'Path of this server: 2xx there lets the request pass, 401 and 403 do not; `off` asks nobody',
      nginx: 'auth_request',
    }),
    asked('set', 'set', nullable(SETS), {
      doc: 'Variables from those of the answer; replaces the inherited ones',
      nginx: 'auth_request_set',
    }),
  ],
  blank: () => ({ uri: null, set: null }),
  short: {
    read: (node, reading) => {
      const uri = URI.read(node, reading)
      return uri === undefined ? undefined : { uri, set: null }
    },
    write: ({ uri, set }): Plain | undefined =>
      set !== null || uri === null ? undefined : uri === 'off' ? 'off' : URI.write(uri),
    schema: { type: ['string', 'boolean'] },
  },
})

/** `auth_request`; what is not written of it is inherited. */
export const ASKED: Kind<Asked> = {
  ...ASKED_DRAFT,
  read(node, reading, inherited = NOBODY_ASKED) {
    const word = scalarText(node)
    if (word === 'off' || word === 'false') return { ...inherited, request: null }
    const draft = ASKED_DRAFT.read(node, reading)
    if (draft === undefined) return undefined
    return {
      request: draft.uri === 'off' ? null : (draft.uri ?? inherited.request),
      requestSets: draft.set ?? inherited.requestSets,
    }
  },
  write(value, inherited = NOBODY_ASKED) {
    const { request, requestSets } = value
    const isSameSet = isSameData(requestSets, inherited.requestSets)
    const isSameUri = !isSameSet && request === inherited.request
    return ASKED_DRAFT.write({
      uri: isSameUri ? null : (request ?? 'off'),
      set: isSameSet ? null : requestSets,
    })
  },
}

const NOBODY_ASKED: Asked = { request: null, requestSets: [] }

/** Keys that others with `auth_request` in them may stand under. */
const AROUND: ReadonlySet<string> = new Set(['servers', 'routes', 'rewrite', 'with'])

/**
 * Names that `auth_request` gives values to anywhere in the file: variables of its own, which may be used before the place
 * that sets them.
 */
export function requestedNames(
  node: YamlNode,
  reading: Reading,
  seen: Set<YamlNode> = new Set(),
): readonly string[] {
  const names: string[] = []
  // Through its aliases a file may hold itself.
  if (seen.has(node)) return names
  seen.add(node)
  for (const item of reading.items(node) ?? []) names.push(...requestedNames(item, reading, seen))
  for (const { name, value } of reading.entries(node)?.values() ?? []) {
    if (value === null) continue
    if (name !== 'auth_request') {
      if (AROUND.has(name)) names.push(...requestedNames(value, reading, seen))
      continue
    }
    const set = reading.entries(value)?.get('set')?.value ?? null
    const entries = set === null ? null : reading.entries(set)
    for (const key of entries?.keys() ?? []) names.push(variableName(key) ?? '')
  }
  return names
}
