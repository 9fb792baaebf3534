// The package http-cache-tests against the program in `standard` mode. What it may fail is in cache-tests.expected.json, each with
// the section of the RFC that we follow instead: the suite is of 2020, RFC 9111 of 2022. The runner itself is held to what the
// suite's author published for nginx.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { withoutNginx } from '../harness/beside-nginx.ts'
import {
  type CacheTest,
  type CacheTestKind,
  type CacheTestResult,
  type CacheVerdict,
  countPassed,
  loadCacheTests,
  readPublishedResults,
} from './cache-suite.ts'
import type { SuiteTarget } from './cache-suite-proxies.ts'

/** Tests of the suite where we follow the RFC instead. */
interface Deviation {
  readonly ids: readonly string[]
  /** `RFC 9111 §5.1` */
  readonly section: string
  readonly because: string
}

interface Deviations {
  readonly requirements: readonly Deviation[]
  readonly optimisations: readonly Deviation[]
}

const PEERS = ['apache', 'nginx', 'squid', 'trafficserver', 'varnish']

/** Another version of nginx may judge a few of 243 otherwise. */
const NGINX_DIFFERENCES_MAX = 8

const EXPECTED = JSON.parse(
  readFileSync(join(import.meta.dirname, 'cache-tests.expected.json'), 'utf8'),
) as Deviations

describe('the cache suite', () => {
  let tests: CacheTest[] = []
  before(async () => {
    tests = await loadCacheTests()
  })

  it('has each deviation once, with its section and a sentence', () => {
    for (const [kind, deviations] of [
      ['required', EXPECTED.requirements],
      ['optimal', EXPECTED.optimisations],
    ] as const) {
      const ids = deviations.flatMap(deviation => deviation.ids)
      assert.equal(new Set(ids).size, ids.length)
      const known = tests.filter(test => test.kind === kind).map(test => test.id)
      assert.deepEqual(
        ids.filter(id => !known.includes(id)),
        [],
      )
      for (const { section, because } of deviations) {
        assert.match(section, /^RFC \d{4} §\d+(\.\d+)*$/)
        assert.match(because, /^[A-Z].{40,}\.$/)
      }
    }
  })

  it('comes out for nginx as it was published', { skip: withoutNginx() }, async () => {
    const here = await runSuite(tests, 'nginx')
    const published = readPublishedResults(tests, 'nginx')
    const differing = here.filter(({ test, verdict }, index) => {
      return test.kind !== 'check' && verdict !== published[index]!.verdict
    })
    const ids = differing.map(({ test }) => test.id)
    assert.ok(ids.length <= NGINX_DIFFERENCES_MAX, ids.join(', '))
  })
})

describe('a cache in standard mode', () => {
  let tests: CacheTest[] = []
  let results: CacheTestResult[] = []
  before(async () => {
    tests = await loadCacheTests()
    results = await runSuite(tests, 'headgate')
  })

  it('meets every requirement that does not contradict the RFC', () => {
    assert.deepEqual(notPassed(results, 'required'), idsOf(EXPECTED.requirements))
  })

  it('misses no optimisation but those that contradict the RFC', () => {
    assert.deepEqual(notPassed(results, 'optimal'), idsOf(EXPECTED.optimisations))
  })

  it('passes more requirements and optimisations than any peer', () => {
    for (const kind of ['required', 'optimal'] as const) {
      for (const peer of PEERS) {
        const theirs = countPassed(readPublishedResults(tests, peer), kind)
        const ours = countPassed(results, kind)
        assert.ok(ours > theirs, `${kind}: ${ours}, and ${peer} has ${theirs}`)
      }
    }
  })
})

function idsOf(deviations: readonly Deviation[]): string[] {
  return deviations.flatMap(deviation => deviation.ids).sort()
}

function notPassed(results: readonly CacheTestResult[], kind: CacheTestKind): string[] {
  return results
    .filter(({ test, verdict }) => test.kind === kind && verdict !== 'pass')
    .map(({ test }) => test.id)
    .sort()
}

/** In a process of its own: the suite keeps its results in its modules, so one process runs it once. */
async function runSuite(
  tests: readonly CacheTest[],
  target: SuiteTarget,
): Promise<CacheTestResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'cache-suite-'))
  const out = join(directory, 'verdicts.json')
  const script = join(import.meta.dirname, 'run-cache-tests.ts')
  try {
    const child = spawn(process.execPath, [script, '--target', target, '--out', out], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const code = await new Promise(resolve => child.on('close', resolve))
    assert.equal(code, 0, said)
    const verdicts = JSON.parse(readFileSync(out, 'utf8')) as Record<string, CacheVerdict>
    return tests.map(test => ({ test, verdict: verdicts[test.id]!, detail: '' }))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
