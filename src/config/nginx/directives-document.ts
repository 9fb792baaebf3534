// Writes docs/directives.md out of the directive table and the variables, so that the document and
// the reader cannot differ. A test compares the file; UPDATE_SNAPSHOTS=1 rewrites it.

import { type KnownVariable, VARIABLE_PREFIXES, VARIABLES } from '../../model/variables.ts'
import type { DirectiveRow } from './directive-row.ts'
import { DIRECTIVES } from './directive-table.ts'
import { MISSED_DIRECTIVES } from './fidelity-notes.ts'
import { UNSUPPORTED } from './unsupported.ts'

/** The whole document as Markdown. */
export function directivesDocument(): string {
  const works = DIRECTIVES.filter(row => row.effect === 'works')
  const accepted = DIRECTIVES.filter(row => row.effect === 'none')
  return [
    '# Directives of nginx.conf',
    'Generated from the directive table in `src/config/nginx/`; do not edit.',
    'Grammar, contexts, counts of arguments, inheritance and defaults are those of nginx ' +
      '(<https://nginx.org/en/docs/>). What stands in none of these tables is an error: ' +
      '`unknown directive "x"`.',
    `## Works\n\n${WORKS_TEXT}\n\n${worksTable(works)}`,
    'Also `include file | pattern;` in every block: relative names stand under the directory of ' +
      'the main file, matches of a pattern are read in the order of their bytes, a missing file is ' +
      'an error and a pattern without a match is none.',
    '## Accepted without effect\n\n' +
      'Understood and checked for form; one notice says why nothing happens.\n\n' +
      acceptedTable(accepted),
    '## Known, not supported yet\n\n' +
      'An error, because silence would change what the configuration means. A value that says only ' +
      'what holds anyway (`gzip off`, `limit_rate 0`) passes.\n\n' +
      unsupportedList(),
    `## Variables\n\n${variableTable()}`,
    'Captures of regular expressions are `$1` to `$9`, and by name wherever a group has one. ' +
      'Names do not mind case. Any other variable is an error.',
    '## Differences from nginx\n\n' +
      'Each is a row of `test/config/nginx/acceptance.test.ts`, which reads the same texts with ' +
      'nginx where one is installed.\n\n' +
      DIFFERENCES.map(text => `- ${text}`).join('\n'),
    '',
  ].join('\n\n')
}

const DIFFERENCES: readonly string[] = [
  '`compat nginx/1.28 | nginx/1.30 [strict];` at the main level is ours.',
  '`listen` takes port 0: the kernel chooses one.',
  '`log_format` may stand below the `access_log` that names it.',
  'Every mistake is reported, not only the first.',
  '`worker_processes 0` and names that are wildcards in the middle are errors.',
  'Names of fields in `proxy_set_header` and `add_header` must be names, their values must not ' +
    'break lines.',
  '`proxy_cache_path` refuses a directory that lies inside the one of another cache; what is asked ' +
    'for most is also kept in memory, up to `memory=`.',
  'Names in `proxy_pass` and `listen` are resolved when the configuration is loaded, not when it ' +
    'is read.',
  'Regular expressions are turned into those of JavaScript. Possessive quantifiers, atomic ' +
    'groups, recursion, conditions and `\\K` have nothing equal there and are errors; `$` does not ' +
    'match before a final line feed.',
  'Without a `pid` line the process id is in `logs/nginx.pid` under the prefix, as nginx has it.',
]

const WORKS_TEXT =
  'The last column compares with nginx: nothing is the same; of what differs and `strict` stands ' +
  'behind, `compat … strict` makes it the same. `headgate check --fidelity` says it of the ' +
  'directives that a configuration has.'

function worksTable(rows: readonly DirectiveRow[]): string {
  const lines = rows.map(row => {
    const usage = `${row.name} ${row.syntax}`.trim()
    const within = row.within.join(', ')
    return `| ${code(usage)} | ${within} | ${cell(row.doc)} | ${cell(statusText(row))} |`
  })
  const head = '| directive | within | what it does | beside nginx |'
  return [head, '|---|---|---|---|', ...lines].join('\n')
}

/** Notes for another block that the directive has there are not this row's. */
function statusText({ fidelity = [], within }: DirectiveRow): string {
  const isOwn = fidelity.some(({ kind, when }) => kind === 'ours' && when === undefined)
  if (isOwn) return 'ours'
  return fidelity
    .filter(({ blocks }) => blocks === undefined || blocks.some(block => within.includes(block)))
    .map(({ kind, how, isStrictSame }) => {
      const strict = isStrictSame === true ? ' (`strict`)' : ''
      return kind === 'ours' ? `ours in part: ${how}` : `differs: ${how}${strict}`
    })
    .join('; ')
}

function acceptedTable(rows: readonly DirectiveRow[]): string {
  const byReason = Map.groupBy(rows, row => row.doc)
  const lines = [...byReason].map(([reason, same]) => {
    const names = same.map(row => code(row.name)).join(' ')
    const isMissed = same.some(row => MISSED_DIRECTIVES.has(row.name))
    return `| ${names} | ${cell(reason)} | ${isMissed ? 'may be missed' : 'nothing is missing'} |`
  })
  return ['| directives | why | ignored |', '|---|---|---|', ...lines].join('\n')
}

function unsupportedList(): string {
  const lines = Object.entries(UNSUPPORTED).map(([group, names]) => {
    const codes = names.split(' ').map(code).join(' ')
    return `| ${group} | ${codes} |`
  })
  return ['| group | directives |', '|---|---|', ...lines].join('\n')
}

function variableTable(): string {
  const row = (variable: KnownVariable, suffix: string) =>
    `| ${code(`$${variable.name}${suffix}`)} | ${cell(variable.doc)} |`
  const lines = [
    ...VARIABLES.map(variable => row(variable, '')),
    ...VARIABLE_PREFIXES.map(variable => row(variable, 'NAME')),
  ]
  return ['| variable | what it holds |', '|---|---|', ...lines].join('\n')
}

function code(text: string): string {
  return `\`${cell(text)}\``
}

/** A bar would end the cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
