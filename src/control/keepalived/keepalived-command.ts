// `headgate keepalived init|check`: makes the files of a pair, and finds the mistakes in those that are there.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'

import { systemErrorText } from '../../base/system-error.ts'
import { countText, renderDiagnostics } from '../../config/diagnostic.ts'
import type { Source } from '../../config/source.ts'
import { isFileProblem, readSourceFile } from '../../config/source-file.ts'
import type { CommandInput } from '../command.ts'
import { say } from '../terminal.ts'
import { checkKeepalived, type KeepalivedFindings } from './check-keepalived.ts'
import { checkPair } from './check-pair.ts'
import { SYSTEM_SCRIPTS } from './check-script.ts'
import { type PairOptions, writeKeepalived } from './write-pair.ts'

const USAGE = 2
const FILES = ['keepalived-first.conf', 'keepalived-second.conf'] as const
/** What a person is asked for, in this order. */
const QUESTIONS = [
  ['interface', 'Interface that both machines see each other on (eth0)'],
  ['address', 'Virtual address with its prefix length (192.168.0.105/24)'],
  ['first', 'Address of the machine that begins (192.168.0.103)'],
  ['second', 'Address of the other one (192.168.0.104)'],
  ['router-id', 'Number of the pair on this network, 1 to 255 (51)'],
  ['advert', 'Seconds between adverts: 1, or 0.1 for a move in well under a second (1)'],
] as const
const DEFAULTS: Readonly<Record<string, string>> = { 'router-id': '51', advert: '1' }

/** Runs the command. Returns the exit code. */
export async function runKeepalived(input: CommandInput): Promise<number> {
  const { terminal, word, second } = input
  if (word === 'check') return check(input)
  if (word === 'init') {
    if (second === undefined) return init(input)
    say(terminal, `"keepalived init" takes no "${second}"`)
    return USAGE
  }
  say(terminal, `"keepalived" takes "init" or "check"${word === null ? '' : `, not "${word}"`}`)
  return USAGE
}

function check({ terminal, second, values }: CommandInput): number {
  if (second === undefined) {
    say(terminal, '"keepalived check" needs a FILE')
    return USAGE
  }
  const sources = new Map<string, Source>()
  const found: KeepalivedFindings[] = []
  for (const file of [second, values.pair].filter(each => each !== undefined)) {
    const source = readSourceFile(resolve(terminal.cwd, file), file)
    if (isFileProblem(source)) {
      say(terminal, source.problem)
      return 1
    }
    sources.set(file, source)
    found.push(checkKeepalived(source, SYSTEM_SCRIPTS))
  }
  const [first, other] = found
  const pair = other === undefined ? [] : checkPair(first!.instances, other.instances)
  const items = [...found.flatMap(each => each.items), ...pair]
  terminal.err(renderDiagnostics(items, sources, { color: terminal.hasColor }))
  const counts = countText(items)
  say(
    terminal,
    counts === '' ? `nothing is wrong with ${[...sources.keys()].join(' and ')}` : counts,
  )
  return items.some(({ severity }) => severity === 'error') ? 1 : 0
}

async function init(input: CommandInput): Promise<number> {
  const { terminal, values } = input
  const answers = await askFor(input)
  if (typeof answers === 'string') {
    say(terminal, answers)
    return USAGE
  }
  const options = optionsOf(answers)
  if (typeof options === 'string') {
    say(terminal, options)
    return USAGE
  }
  const texts = [writeKeepalived(options, 0), writeKeepalived(options, 1)] as const
  const { out } = values
  if (out === undefined) {
    terminal.out(texts.map((text, index) => `## ${FILES[index]}\n\n${text}`).join('\n'))
    return 0
  }
  const directory = resolve(terminal.cwd, out)
  const paths = FILES.map(name => join(directory, name))
  const taken = paths.find(path => existsSync(path))
  if (taken !== undefined && values.force === undefined) {
    say(terminal, `"${taken}" is there already: move it away, or say --force`)
    return 1
  }
  try {
    mkdirSync(directory, { recursive: true })
    for (const [index, path] of paths.entries()) {
      writeFileSync(path, texts[index]!, { mode: 0o644 })
    }
  } catch (error) {
    say(terminal, `"${directory}": ${systemErrorText(error)}`)
    return 1
  }
  terminal.out(
    `${paths.join('\n')}\n\n` +
      `Copy each to its machine as /etc/keepalived/keepalived.conf, then there:\n` +
      '  keepalived -t && systemctl restart keepalived\n',
  )
  return 0
}

