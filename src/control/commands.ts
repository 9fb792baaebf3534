// The commands of the program, a row each, and the choice between them and the flags of nginx: the first word decides.
// What a command needs is imported when it runs: `headgate version` does not wait for a server to be loaded.

import { arch, platform } from 'node:os'

import { PROGRAM, VERSION } from '../base/version.ts'
import { nearest } from '../config/suggest.ts'
import { COMPAT_PROFILES } from '../model/config.ts'
import { ALIVE } from './alive/command-row.ts'
import { CACHE } from './cache/command-row.ts'
import {
  type Command,
  type CommandInput,
  type CommandOption,
  commandHelp,
  parseCommand,
} from './command.ts'
import { loadOptions, READING, shortPath, WITHOUT_CONFIG } from './command-reading.ts'
import { defaultConfigPaths } from './config-path.ts'
import { FLOATING_IP } from './floating-ip/command-row.ts'
import { KEEPALIVED } from './keepalived/command-row.ts'
import { nginxHelp } from './nginx-flags.ts'
import { say, type Terminal } from './terminal.ts'

/** The exit code of a command line that cannot be understood. nginx's own flags end with 1. */
const USAGE = 2

const QUIET: CommandOption = { short: 'q', doc: 'say nothing unless there is an error' }

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    summary: 'Serves a configuration, in the foreground',
    word: 'FILE',
    options: {
      ...READING,
      'error-log': {
        short: 'e',
        value: 'FILE',
        doc: 'where the configuration names no error log (default: stderr)',
      },
    },
    details:
      `${WITHOUT_CONFIG}\n\n` +
      'A pid file is written when the configuration names one.\n' +
      'Signals: TERM, INT stop; QUIT stops when requests are done; HUP reloads;\n' +
      'USR1 opens log files anew; WINCH accepts no more connections (away from a terminal).',
    run: runServer,
  },
  {
    name: 'check',
    summary: 'Reads a configuration and says everything that is wrong with it',
    word: 'FILE',
    options: {
      ...READING,
      quiet: QUIET,
      fidelity: { doc: 'how each directive of an nginx.conf compares with nginx, as a table' },
      strict: { doc: 'exit code 1 also when something differs from nginx or will be missed' },
      json: { doc: 'print the comparison as JSON' },
    },
    details:
      `${WITHOUT_CONFIG}\n\n` +
      'Names are resolved, listen addresses are tried, and files to write are looked at.\n' +
      'Exit code: 0 when it could run, 1 when it could not.',
    run: async input => {
      const { checkConfiguration } = await import('./check.ts')
      const options = loadOptions(input)
      if (options === null) return 1
      const { quiet, fidelity, strict, json } = input.values
      return checkConfiguration(options, input.terminal, {
        isQuiet: quiet !== undefined,
        isStrict: strict !== undefined,
        comparison: json !== undefined ? 'json' : fidelity !== undefined ? 'table' : 'line',
      })
    },
  },
  {
    name: 'explain',
    summary: 'Says what a configuration would do with a request, without sending one',
    word: 'URL',
    options: {
      ...READING,
      method: { short: 'X', value: 'METHOD', doc: 'of the request (default: GET)' },
      header: {
        short: 'H',
        value: "'NAME: VALUE'",
        isRepeatable: true,
        doc: 'a field of the request',
      },
      client: { value: 'ADDRESS', doc: 'where it comes from (default: 127.0.0.1)' },
      listen: { value: 'ADDRESS', doc: 'the listening address, in place of that of the URL' },
      json: { doc: 'print JSON (docs/explain.md)' },
    },
    details:
      `${WITHOUT_CONFIG}\n\n` +
      'Nothing is sent: no name is looked up, no peer is asked, no cache and no running process.\n' +
      'All peers count as up, as at a start.\n' +
      'Exit code: 0 when it is explained, 1 when the configuration cannot run, 2 when URL and\n' +
      'options make no request.',
    run: async input => {
      const options = loadOptions({ ...input, word: null })
      if (options === null) return 1
      const { explainRequest } = await import('./explain/explain-command.ts')
      return explainRequest(input, {
        ...options,
        file: shortPath(options.file, input.terminal.cwd),
      })
    },
  },
  {
    name: 'status',
    summary: 'Shows how the running process and its peers are doing',
    word: 'FILE',
    options: {
      ...READING,
      socket: { value: 'PATH', doc: 'the control socket, in place of that of a configuration' },
      watch: {
        short: 'w',
        value: 'SECONDS',
        isValueOptional: true,
        doc: 'show it again and again (default: every 2 seconds)',
      },
      json: { doc: 'print JSON (docs/status.md)' },
      'no-color': { doc: 'no colours, also on a terminal' },
    },
    details:
      `${WITHOUT_CONFIG}\n\n` +
      'The running process is asked over its control socket.\n' +
      'Exit code: 0 when it runs, 3 when it does not, 1 when that cannot be found out.',
    run: async input => {
      const { showStatus } = await import('./status-command.ts')
      return showStatus(input, () => loadOptions(input))
    },
  },
  {
    name: 'peer',
    summary: 'Changes one peer of a group with a state file, now and over restarts',
    word: 'ACTION',
    options: {
      ...READING,
      upstream: { short: 'u', value: 'NAME', doc: 'the group' },
      peer: { value: 'ADDRESS', doc: 'the peer, as it is written in the group' },
    },
    details:
      'Actions: up, down, drain (only what is bound to it), weight=N, add, remove.\n' +
      'The group needs a state file (nginx: "state FILE;", YAML: "state: FILE"). The change is on\n' +
      'the disk before the running process is told to reload. Edited lines of the configuration win\n' +
      'over older changes.\n' +
      'Exit code: 0 when it is kept (and served, where something runs), 1 when not.',
    run: async input => {
      const options = loadOptions({ ...input, word: null })
      if (options === null) return 1
      const { changePeer } = await import('./peer-command.ts')
      return changePeer(input, options)
    },
  },
  CACHE,
  ALIVE,
  KEEPALIVED,
  FLOATING_IP,
  {
    name: 'convert',
    summary: 'Prints YAML that means the same as an nginx configuration',
    word: 'FILE',
    options: READING,
    details: WITHOUT_CONFIG,
    run: convert,
  },
  {
    name: 'schema',
    summary: 'Prints the JSON Schema of the YAML configuration, for editors',
    options: {},
    run: async ({ terminal }) => {
      const { jsonSchema } = await import('../config/yaml/schema.ts')
      terminal.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
      return 0
    },
  },
  {
    name: 'demo',
    summary: 'Starts three small origins and a proxy before them, to be played with',
    options: {},
    run: async ({ terminal }) => (await import('./demo.ts')).runDemo(terminal),
  },
  {
    name: 'version',
    summary: 'Says which version this is and what it runs on',
    options: {},
    run: ({ terminal }) => {
      terminal.out(longVersion())
      return 0
    },
  },
  {
    name: 'help',
    summary: 'Explains the commands, or one of them',
    word: 'COMMAND',
    options: {},
    run: ({ terminal, word }) => {
      if (word === null) {
        terminal.out(helpText(terminal))
        return 0
      }
      const command = findCommand(word)
      if (command === null) return unknownCommand(terminal, word)
      terminal.out(commandHelp(command))
      return 0
    },
  },
]

