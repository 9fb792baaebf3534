// `access`, `satisfy`, `basic_auth`, `auth_delay` and `auth_request`: who may have what. A list of rules is taken in its
// order, as in nginx; a mapping of the two has none, so what is denied comes first in it, and who is not allowed stays out.

import { networkText, parseNetwork } from '../../base/network.ts'
import type { AccessRule, AccessSettings, AddressRange } from '../../model/access.ts'
import { literal, type Template } from '../../model/template.ts'
import { ASKED, type Asked } from './auth-request-kind.ts'
import { list } from './collections.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { DURATION } from './measures.ts'
import { NETWORK_WANTED } from './networks.ts'
import { orOff } from './or-off.ts'
import { PATH_TEMPLATE } from './paths.ts'
import { record } from './record.ts'
import { isSameData, type Row, row, rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { choice, template } from './words.ts'

// ── by address ─────────────────────────────────────────────────────────────────────────────────────────────────────

const RANGE: Kind<AddressRange> = wordKind<AddressRange>({
  label: 'network, `unix:`, `all`',
  wanted: `${NETWORK_WANTED}; "unix:" for clients of UNIX sockets, or all`,
  schema: { type: 'string' },
  parse: text => {
    if (text === 'all') return { kind: 'all' }
    if (text === 'unix:') return { kind: 'unix' }
    const written = parseNetwork(text)
    return written === null ? null : { kind: 'network', network: networkText(written.network) }
  },
  print: range => {
    if (range.kind === 'network') return range.network
    return range.kind === 'unix' ? 'unix:' : 'all'
  },
})

/** Null = not written. */
interface RulesDraft {
  readonly allow: readonly AddressRange[] | null
  readonly deny: readonly AddressRange[] | null
}

const ranges = nullable(list(RANGE, { label: 'list of networks' }))
const rule = rowsOf<RulesDraft>()

const RULES_DRAFT: Kind<RulesDraft> = record<RulesDraft>({
  label: '`{ allow, deny }`',
  wanted: 'a mapping such as { allow: [10.0.0.0/8, 192.0.2.1] }',
  place: 'in "access"',
  rows: [
    rule('allow', 'allow', ranges, { doc: 'Clients that pass', nginx: 'allow' }),
    rule('deny', 'deny', ranges, { doc: 'Clients that get 403', nginx: 'deny' }),
  ],
  blank: () => ({ allow: null, deny: null }),
})

const RULES: Kind<readonly AccessRule[]> = {
  ...RULES_DRAFT,
  label: '`{ allow, deny }`, list of them',
  wanted:
    'a mapping such as { allow: 10.0.0.0/8 }, or a list such as [{ allow: 10.0.0.1 }, { deny: all }]',
  schema: () => ({
    anyOf: [RULES_DRAFT.schema(), { type: 'array', items: RULES_DRAFT.schema() }],
  }),
  read(node, reading) {
    const items = reading.items(node)
    if (items === null) {
      const draft = RULES_DRAFT.read(node, reading)
      return draft === undefined ? undefined : unordered(draft)
    }
    const rules: AccessRule[] = []
    for (const item of items) {
      const draft = RULES_DRAFT.read(item, reading)
      if (draft === undefined) return undefined
      const { allow, deny } = draft
      if ((allow === null) === (deny === null)) {
        return reading.error(item, 'A rule of a list wants "allow" or "deny", one of them')
      }
      rules.push(...rulesOf('allow', allow), ...rulesOf('deny', deny))
    }
    return rules
  },
  write: rules => {
    const steps: { action: AccessRule['action']; from: AddressRange[] }[] = []
    for (const { action, from } of rules) {
      const last = steps.at(-1)
      if (last?.action === action) last.from.push(from)
      else steps.push({ action, from: [from] })
    }
    return steps.map(({ action, from }) => ({ [action]: ranges.write(from) }))
  },
}

function rulesOf(
  action: AccessRule['action'],
  from: readonly AddressRange[] | null,
): readonly AccessRule[] {
  return (from ?? []).map(range => ({ action, from: range }))
}

function unordered({ allow, deny }: RulesDraft): readonly AccessRule[] {
  const isAll = ({ kind }: AddressRange) => kind === 'all'
  const denied = deny ?? []
  const rules = [
    ...rulesOf(
      'deny',
      denied.filter(range => !isAll(range)),
    ),
    ...rulesOf('allow', allow),
  ]
  const closes = denied.some(isAll) || (allow !== null && !allow.some(isAll))
  return closes ? [...rules, { action: 'deny', from: { kind: 'all' } }] : rules
}

// ── by password ────────────────────────────────────────────────────────────────────────────────────────────────────

type Basic = Pick<AccessSettings, 'realm' | 'usersPath'>

/** What is not written is inherited. */
interface BasicDraft {
  readonly realm: Template | 'off' | null
  readonly usersPath: Template | 'off' | null
}

/** What clients see where nobody says what they are asked for. */
const REALM = literal('Restricted')

const basic = rowsOf<BasicDraft>()

const BASIC_DRAFT: Kind<BasicDraft> = record<BasicDraft>({
  label: '`{ realm, users_file }`, `off`',
  wanted: 'a mapping such as { realm: staff, users_file: /etc/headgate/users }, or off',
  place: 'in "basic_auth"',
  rows: [
    basic('realm', 'realm', orOff(template('a text such as "staff only", or off', true)), {
      doc: 'What the client is told that it is asked for; `Restricted` where nothing is written',
      nginx: 'auth_basic',
    }),
    basic('users_file', 'usersPath', orOff(PATH_TEMPLATE), {
      doc:
        'Lines of name:password, as htpasswd writes them (MD5, bcrypt, SHA) or ' +
        '`openssl passwd` (`-apr1`, `-1`, `-5`, `-6`)',
      nginx: 'auth_basic_user_file',
    }),
  ],
  blank: () => ({ realm: null, usersPath: null }),
})

const BASIC: Kind<Basic> = {
  ...BASIC_DRAFT,
  schema: () => ({ anyOf: [BASIC_DRAFT.schema(), { enum: ['off', false] }] }),
  read(node, reading, inherited = NO_BASIC) {
    const word = scalarText(node)
    if (word === 'off' || word === 'false') return { ...inherited, realm: null }
    const draft = BASIC_DRAFT.read(node, reading)
    if (draft === undefined) return undefined
    const { realm, usersPath } = draft
    return {
      realm: realm === 'off' ? null : (realm ?? inherited.realm ?? REALM),
      usersPath: usersPath === 'off' ? null : (usersPath ?? inherited.usersPath),
    }
  },
  write(value, inherited = NO_BASIC) {
    const { realm, usersPath } = value
    const isSamePath = isSameData(usersPath, inherited.usersPath)
    if (realm === null && isSamePath) return 'off'
    const isSameRealm = realm !== null && isSameData(realm, inherited.realm)
    return BASIC_DRAFT.write({
      realm: isSameRealm ? null : (realm ?? 'off'),
      usersPath: isSamePath ? null : (usersPath ?? 'off'),
    })
  },
}

const NO_BASIC: Basic = { realm: null, usersPath: null }

// ── the rows ───────────────────────────────────────────────────────────────────────────────────────────────────────

const typed = rowsOf<AccessSettings>()

/** The keys of access, inherited one by one. */
export const ACCESS_ROWS: readonly Row<AccessSettings>[] = [
  typed('access', 'rules', RULES, {
    doc:
      'Who may come, by address. In a list the first rule that matches decides, none: they pass. ' +
      'In a mapping who is denied stays out, and with `allow` all who are not allowed. ' +
      'Replaces the inherited rules',
    nginx: 'allow, deny',
  }),
  typed('satisfy', 'satisfy', choice(['all', 'any']), {
    doc: 'Whether address, password and `auth_request` must all agree, or one of them is enough',
    nginx: 'satisfy',
  }),
  row<AccessSettings, Basic>(
    'basic_auth',
    'access.realm',
    BASIC,
    {
      get: ({ realm, usersPath }) => ({ realm, usersPath }),
      put: (access, value) => ({ ...access, ...value }),
    },
    { doc: 'Ask for a name and a password; inherited key by key', nginx: 'auth_basic' },
  ),
  typed('auth_delay', 'delayMs', DURATION, {
    doc: 'How long a request without the right password waits for its 401',
    nginx: 'auth_delay',
  }),
  row<AccessSettings, Asked>(
    'auth_request',
    'access.request',
    ASKED,
    {
      get: ({ request, requestSets }) => ({ request, requestSets }),
      put: (access, value) => ({ ...access, ...value }),
    },
    { doc: 'Ask another route whether a request may pass', nginx: 'auth_request' },
  ),
]
