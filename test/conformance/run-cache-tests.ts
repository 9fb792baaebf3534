// `node test/conformance/run-cache-tests.ts [--target nginx|headgate] [--only ID] [--out FILE]`: runs the package http-cache-tests against a
// proxy, and prints how many tests of each kind passed and which did not. With one test, its exchanges are shown.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  CACHE_TEST_KINDS,
  type CacheTest,
  type CacheTestKind,
  type CacheTestResult,
  countPassed,
  loadCacheTests,
  runCacheTests,
  SuiteOrigin,
  withDependencies,
} from './cache-suite.ts'
import { SUITE_TARGETS, type SuiteTarget, startSuiteProxy } from './cache-suite-proxies.ts'

const TITLES = { required: 'requirements', optimal: 'optimisations', check: 'checks' } as const

/** Tests between two lines of progress. */
const PROGRESS_STEP = 50

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', default: 'headgate' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const target = SUITE_TARGETS.find(name => name === values.target)
  if (target === undefined)
    return refuse(`Cannot use --target "${values.target}": known are ${SUITE_TARGETS.join(', ')}`)
  const all = await loadCacheTests()
  const tests = values.only === undefined ? all : withDependencies(all, values.only)
  if (tests.length === 0) return refuse(`Cannot use --only "${values.only}": there is no such test`)
  for (const test of tests) if (test.id === values.only) test.source.dump = true
  const results = await run(target, tests)
  if (values.out !== undefined) {
    const rows = results.map(({ test, verdict }) => [test.id, verdict])
    writeFileSync(values.out, `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`)
  }
  for (const kind of CACHE_TEST_KINDS) report(results, kind)
}

async function run(target: SuiteTarget, tests: readonly CacheTest[]): Promise<CacheTestResult[]> {
  const origin = await SuiteOrigin.start()
  const proxy = await startSuiteProxy(target, origin.port)
  const startedAt = performance.now()
  try {
    return await runCacheTests(tests, proxy.port, done => {
      if (done % PROGRESS_STEP !== 0 && done !== tests.length) return
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      process.stderr.write(`${done} of ${tests.length} tests, ${seconds} s\n`)
    })
  } finally {
    await proxy.end()
    await origin.end()
  }
}

function report(all: readonly CacheTestResult[], kind: CacheTestKind): void {
  const results = all.filter(({ test }) => test.kind === kind)
  if (results.length === 0) return
  process.stdout.write(`${TITLES[kind]}: ${countPassed(results, kind)} of ${results.length}\n`)
  for (const { test, verdict, detail } of results) {
    if (verdict === 'pass') continue
    process.stdout.write(`  ${verdict.padEnd(9)}${test.id}\n             ${detail}\n`)
  }
}

function refuse(text: string): void {
  process.stderr.write(`run-cache-tests: ${text}\n`)
  process.exitCode = 2
}

// Whatever still runs ends on the way out.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.stdout.once('error', () => process.exit(1))
await main()