/** What the flags say, and what a person at the terminal answers to the rest. */
async function askFor({ values }: CommandInput): Promise<Record<string, string> | string> {
  const answers: Record<string, string> = { ...values }
  const missing = QUESTIONS.filter(([name]) => answers[name] === undefined)
  const needed = missing.filter(([name]) => DEFAULTS[name] === undefined)
  if (needed.length === 0 || !process.stdin.isTTY) {
    if (needed.length > 0) {
      return `missing: ${needed.map(([name]) => `--${name}`).join(', ')} (see "headgate help keepalived")`
    }
    return { ...DEFAULTS, ...answers }
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    for (const [name, question] of missing) {
      const answer = (await reader.question(`${question}: `)).trim()
      answers[name] = answer === '' ? (DEFAULTS[name] ?? '') : answer
    }
  } finally {
    reader.close()
  }
  return answers
}

function optionsOf(answers: Readonly<Record<string, string>>): PairOptions | string {
  const { interface: device = '', address = '', first = '', second = '' } = answers
  const addresses = address.split(/[\s,]+/).filter(text => text !== '')
  if (!/^[\w.:@-]{1,15}$/.test(device)) return `"${device}" is no interface`
  if (addresses.length === 0) return '--address is missing'
  for (const each of addresses) {
    const problem = addressProblem(each)
    if (problem !== '') return problem
  }
  for (const machine of [first, second]) {
    if (isIP(machine) === 0) return `"${machine}" is no address of a machine`
  }
  if (isIP(first) !== isIP(second)) return 'one machine has an IPv4 address, the other IPv6'
  if (!addresses.some(each => isIP(each.replace(/\/.*/, '')) === isIP(first))) {
    return `no virtual address is of the family of ${first}`
  }
  if (first === second) return 'the two machines have one address'
  const taken = addresses.find(each => [first, second].includes(each.replace(/\/.*/, '')))
  if (taken !== undefined)
    return `"${taken}" is the address of a machine: the virtual one is a third`
  const routerId = Number(answers['router-id'])
  if (!Number.isInteger(routerId) || routerId < 1 || routerId > 255) {
    return `--router-id is a number from 1 to 255, not "${answers['router-id']}"`
  }
  const advertSeconds = Number(answers.advert)
  if (!(advertSeconds >= 0.01 && advertSeconds <= 40)) {
    return `--advert takes seconds, 0.01 to 40, not "${answers.advert}"`
  }
  if (advertSeconds > 1 && !Number.isInteger(advertSeconds))
    return '--advert above 1 takes whole seconds'
  const user = answers.user ?? 'root'
  if (!/^[a-z_][\w-]*$/.test(user)) return `"${user}" is no user`
  const check = answers.check ?? '/usr/local/bin/headgate-alive'
  const notifyMaster = answers['notify-master'] ?? ''
  if (!check.startsWith('/')) return `--check takes a whole path, not "${check}"`
  if (/["\n]/.test(check + notifyMaster)) return '--check and --notify-master take no quotes'
  return {
    interface: device,
    addresses,
    machines: [first, second],
    routerId,
    advertSeconds,
    isMulticast: answers.multicast !== undefined,
    staysPut: answers['stay-put'] !== undefined,
    check,
    user,
    notifyMaster,
  }
}

function addressProblem(text: string): string {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return `"${text}" is no address`
  if (bits === undefined)
    return `"${text}" lacks its prefix length: ${text}/${family === 4 ? 24 : 64}`
  const most = family === 4 ? 32 : 128
  return /^\d+$/.test(bits) && Number(bits) <= most ? '' : `"/${bits}" is no prefix length`
}
