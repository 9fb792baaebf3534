// `cookie_domain`, `cookie_path` and `cookie_flags`: cookies of peers made fit for this side (nginx: `proxy_cookie_*`).

import {
  COOKIE_FLAGS,
  type CookieDomainRule,
  type CookieFlagsRule,
  type RedirectRule,
} from '../../model/proxy-settings.ts'
import { literalText, type Template } from '../../model/template.ts'
import { innerOf, list } from './collections.ts'
import { type Kind, nullable } from './kind.ts'
import { record } from './record.ts'
import { REWRITE_RULES } from './redirect-kind.ts'
import { rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { freeText, template } from './words.ts'

/** Rules, or `off` for none. */
function orOff<T>(rules: Kind<readonly T[]>, wanted: string): Kind<readonly T[]> {
  return {
    label: '`off`, list of rules',
    wanted: `off, or ${wanted}`,
    schema: () => ({ anyOf: [{ enum: ['off', false] }, rules.schema()] }),
    ...innerOf(rules),
    read(node, reading) {
      const text = scalarText(node)
      if (text === 'off' || text === 'false') return []
      return text === null ? rules.read(node, reading) : reading.unwanted(node, `off, or ${wanted}`)
    },
    write: value => (value.length === 0 ? 'off' : rules.write(value)),
  }
}

export const COOKIE_PATHS: Kind<readonly RedirectRule[]> = orOff(
  REWRITE_RULES,
  'a list of rules such as { from: /app/, to: / }',
)

/** Like rules for paths, but a text is a whole domain. */
export const COOKIE_DOMAINS: Kind<readonly CookieDomainRule[]> = orOff(
  {
    ...REWRITE_RULES,
    read: (node, reading) =>
      REWRITE_RULES.read(node, reading)?.map(rule =>
        rule.kind === 'regex'
          ? rule
          : { kind: 'exact', from: withoutDot(rule.from), to: withoutDot(rule.to) },
      ),
    write: rules =>
      REWRITE_RULES.write(
        rules.map(rule => (rule.kind === 'regex' ? rule : { ...rule, kind: 'prefix' })),
      ),
  },
  'a list of rules such as { from: app.internal, to: www.example.org }',
)

function withoutDot(domain: Template): Template {
  const [first, ...rest] = domain
  if (typeof first !== 'string' || !first.startsWith('.')) return domain
  return first.length === 1 ? rest : [first.slice(1), ...rest]
}

/** A rule while it is read: which keys were there decides what names the cookie. */
interface FlagsDraft {
  readonly name: Template | null
  readonly regex: string | null
  readonly flags: readonly Template[]
}

const FLAG_WANTED = 'an attribute such as secure, httponly, samesite=lax or nosecure'

const FLAG: Kind<Template> = {
  ...template(FLAG_WANTED),
  read(node, reading) {
    const flag = template(FLAG_WANTED).read(node, reading)
    const text = flag === undefined ? null : literalText(flag)?.toLowerCase()
    const isKnown = text == null || COOKIE_FLAGS.some(known => known === text)
    return isKnown ? flag : reading.unwanted(node, `one of ${COOKIE_FLAGS.join(', ')}`)
  },
}

const typed = rowsOf<FlagsDraft>()
const RULE: Kind<FlagsDraft> = record<FlagsDraft>({
  label: '`{ cookie, flags }`',
  wanted: 'a mapping such as { cookie: session, flags: [secure, httponly] }',
  place: 'in "cookie_flags"',
  rows: [
    typed('cookie', 'name', nullable(template('the name of a cookie such as session')), {
      doc: 'Name of the cookie',
    }),
    typed('regex', 'regex', nullable(freeText('regex', 'a regular expression such as ^session')), {
      doc: 'Or a regular expression without regard to case',
    }),
    typed('flags', 'flags', list(FLAG, { label: 'list of attributes' }), {
      doc: 'What it gets: `secure`, `httponly`, `samesite=strict`, `=lax` or `=none`; loses: `nosecure`, `nohttponly`, `nosamesite`',
      isRequired: true,
    }),
  ],
  blank: () => ({ name: null, regex: null, flags: [] }),
  finish: (draft, node, reading) =>
    (draft.name === null) !== (draft.regex === null)
      ? draft
      : reading.error(node, 'A rule for cookies wants one of cookie and regex'),
})

const RULES = list(RULE, { label: 'list of rules' })

export const COOKIE_FLAG_RULES: Kind<readonly CookieFlagsRule[]> = orOff(
  {
    ...RULES,
    read: (node, reading) => RULES.read(node, reading)?.map(toRule),
    write: rules => RULES.write(rules.map(toDraft)),
  },
  'a list of rules such as { cookie: session, flags: [secure, httponly] }',
)

function toRule({ name, regex, flags }: FlagsDraft): CookieFlagsRule {
  if (regex !== null) return { cookie: { kind: 'regex', pattern: regex }, flags }
  return { cookie: { kind: 'name', name: name ?? [] }, flags }
}

function toDraft({ cookie, flags }: CookieFlagsRule): FlagsDraft {
  return cookie.kind === 'name'
    ? { name: cookie.name, regex: null, flags }
    : { name: null, regex: cookie.pattern, flags }
}
