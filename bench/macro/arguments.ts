/**
 * The command line of the benchmark: its options, their limits, and its help.
 * What is wrong with it comes back as one line of text.
 */

import { parseArgs } from 'node:util'
import type { LoadTool } from './load.ts'
import { RIVALS } from './rivals.ts'
import { WORK, type WorkItem } from './work.ts'

/** Another build of Headgate, measured beside. */
export interface NamedCommand {
  readonly name: string
  readonly command: string
}

/** What the command line asks for. */
export interface Options {
  readonly isHelp: boolean
  readonly work: readonly WorkItem[]
  /** Names of the proxies to measure, Headgate and the additional builds included. */
  readonly names: readonly string[]
  readonly rounds: number
  readonly seconds: number
  readonly proxyCore: number
  readonly loadCore: number
  readonly headgateCommand: string | null
  readonly also: readonly NamedCommand[]
  /** null: wrk when it is installed, else autocannon. */
  readonly load: LoadTool | null
  /** null: a new file in bench/results. */
  readonly outPath: string | null
}

const ROUNDS_MAX = 50
const SECONDS_MAX = 120
const CORE_MAX = 1023

/**
 * Parses the arguments after the script's name.
 *
 * @returns the options, or one line that says what is wrong with the arguments
 */
export function parseArguments(args: readonly string[]): Options | string {
  let values: ReturnType<typeof parseFlags>
  try {
    values = parseFlags(args)
  } catch (error) {
    // parseArgs throws for what the user wrote; its second sentence explains its own API.
    return error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error)
  }
  const also = values.also.map(parseNamedCommand)
  const wrongAlso = also.indexOf(null)
  if (wrongAlso >= 0) {
    return `Cannot use --also "${values.also[wrongAlso]}": it needs the form name=command`
  }
  const builds = also.filter(named => named !== null)
  const known = ['headgate', ...builds.map(named => named.name), ...RIVALS.map(rival => rival.name)]
  const repeated = known.find((name, index) => known.indexOf(name) !== index)
  if (repeated !== undefined) return `Cannot use --also "${repeated}=…": the name is taken`

  const only = parseList(values.only) ?? known
  const usual = WORK.filter(item => !item.isOnDemand).map(item => item.name)
  const work = parseList(values.work) ?? usual
  const cores = parseList(values.cores) ?? []
  const faults = [
    findUnknown('proxy', only, known),
    findUnknown(
      'work',
      work,
      WORK.map(item => item.name),
    ),
    findNotWhole('--rounds', values.rounds, 1, ROUNDS_MAX),
    findNotWhole('--seconds', values.seconds, 1, SECONDS_MAX),
    ...cores.map(core => findNotWhole('--cores', core, 0, CORE_MAX)),
    cores.length === 2 && cores[0] !== cores[1] ? null : 'Cannot use --cores: give two, as in 0,1',
    values.load === undefined || ['wrk', 'autocannon'].includes(values.load)
      ? null
      : `Cannot use --load "${values.load}": known are wrk, autocannon`,
  ]
  const fault = faults.find(text => text !== null)
  if (fault !== undefined) return fault
  return {
    isHelp: values.help,
    work: WORK.filter(item => work.includes(item.name)),
    names: known.filter(name => only.includes(name) || builds.some(named => named.name === name)),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    proxyCore: Number(cores[0]),
    loadCore: Number(cores[1]),
    headgateCommand: values['headgate-command'] ?? null,
    also: builds,
    load: values.load === 'wrk' || values.load === 'autocannon' ? values.load : null,
    outPath: values.out ?? null,
  }
}

/** Makes the text of `--help`. */
export function makeHelp(): string {
  const work = WORK.map(
    item => `  ${(item.isOnDemand ? `${item.name}*` : item.name).padEnd(15)}${item.title}`,
  )
  const names = ['headgate', ...RIVALS.map(rival => rival.name)]
  return `Usage: npm run bench -- [options]

Measures Headgate beside other proxies, over the same work in the same run.

  --work A,B                  kinds of work, all without * by default (see below)
  --only A,B                  proxies to measure, all by default (see below)
  --rounds N                  measurements of each proxy and work, 3 by default
  --seconds N                 length of one measurement, 5 by default
  --cores P,L                 core of the proxy, core of load and origin; 0,1 by default
  --headgate-command 'CMD'    starts Headgate with CMD instead of this checkout
  --also 'NAME=CMD'           measures another build of Headgate beside; may be repeated
  --load wrk|autocannon       load generator; wrk where it is installed by default
  --out FILE                  writes the results there instead of into bench/results
  --help                      shows this text

CMD is read by the shell and gets the arguments: run -c FILE

Work:
${work.join('\n')}

Proxies: ${names.join(', ')}
`
}

function parseFlags(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      work: { type: 'string' },
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      cores: { type: 'string', default: '0,1' },
      'headgate-command': { type: 'string' },
      also: { type: 'string', multiple: true, default: [] },
      load: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  return values
}

function parseNamedCommand(text: string): NamedCommand | null {
  const match = /^([\w.@/-]+)=(.*\S.*)$/.exec(text)
  return match === null ? null : { name: match[1] ?? '', command: match[2] ?? '' }
}

function parseList(text: string | undefined): string[] | null {
  return text === undefined ? null : text.split(',').map(word => word.trim())
}

function findUnknown(
  noun: string,
  names: readonly string[],
  known: readonly string[],
): string | null {
  const unknown = names.find(name => !known.includes(name))
  return unknown === undefined
    ? null
    : `Cannot use ${noun} "${unknown}": known are ${known.join(', ')}`
}

function findNotWhole(flag: string, text: string, least: number, most: number): string | null {
  const value = Number(text)
  const isGood = /^\d+$/.test(text) && value >= least && value <= most
  return isGood ? null : `Cannot use ${flag} "${text}": it needs a number from ${least} to ${most}`
}
