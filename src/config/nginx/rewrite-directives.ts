// `if`, `set`, `rewrite`, `break` and `return`: the steps of a server or a location, gathered in the order in which
// they stand. `if` in a location is a location of its own, with the match of the one around it.

import { REWRITE_FLAGS, type RewriteFlag, SETTABLE_VARIABLES } from '../../model/rewrite.ts'
import type { Return } from '../../model/route.ts'
import { type Context, type DirectiveRow, MANY, scopeRow } from './directive-row.ts'
import { flagRow } from './level-rows.ts'
import { wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { readRegex } from './regex.ts'
import { parseCondition, rewriteRegex } from './rewrite-condition.ts'
import { type LocationScope, locationScope, type ServerScope } from './scope.ts'
import { parseTemplate, parseTemplatePart } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseCount } from './values.ts'
import { isFixedName } from './variable-directives.ts'

const STEPS = ['server', 'location', 'if', 'server if'] as const satisfies readonly Context[]
const LEVELS = [...STEPS, 'http'] as const satisfies readonly Context[]

export const REWRITE_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'if',
    {
      within: ['server', 'location'],
      args: [1, MANY],
      hasBlock: true,
      isRepeatable: true,
      syntax:
        '($variable | $variable (= | != | ~ | ~* | !~ | !~*) text | [!]-(f | d | e | x) path) { … }',
      doc: 'steps for some requests, and in a location other settings; the last one that holds wins',
    },
    readIf,
  ),
  scopeRow(
    'set',
    {
      within: STEPS,
      args: [2, 2],
      isRepeatable: true,
      syntax: '$variable value',
      doc: 'gives a variable a value',
    },
    readSet,
  ),
  scopeRow(
    'rewrite',
    {
      within: STEPS,
      args: [2, 3],
      isRepeatable: true,
      syntax: 'regex replacement [last | break | redirect | permanent]',
      doc:
        'changes the path, or redirects (also where the replacement begins with `http://`, ' +
        '`https://` or `$scheme`); arguments are kept unless the replacement ends with `?`',
    },
    readRewrite,
  ),
  scopeRow(
    'break',
    {
      within: STEPS,
      args: [0, 0],
      isRepeatable: true,
      doc: 'ends the steps',
    },
    (directive, scope) => {
      scope.steps.push({ kind: 'break', origin: statementOrigin(directive) })
    },
  ),
  scopeRow(
    'return',
    {
      within: STEPS,
      args: [1, 2],
      isRepeatable: true,
      syntax: 'code [text] | code url | url',
      doc: 'answers at once; 444 closes the connection',
    },
    (directive, scope, reading) => {
      const found = parseReturn(directive, reading)
      if (found !== null) scope.steps.push({ kind: 'return', ...found })
    },
  ),
  flagRow('rewrite_log', 'logsRewrites', {
    within: LEVELS,
    doc: 'whether the error log has a notice for each regex of `rewrite` and `if`',
  }),
  flagRow('uninitialized_variable_warn', 'warnsUnset', {
    within: LEVELS,
    doc: 'whether the use of a variable that nothing was put into is a warning in the error log',
  }),
]

function readIf(directive: Directive, scope: ServerScope | LocationScope, reading: Reading): void {
  const origin = statementOrigin(directive)
  const inner = locationScope(scope, {
    block: scope.kind === 'location' ? 'if' : 'server if',
    origin,
    match: scope.kind === 'location' ? scope.match : { kind: 'prefix', path: '', isFinal: false },
    text: scope.kind === 'location' ? scope.text : '',
  })
  const condition = parseCondition(directive, reading)
  if (condition !== null) scope.steps.push({ kind: 'if', origin, condition, scope: inner })
  reading.walk(directive.block!, inner)
}

function readSet(directive: Directive, scope: ServerScope | LocationScope, reading: Reading): void {
  const [nameWord, valueWord] = directive.args
  const name = nameWord!.text.slice(1).toLowerCase()
  const value = parseTemplate(valueWord!, reading)
  if (!nameWord!.text.startsWith('$') || name === '') {
    const hint = 'write: set $name value;'
    reading.refuse(nameWord!, `invalid variable name "${nameWord!.text}"`, hint)
    return
  }
  if (!SETTABLE_VARIABLES.has(name)) {
    if (isFixedName(name)) {
      const hint = 'it has a value of its own: choose another name'
      reading.refuse(nameWord!, `the duplicate "${name}" variable`, hint)
      return
    }
    if (!/^\w+$/.test(name)) {
      const message = `variable "${nameWord!.text}" cannot be used anywhere`
      reading.warnOnce(message, wordOrigin(nameWord!), 'names have letters, digits and _')
      return
    }
    reading.captures.add(name)
  }
  scope.steps.push({ kind: 'set', origin: statementOrigin(directive), name, value })
}

function readRewrite(
  directive: Directive,
  scope: ServerScope | LocationScope,
  reading: Reading,
): void {
  const [pattern, to, flagWord] = directive.args
  if (to!.text === '') {
    reading.refuse(to!, 'empty replacement', 'write / for the path of the root')
    return
  }
  const regex = readRegex(pattern!, 0, false, reading)
  const dropsArgs = to!.text.endsWith('?')
  const end = to!.text.length - (dropsArgs ? 1 : 0)
  const replacement = parseTemplatePart(to!, 0, end, reading)
  let flag: RewriteFlag = 'none'
  if (flagWord !== undefined) {
    const found = REWRITE_FLAGS.find(word => word === flagWord.text)
    if (found === undefined) {
      reading.refuseParameter(flagWord, REWRITE_FLAGS)
      return
    }
    flag = found
  }
  if (regex === null) return
  const isUrl = /^(?:https?:\/\/|\$scheme)/.test(to!.text)
  if (isUrl && flag !== 'permanent') flag = 'redirect'
  scope.steps.push({
    kind: 'rewrite',
    origin: statementOrigin(directive),
    regex: rewriteRegex(regex, pattern!),
    replacement,
    dropsArgs,
    flag,
  })
}

function parseReturn(directive: Directive, reading: Reading): Return | null {
  const [first, second] = directive.args
  const origin = statementOrigin(directive)
  const origins = { status: wordOrigin(first!), text: wordOrigin(second ?? first!) }
  const isUrl = /^(https?:\/\/|\$scheme|\$\{scheme\})/i.test(first!.text)
  if (second === undefined && isUrl) {
    return { origin, origins, status: 302, text: parseTemplate(first!, reading) }
  }
  const status = parseCount(first!.text)
  if (status === null || status > 999) {
    const hint = 'write a status, and after it the text or the URL: return 302 /path'
    reading.refuse(first!, `invalid return code "${first!.text}"`, hint)
    return null
  }
  const text = second === undefined ? null : parseTemplate(second, reading)
  return { origin, origins, status, text }
}
