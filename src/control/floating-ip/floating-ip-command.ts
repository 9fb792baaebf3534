// `headgate floating-ip assign|show`: what keepalived's notify_master runs where the virtual address is a cloud's.

import { isIP } from 'node:net'

import { systemDelay } from '../../base/delay.ts'
import type { CommandInput } from '../command.ts'
import { say, type Terminal } from '../terminal.ts'
import { assignAddress } from './assign.ts'
import { DIGITALOCEAN, makeDigitalOcean } from './digitalocean.ts'
import { EC2_METADATA, type Ec2Keys, makeEc2 } from './ec2.ts'
import { HETZNER, makeHetzner } from './hetzner.ts'
import { makeProgramProvider } from './program-provider.ts'
import { CloudError, type FloatingIpProvider } from './provider.ts'
import { readSecret } from './secret.ts'

export const PROVIDERS = ['digitalocean', 'hetzner', 'ec2', 'command'] as const

const USAGE = 2
const TRIES_MAX = 1_000
const SECONDS_MAX = 3_600

/** Where tokens are looked for in the environment, the first that is there. */
const TOKENS: Readonly<Record<string, readonly string[]>> = {
  digitalocean: ['DIGITALOCEAN_TOKEN', 'DIGITALOCEAN_ACCESS_TOKEN', 'DO_TOKEN'],
  hetzner: ['HCLOUD_TOKEN'],
}

/** Runs the command. Returns the exit code: 0 = the address is here, 1 = it is not, 2 = not understood. */
export async function runFloatingIp(input: CommandInput): Promise<number> {
  const { terminal, values, word } = input
  const refuse = (text: string) => {
    say(terminal, text)
    return USAGE
  }
  if (word !== 'assign' && word !== 'show') {
    return refuse(`"floating-ip" takes "assign" or "show"${word === null ? '' : `, not "${word}"`}`)
  }
  const { address = '', provider: name } = values
  if (isIP(address) === 0) {
    return refuse(address === '' ? '--address is missing' : `"${address}" is no address`)
  }
  if (name === undefined) return refuse(`--provider is missing: ${PROVIDERS.join(', ')}`)
  const tries = numberOf(values.tries ?? '10', TRIES_MAX)
  const pause = numberOf(values.pause ?? '3', SECONDS_MAX, 0)
  const timeout = numberOf(values.timeout ?? '5', SECONDS_MAX)
  if (tries === null) return refuse(`--tries takes a number from 1 to ${TRIES_MAX}`)
  if (pause === null) return refuse(`--pause takes seconds, up to ${SECONDS_MAX}`)
  if (timeout === null) return refuse(`--timeout takes seconds, up to ${SECONDS_MAX}`)
  const made = makeProvider(name, values, terminal)
  if (typeof made === 'string') {
    say(terminal, made)
    return 1
  }
  const timeoutMs = timeout * 1000
  const machine = values.machine ?? null
  if (word === 'show') return show(made, address, machine, timeoutMs, terminal)
  const outcome = await assignAddress(made, {
    address,
    machine,
    triesMax: tries,
    pauseMs: pause * 1000,
    timeoutMs,
    delay: systemDelay,
    say: text => say(terminal, text),
  })
  return outcome === 'failed' ? 1 : 0
}

async function show(
  provider: FloatingIpProvider,
  address: string,
  machine: string | null,
  timeoutMs: number,
  terminal: Terminal,
): Promise<number> {
  try {
    const self = machine ?? (await provider.self(AbortSignal.timeout(timeoutMs)))
    const holder = await provider.holder(address, AbortSignal.timeout(timeoutMs))
    const here = holder === self ? ' (this machine)' : `, this machine is ${self}`
    terminal.out(`${address} is with ${holder ?? 'nobody'}${here}\n`)
    return holder === self ? 0 : 1
  } catch (error) {
    if (!(error instanceof CloudError)) throw error
    say(terminal, error.message)
    return 1
  }
}

/** The provider, or what is missing for it. */
function makeProvider(
  name: string,
  values: CommandInput['values'],
  terminal: Terminal,
): FloatingIpProvider | string {
  const { env } = terminal
  if (name === 'command') {
    const { command } = values
    if (command === undefined) return '--command is missing: the program that asks and assigns'
    return makeProgramProvider(command, values.machine ?? terminal.hostname)
  }
  if (name === 'ec2') {
    const keys = keysOf(env)
    if (typeof keys === 'string') return keys
    return makeEc2({
      api: values.api ?? null,
      metadata: values.metadata ?? EC2_METADATA,
      region: values.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? null,
      keys,
    })
  }
  const token = tokenOf(name, values['token-file'], env)
  if ('problem' in token) return token.problem
  const usual = name === 'hetzner' ? HETZNER : DIGITALOCEAN
  const options = {
    api: values.api ?? usual.api,
    metadata: values.metadata ?? usual.metadata,
    token: token.text,
  }
  return name === 'hetzner' ? makeHetzner(options) : makeDigitalOcean(options)
}

function tokenOf(name: string, path: string | undefined, env: Terminal['env']) {
  if (path !== undefined) return readSecret(path)
  const names = TOKENS[name] ?? []
  for (const variable of names) {
    const text = env[variable]
    if (text !== undefined && text !== '') return { text }
  }
  return {
    problem: `no token: set ${names.join(' or ')}, or name a file of mode 0600 with --token-file`,
  }
}

function keysOf(env: Terminal['env']): Ec2Keys | string | null {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env
  if (id === undefined && secret === undefined) return null
  if (id === undefined || secret === undefined) {
    return 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: one of them is missing'
  }
  const keys = { accessKeyId: id, secretAccessKey: secret }
  return token === undefined ? keys : { ...keys, sessionToken: token }
}

function numberOf(text: string, most: number, least = 1): number | null {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return number >= least && number <= most ? number : null
}
