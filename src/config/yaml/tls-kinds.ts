// Values about TLS: files that may hold variables or stand in the configuration itself, and where sessions are kept.

import type { Template } from '../../model/template.ts'
import type { SessionCache } from '../../model/tls.ts'
import { readTemplate, writeTemplate } from './interpolation.ts'
import { type Kind, nullable } from './kind.ts'
import { size } from './measures.ts'
import { PATH_TEMPLATE } from './paths.ts'
import { record } from './record.ts'
import { rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { freeText, integer } from './words.ts'

/** A path with variables, or with `data:` before it the text itself. */
export const TLS_FILE: Kind<Template> = {
  label: 'path with variables, `data:` and text',
  wanted: 'a path such as /etc/tls/site.pem, or data: and the text itself',
  schema: () => ({ type: 'string' }),
  read(node, reading) {
    const parts = readTemplate(node, reading)
    const [first] = parts ?? []
    const isItself = typeof first === 'string' && /^(?:data|engine|store):/.test(first)
    return isItself ? parts! : PATH_TEMPLATE.read(node, reading)
  },
  write: writeTemplate,
}

/** Null where it is off. */
export const OPTIONAL_TLS_FILE: Kind<Template | null> = {
  ...TLS_FILE,
  wanted: `${TLS_FILE.wanted}, or off`,
  schema: () => ({ type: ['string', 'boolean'] }),
  read(node, reading) {
    const text = scalarText(node)
    return text === 'off' || text === 'false' ? null : TLS_FILE.read(node, reading)
  },
  write: file => (file === null ? 'off' : TLS_FILE.write(file)),
}

type Memory = Extract<SessionCache, { kind: 'memory' }>
type Shared = NonNullable<Memory['shared']>

const shared = rowsOf<Shared>()
const SHARED: Kind<Shared> = record<Shared>({
  label: '`{ name, size }`',
  wanted: 'a mapping such as { name: tls, size: 10m }',
  place: 'in "shared"',
  rows: [
    shared('name', 'name', freeText('name', 'a name such as tls'), {
      doc: 'Who names the same has the same',
      isRequired: true,
    }),
    shared('size', 'bytes', size(32_768), { doc: 'Memory of all workers', isRequired: true }),
  ],
  blank: () => ({ name: '', bytes: -1 }),
})

const memory = rowsOf<Memory>()
const MEMORY: Kind<Memory> = record<Memory>({
  label: '`off`, `none`, mapping',
  wanted: 'off, none, or a mapping such as { shared: { name: tls, size: 10m } }',
  place: 'in "session_cache"',
  rows: [
    memory('builtin', 'builtInSessions', nullable(integer(0)), {
      doc: 'Sessions that each worker keeps; 0 = as many as OpenSSL likes',
    }),
    memory('shared', 'shared', nullable(SHARED), { doc: 'Memory of all workers' }),
  ],
  blank: () => ({ kind: 'memory', builtInSessions: null, shared: null }),
})

export const SESSION_CACHE: Kind<SessionCache> = {
  ...MEMORY,
  schema: () => ({ anyOf: [{ enum: ['off', 'none', false] }, MEMORY.schema()] }),
  read(node, reading) {
    const text = scalarText(node)
    if (text === 'none') return { kind: 'none' }
    if (text === 'off' || text === 'false') return { kind: 'off' }
    return MEMORY.read(node, reading)
  },
  write: cache => (cache.kind === 'memory' ? MEMORY.write(cache) : cache.kind),
}

type Command = readonly [name: string, value: string]
type CommandDraft = { readonly name: string; readonly value: string }

const command = rowsOf<CommandDraft>()
const DRAFT: Kind<CommandDraft> = record<CommandDraft>({
  label: '`{ name, value }`',
  wanted: 'a mapping such as { name: Options, value: -SessionTicket }',
  place: 'in a command',
  rows: [
    command('name', 'name', freeText('name', 'a name such as Options'), {
      doc: 'Name of the command',
      isRequired: true,
    }),
    command('value', 'value', freeText('text', 'what it is set to', true), {
      doc: 'What it is set to',
      isRequired: true,
    }),
  ],
  blank: () => ({ name: '', value: '\0' }),
})

/** A command of OpenSSL's configuration. */
export const TLS_COMMAND: Kind<Command> = {
  ...DRAFT,
  read(node, reading) {
    const draft = DRAFT.read(node, reading)
    return draft === undefined ? undefined : [draft.name, draft.value]
  },
  write: ([name, value]) => DRAFT.write({ name, value }),
}
