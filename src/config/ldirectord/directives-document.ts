// Writes docs/ldirectord.md out of the tables of this folder, so that the document and the reader
// cannot differ. A test compares the file; UPDATE_SNAPSHOTS=1 rewrites it.

import type { Method } from '../../model/upstream.ts'
import { DIRECTIVE_NAMES, DIRECTIVES } from './directive-table.ts'
import type { DirectiveName } from './draft.ts'
import { SCHEDULERS, UNEQUALLED } from './schedulers.ts'
import { SERVICES } from './services.ts'

/** The whole document as Markdown. */
export function ldirectordDocument(): string {
  const rows = DIRECTIVE_NAMES.map(name => ({ name, ...DIRECTIVES[name] }))
  return [
    '# ldirectord.cf',
    'Generated from the tables in `src/config/ldirectord/`; do not edit.',
    'A file for `ldirectord` runs as it is: `headgate run -c ldirectord.cf`. `headgate check -c ' +
      '…` says what it means here, `headgate convert -c …` prints it as YAML, in which there is ' +
      'more to say. A name that ends in `.cf` tells the dialect, else the text does.',
    'Each `virtual` becomes a listener and a group of peers named after it (`192.168.0.105:80`), ' +
      'each `real` a peer, with one probe over all. The rest of this page is what differs from ' +
      'the kernel’s virtual server that ldirectord steers.',
    `## Layer 7, not layer 4\n\n${list(LAYERS)}`,
    `## Directives\n\n${directiveTable(rows.filter(({ effect }) => effect === 'works'))}`,
    'Of these, the ones whose second place is “section” override what stands at the margin. A ' +
      'line that is there twice holds the last time, and a warning says so.',
    `## Without effect\n\n${otherTable(rows.filter(({ effect }) => effect !== 'works'))}`,
    'A value that says only what holds anyway (`cleanstop=yes`, `ops=no`) passes without a word; ' +
      'any other gets a notice.',
    `## What is asked (\`service\`)\n\n${serviceTable()}`,
    'Without `service` the port of the virtual server tells: 21 ftp, 25 smtp, 80 http, 443 ' +
      'https, and so on; a port that tells nothing means that nothing is asked, and a warning says ' +
      'so.',
    `## How a real is chosen (\`scheduler\`)\n\n${schedulerTable()}`,
    `## Checks\n\n${list(CHECKS)}`,
    `## The file\n\n${list(FILE)}`,
    '',
  ].join('\n\n')
}

const LAYERS: readonly string[] = [
  '`gate`, `ipip` and `masq` are one: requests are passed on, and answers come back through this ' +
    'program. Reals need no address of the virtual server on a loopback device, and may listen ' +
    'on any port. With `gate` and `ipip` the kernel kept the port of the virtual server; here ' +
    'the port that is written holds, and a notice says so.',
  'Reals see our address. The client’s is in `X-Forwarded-For` and `X-Real-IP`, its scheme in ' +
    '`X-Forwarded-Proto`. `Host` reaches the real as the client wrote it.',
  'Requests are shared out, not connections: those of one client may go to several reals unless ' +
    '`persistent` is there.',
  'A request that fails before its answer begins, or is answered by 500, 502, 503 or 504, goes ' +
    'to another real, unless it may not be sent twice (POST). If all do the same, the client ' +
    'gets what the last one said. So a real that dies costs no failed request until a check has found it ' +
    'out.',
  'Bodies have no limit of size, and silence on a connection is borne for 15 minutes, as the ' +
    'kernel does. Everything else is as in YAML ([yaml.md](yaml.md)): connections to reals are ' +
    'kept, WebSockets pass, a connect may take 5 seconds. There is no access log.',
  'Only HTTP passes. UDP and firewall marks are errors; TLS is neither taken nor spoken, which a ' +
    'warning says where `service` is https; so does one where it is another protocol.',
]

