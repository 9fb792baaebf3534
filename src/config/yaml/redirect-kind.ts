// `redirect`: how Location and Refresh of a peer's response are made fit for the client (nginx:
// `proxy_redirect`).

import type { ProxySettings, RedirectRule } from '../../model/proxy-settings.ts'
import type { Template } from '../../model/template.ts'
import { innerOf, list } from './collections.ts'
import { type Kind, nullable } from './kind.ts'
import { record } from './record.ts'
import { rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { freeText, template } from './words.ts'

/** A rule while it is read: which keys were there decides its kind. */
interface RuleDraft {
  readonly from: Template | null
  readonly regex: string | null
  readonly regexAnyCase: string | null
  readonly to: Template
}

const BLANK: RuleDraft = { from: null, regex: null, regexAnyCase: null, to: [{ variable: '' }] }

const FROM = template('the beginning of an URL such as http://localhost:8000/')
const PATTERN = freeText('regex', 'a regular expression such as ^http://([^/]+)/')

const rule = rowsOf<RuleDraft>()
const RULE: Kind<RuleDraft> = record<RuleDraft>({
  label: '`{ from, to }`',
  wanted: 'a mapping such as { from: "http://localhost:8000/", to: / }',
  place: 'in "redirect"',
  rows: [
    rule('from', 'from', nullable(FROM), { doc: 'What the field begins with' }),
    rule('regex', 'regex', nullable(PATTERN), { doc: 'Or a regular expression' }),
    rule('regex_i', 'regexAnyCase', nullable(PATTERN), { doc: 'Or one without regard to case' }),
    rule('to', 'to', template('what stands there instead, such as /', true), {
      doc: 'What stands there instead',
      isRequired: true,
    }),
  ],
  blank: () => BLANK,
  finish: (draft, node, reading) => {
    const given = [draft.from, draft.regex, draft.regexAnyCase].filter(value => value !== null)
    if (given.length === 1) return draft
    return reading.error(node, 'A redirect rule wants one of from, regex and regex_i')
  },
})

/** Rules for the beginning of a text, or for what a regular expression finds. */
export const REWRITE_RULES: Kind<readonly RedirectRule[]> = converted(
  list(RULE, { label: 'list of rules' }),
)

/** `default`, `off`, or rules. */
export const REDIRECTS: Kind<ProxySettings['redirects']> = {
  label: '`default`, `off`, list of rules',
  wanted: 'default, off, or a list of rules such as { from: "http://localhost:8000/", to: / }',
  schema: () => ({ anyOf: [{ enum: ['default', 'off', false] }, REWRITE_RULES.schema()] }),
  ...innerOf(RULE),
  read(node, reading) {
    const text = scalarText(node)
    if (text === 'default') return 'default'
    if (text === 'off' || text === 'false') return []
    if (text !== null) return reading.unwanted(node, REDIRECTS.wanted)
    return REWRITE_RULES.read(node, reading)
  },
  write(redirects) {
    if (redirects === 'default') return 'default'
    return redirects.length === 0 ? 'off' : REWRITE_RULES.write(redirects)
  },
}

function converted(drafts: Kind<readonly RuleDraft[]>): Kind<readonly RedirectRule[]> {
  return {
    ...drafts,
    read: (node, reading) => drafts.read(node, reading)?.map(toRule),
    write: rules => drafts.write(rules.map(toDraft)),
  }
}

function toRule(draft: RuleDraft): RedirectRule {
  const { from, regex, regexAnyCase, to } = draft
  if (from !== null) return { kind: 'prefix', from, to }
  const pattern = regex ?? regexAnyCase ?? ''
  return { kind: 'regex', pattern, isCaseInsensitive: regex === null, to }
}

function toDraft(rule: RedirectRule): RuleDraft {
  if (rule.kind === 'prefix') return { ...BLANK, from: rule.from, to: rule.to }
  const { pattern, to } = rule
  return rule.isCaseInsensitive
    ? { ...BLANK, regexAnyCase: pattern, to }
    : { ...BLANK, regex: pattern, to }
}