/** Does what the command line says. Returns the exit code. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  if (name === '--help') return runCommandLine(['help', ...rest], terminal)
  if (name === '--version') return runCommandLine(['version', ...rest], terminal)
  if (name === undefined || name.startsWith('-')) {
    return (await import('./nginx-program.ts')).runNginxFlags(args, terminal)
  }
  const command = findCommand(name)
  if (command === null) return unknownCommand(terminal, name)
  const parsed = parseCommand(command, rest)
  switch (parsed.kind) {
    case 'help':
      terminal.out(commandHelp(command))
      return 0
    case 'mistake':
      say(terminal, parsed.text)
      return USAGE
    case 'command': {
      return command.run({ ...parsed, terminal })
    }
  }
}

async function runServer(input: CommandInput): Promise<number> {
  const { runMain } = await import('./main-process.ts')
  const options = loadOptions(input)
  if (options === null) return 1
  return runMain({ load: { ...options, isForeground: true }, terminal: input.terminal })
}

async function convert(input: CommandInput): Promise<number> {
  const { readFor } = await import('./load.ts')
  const { showFindings } = await import('./report.ts')
  const { writeYaml } = await import('../config/yaml/write.ts')
  const { withoutUnsaidPlace } = await import('./conversion.ts')
  const { terminal, values } = input
  const options = loadOptions(input)
  if (options === null) return 1
  // What is relative stays so: where the YAML will stand is not known here, and names its relative paths stand under.
  const prefix = values.prefix === undefined ? '' : options.prefix
  const result = readFor({ ...options, prefix, file: shortPath(options.file, terminal.cwd) })
  showFindings(terminal, result)
  if (result.config === null) return 1
  terminal.out(writeYaml(withoutUnsaidPlace(result.config)))
  return 0
}

function findCommand(name: string): Command | null {
  return COMMANDS.find(command => command.name === name) ?? null
}

function unknownCommand(terminal: Terminal, name: string): number {
  const meant = nearest(
    name,
    COMMANDS.map(command => command.name),
  )
  const hint = meant === null ? '"headgate help" lists them' : `did you mean "${meant}"?`
  say(terminal, `unknown command "${name}": ${hint}`)
  return USAGE
}

function longVersion(): string {
  return (
    `${PROGRAM} ${VERSION}\n` +
    `node ${process.version}, ${platform()} ${arch()}\n` +
    `compat profiles: ${COMPAT_PROFILES.join(', ')}\n`
  )
}

function helpText({ cwd }: Terminal): string {
  const rows = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}\n`)
  return (
    `${PROGRAM} ${VERSION}: a layer-7 reverse proxy and load balancer\n\n` +
    `Commands:\n${rows.join('')}\n` +
    'Without a command it takes the flags of nginx.\n\n' +
    nginxHelp(defaultConfigPaths(cwd))
  )
}