const CHECKS: readonly string[] = [
  'A real is out until its first good check, as ldirectord starts; on a reload it stays as it was, ' +
    'also when what is asked has changed, until that is answered.',
  'One good check brings a real back; `failurecount` bad ones in a row take it out. A request ' +
    'that fails has its real checked at once.',
  'From a death to the verdict it takes at most `checkinterval` and the timeout, with a ' +
    '`failurecount` of 1. ldirectord checks one real after the other, so that one that hangs ' +
    'holds up the rest; here each has a time of its own, spread evenly.',
  'Over HTTP redirects are followed, up to 7, to other hosts too, and the last answer must be a ' +
    '2xx. `Host` is `virtualhost`, else the address of the real without its port.',
  'A `receive` without special characters is looked for as it is; any other is translated from ' +
    'Perl’s regular expressions to JavaScript’s. Possessive quantifiers, atomic groups, ' +
    'recursion and conditions have nothing equal there and are errors.',
  'A request of a real (`real=… "REQUEST", "RECEIVE"`) is a path, or a URL of that very real; ' +
    'one of another server, or of another port than is checked, is an error.',
  'Reals without a port are checked at the port of their service, as in ldirectord, and used at ' +
    'the port of the virtual server.',
]

const FILE: readonly string[] = [
  'Global directives begin a line. The options of a virtual server stand below its `virtual`, ' +
    'indented by four spaces or a tab at least. A blank line or a directive at the margin ends ' +
    'the section; a comment does not.',
  '`request`, `receive`, `login`, `passwd`, `database`, `secret`, `load`, `logfile` and ' +
    '`callback` want double quotes, as in ldirectord.',
  '`#` begins a comment, not inside of quotes. ldirectord refuses a `#` inside of quotes, and ' +
    'takes one behind `yes` or `no` for a part of the word.',
  'No-break spaces in front of a directive are read as spaces, with a notice. ldirectord refuses ' +
    'them.',
  'Names of hosts are looked up when the configuration is loaded. A range of reals wants ' +
    'addresses. Names of ports are those of `/etc/services`, the usual ones also where there is ' +
    'no such file.',
  'Every mistake is reported, not only the first.',
]

interface NamedRow {
  readonly name: DirectiveName
  readonly scopes: readonly string[]
  readonly kind: { readonly label: string }
  readonly standard: string
  readonly doc: string
}

function directiveTable(rows: readonly NamedRow[]): string {
  const lines = rows.map(({ name, scopes, kind, standard, doc }) => {
    const place = scopes.map(scope => (scope === 'global' ? 'margin' : 'section')).join(', ')
    return `| ${code(`${name}=${kind.label}`)} | ${place} | ${cell(standard)} | ${cell(doc)} |`
  })
  const head = '| directive | where | without it | what it does |\n|---|---|---|---|'
  const virtual =
    '| `virtual=ADDRESS:PORT` | margin | | Begins a section: the address that clients use. |\n' +
    '| `virtual6=[ADDRESS]:PORT` | margin | | The same over IPv6, with `real6` and `fallback6` |'
  return [head, virtual, ...lines].join('\n')
}

function otherTable(rows: readonly NamedRow[]): string {
  const lines = rows.map(({ name, kind, doc }) => {
    return `| ${code(`${name}=${kind.label}`)} | ${cell(doc)} |`
  })
  return ['| directive | why |', '|---|---|', ...lines].join('\n')
}

function serviceTable(): string {
  const byDoc = Map.groupBy(SERVICES, ([, { doc }]) => doc)
  const lines = [...byDoc].map(([doc, same]) => {
    return `| ${same.map(([name]) => code(name)).join(' ')} | ${cell(doc)} |`
  })
  return ['| service | what is asked |', '|---|---|', ...lines].join('\n')
}

function schedulerTable(): string {
  const lines = [...SCHEDULERS.values()].map(({ name, method, doc }) => {
    return `| ${code(name)} | ${code(methodText(method))} | ${cell(doc)} |`
  })
  const others = Object.entries(UNEQUALLED).map(([name, instead]) => {
    return `| ${code(name)} | | An error: ${cell(instead)} |`
  })
  const head = '| scheduler | method | what it does |\n|---|---|---|'
  return [head, ...lines, ...others].join('\n')
}

function methodText(method: Method): string {
  return method.kind === 'hash' ? `hash (${method.placement})` : method.kind
}

function list(items: readonly string[]): string {
  return items.map(item => `- ${item}`).join('\n')
}

function code(text: string): string {
  return `\`${cell(text)}\``
}

/** A bar would end the cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
