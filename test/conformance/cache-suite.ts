// Drives the package http-cache-tests in this process: its origin on a loopback port, its client against a proxy, and its
// verdicts by kind. The suite is of 2020 and has no types; what is used of it stands here as interfaces. It keeps its
// results in module state, so one process runs each test once.

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

/** What a test says of a cache: that it must, that it would be good, or only how it is. */
export const CACHE_TEST_KINDS = ['required', 'optimal', 'check'] as const
export type CacheTestKind = (typeof CACHE_TEST_KINDS)[number]

/** One test of the suite. */
export interface CacheTest {
  readonly id: string
  readonly name: string
  readonly kind: CacheTestKind
  /** Tests that must pass for this one to mean anything. */
  readonly dependsOn: readonly string[]
  /** As the suite has it. */
  readonly source: SuiteTest
}

/**
 * How a test came out: `unproven` = a test that it depends on did not pass; `broken` = it did not get as far as what it
 * is about (the suite calls it a setup failure).
 */
export type CacheVerdict = 'pass' | 'fail' | 'unproven' | 'broken'

/** A test with its outcome. */
export interface CacheTestResult {
  readonly test: CacheTest
  readonly verdict: CacheVerdict
  /** Why not; empty when it passed. */
  readonly detail: string
}

interface SuiteTest {
  readonly id: string
  readonly name: string
  readonly kind?: CacheTestKind
  readonly depends_on?: readonly string[]
  readonly browser_only?: boolean
  readonly requests: readonly Readonly<Record<string, unknown>>[]
  dump?: boolean
}

type SuiteHandler = (
  segments: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
) => void

type Outcome = true | readonly [kind: string, message: string]

interface SuiteClient {
  makeCacheTest(test: SuiteTest): Promise<void>
  readonly testResults: Readonly<Record<string, Outcome>>
}

interface SuiteSettings {
  setFetch(fetch: unknown): void
  setBaseUrl(url: string): void
  setUseBrowserCache(isUsed: boolean): void
}

const PACKAGE = 'http-cache-tests'

/** What each test may take: a pause of three seconds or two, and some for a busy machine. */
const TEST_MS_MAX = 15_000

/** Tests that run beside each other; most of their time is the pause until something is stale. */
const TESTS_AT_ONCE = 100

/** Reads the tests that a proxy can be asked, in their order. */
export async function loadCacheTests(): Promise<CacheTest[]> {
  const suites = await importSuite<{ default: readonly { tests: readonly SuiteTest[] }[] }>(
    'tests/index.mjs',
  )
  return suites.default
    .flatMap(suite => suite.tests)
    .filter(test => test.browser_only !== true)
    .map(source => ({
      id: source.id,
      name: source.name,
      kind: source.kind ?? 'required',
      dependsOn: source.depends_on ?? [],
      source,
    }))
}

/** The suite's origin: it answers as the client told it before, and remembers what it got. */
export class SuiteOrigin {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<SuiteOrigin> {
    const handlers = new Map<string, SuiteHandler>()
    for (const name of ['config', 'test', 'state']) {
      const module = await importSuite<{ default: SuiteHandler }>(`server/handle-${name}.mjs`)
      handlers.set(name, module.default)
    }
    const server = createServer((request, response) => {
      const [, name = '', ...segments] = new URL(
        request.url ?? '/',
        'http://origin',
      ).pathname.split('/')
      const handle = handlers.get(name)
      if (handle !== undefined) return handle(segments, request, response)
      response.writeHead(404).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new SuiteOrigin(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async end(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

/**
 * Runs tests through a proxy in front of the origin.
 *
 * @param port of the proxy, on 127.0.0.1
 * @param onProgress called after each test with how many are over
 * @returns in the order of the tests; one that hangs for fifteen seconds is broken
 */
export async function runCacheTests(
  tests: readonly CacheTest[],
  port: number,
  onProgress: (done: number) => void = () => {},
): Promise<CacheTestResult[]> {
  const settings = await importSuite<SuiteSettings>('client/config.mjs')
  const client = await importSuite<SuiteClient>('client/test.mjs')
  // The suite's own choice: Node's fetch adds Cache-Control to requests that it is told not to cache.
  const fetch = await importBeside<{ default: unknown }>('node-fetch')
  settings.setFetch(fetch.default)
  settings.setBaseUrl(`http://127.0.0.1:${port}`)
  settings.setUseBrowserCache(false)
  let done = 0
  const waiting = [...tests]
  const runNext = async (): Promise<void> => {
    for (let test = waiting.shift(); test !== undefined; test = waiting.shift()) {
      await within(client.makeCacheTest(test.source))
      onProgress(++done)
    }
  }
  await Promise.all(Array.from({ length: TESTS_AT_ONCE }, runNext))
  return tests.map(test => judge(test, client.testResults))
}

/**
 * Reads how another cache came out, as the suite's author published it with the suite.
 *
 * @param name `nginx`, `squid`, `varnish`, `apache`, `trafficserver`
 */
export function readPublishedResults(tests: readonly CacheTest[], name: string): CacheTestResult[] {
  const path = createRequire(import.meta.url).resolve(`${PACKAGE}/results/${name}.json`)
  const outcomes = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, Outcome>>
  return tests.map(test => judge(test, outcomes))
}

/** How many tests of a kind passed. */
export function countPassed(results: readonly CacheTestResult[], kind: CacheTestKind): number {
  return results.filter(({ test, verdict }) => test.kind === kind && verdict === 'pass').length
}

/** Tests with what they depend on, so that a single one can be judged. */
export function withDependencies(all: readonly CacheTest[], id: string): CacheTest[] {
  const wanted = new Set([id])
  for (const name of wanted) {
    for (const needed of all.find(test => test.id === name)?.dependsOn ?? []) wanted.add(needed)
  }
  return all.filter(test => wanted.has(test.id))
}

function judge(test: CacheTest, outcomes: Readonly<Record<string, Outcome>>): CacheTestResult {
  const missing = test.dependsOn.find(id => outcomes[id] !== true)
  if (missing !== undefined)
    return { test, verdict: 'unproven', detail: `"${missing}" did not pass` }
  const outcome = outcomes[test.id]
  if (outcome === true) return { test, verdict: 'pass', detail: '' }
  const [kind = 'none', detail = 'it did not end'] = outcome ?? []
  return { test, verdict: kind === 'Assertion' ? 'fail' : 'broken', detail: `${kind}: ${detail}` }
}

/** A proxy that hangs fails one test, not all of them. */
async function within(running: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, TEST_MS_MAX)
  await Promise.race([running, promise]).finally(() => clearTimeout(timer))
}

function importSuite<Module>(path: string): Promise<Module> {
  return importBeside<Module>(`${PACKAGE}/${path}`)
}

/** By a name that is not a literal, as there are no types to be had; the caller says what it expects. */
async function importBeside<Module>(name: string): Promise<Module> {
  const own = createRequire(import.meta.url)
  const near = createRequire(own.resolve(`${PACKAGE}/package.json`))
  return (await import(near.resolve(name))) as Module
}
