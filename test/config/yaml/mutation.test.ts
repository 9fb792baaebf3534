// Broken YAML never throws, never takes long, and is always either read or refused with a reason.
// Seeded; a failure names the seed and the text.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { writeYaml } from '../../../src/config/yaml/write.ts'
import { DASHES } from '../../harness/golden-cases.ts'
import { readYaml } from './golden.ts'

const SEED = Number(process.env.FUZZ_SEED ?? 20_261)
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 800)

const CASES = new URL('../cases/yaml/', import.meta.url)
/** Mostly files without a mistake: what is broken already hides what a further break does. */
const INPUTS = readdirSync(CASES)
  .flatMap(name => (name.startsWith('mistake-') ? [name] : [name, name, name]))
  .map(name => readFileSync(new URL(name, CASES), 'utf8').split(`${DASHES}\n`)[0]!)

/** What is put in; `_` stands for a blank, for the line's end. */
const WORDS = [
  '{ } [ ] : :_ , -_ " \' # &a_ *a <<:_ !!str_ |_ >_ ~ null true off 0 -1 1e999 .nan 0x7f',
  '${ $${ ${X:- $ $host \t \u0000 \ud800 \u2028 ?_ ---_ %YAML_1.1 servers routes: proxy:',
  '__proto__: constructor:_ / @x 30s 16k ""',
]
  .flatMap(line => line.split(' '))
  .map(word => word.replaceAll('_', ' '))
  .concat('\n', '\n  ', '__proto__: ')

/** A small generator of numbers (mulberry32), so that a seed repeats a run. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One to three changes: of characters, of whole lines, of the words in them. */
function mutate(text: string, random: (below: number) => number): string {
  let result = text
  for (let count = 1 + random(2) * random(3); count > 0; count--) {
    const at = random(result.length + 1)
    const length = random(12)
    const word = WORDS[random(WORDS.length)]!
    const lines = result.split('\n')
    const line = random(lines.length)
    switch (random(8)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + length)
        break
      case 1:
        result = result.slice(0, at) + word + result.slice(at)
        break
      case 2:
        result = result.slice(0, at) + result.slice(at, at + 40) + result.slice(at)
        break
      case 3:
        result = lines.toSpliced(line, 1).join('\n')
        break
      case 4:
        result = lines.toSpliced(random(lines.length), 0, lines[line]!).join('\n')
        break
      case 5:
        result = result.replace(/[0-9]+/g, digits =>
          random(9) === 0 ? String(random(70_000)) : digits,
        )
        break
      default:
        // A value on its line becomes another.
        result = lines
          .with(
            line,
            lines[line]!.replace(/: [^\s,[\]{}]+/, () => `: ${word}`),
          )
          .join('\n')
    }
  }
  return result
}

describe(`yamlReader: ${ROUNDS} broken files (seed ${SEED})`, () => {
  it('are read, or refused with a reason at a place that exists', () => {
    const random = makeRandom(SEED)
    let readCount = 0
    for (let round = 0; round < ROUNDS; round++) {
      const text = mutate(INPUTS[random(INPUTS.length)]!, random)
      try {
        const { config, diagnostics, sources } = readYaml(text)
        const hasErrors = diagnostics.some(item => item.severity === 'error')
        assert.equal(config === null, hasErrors)
        const printed = renderDiagnostics(diagnostics, sources)
        assert.equal(printed === '', diagnostics.length === 0)
        const lines = text.split('\n').length
        for (const { origin } of diagnostics) assert.ok(origin.line >= 1 && origin.line <= lines)
        if (config === null) continue
        readCount++
        assert.equal(({} as Record<string, unknown>).polluted, undefined)
        assert.notEqual(writeYaml(config), '')
      } catch (error) {
        throw new Error(`round ${round} of seed ${SEED}:\n${text}`, { cause: error })
      }
    }
    assert.ok(
      readCount > ROUNDS / 20,
      `only ${readCount} of ${ROUNDS} are readable: too broken to test much`,
    )
  })
})

describe('yamlReader: files made to hurt', () => {
  /** Routes that hold nine times the routes before them, and so on. */
  const layers = (count: number, fan: number): string => {
    const lines = ['x-0: &a0 { path: / }']
    for (let index = 1; index <= count; index++) {
      const inner = Array(fan).fill(`*a${index - 1}`)
      lines.push(`x-${index}: &a${index} { path: /, routes: [${inner.join(', ')}] }`)
    }
    return lines.join('\n')
  }
  const HURTING: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    [
      'aliases of aliases of aliases, which stand for a billion values',
      `${layers(9, 9)}\nservers:\n  - listen: 80\n    routes: [*a9]\n`,
      /More than 200000 values/,
    ],
    [
      'more aliases than anybody writes',
      `x: &a 1\ny: [${Array(600).fill('*a').join(',')}]`,
      /More than 500 aliases/,
    ],
    ['brackets without end', 'servers: '.concat('['.repeat(5000)), /Not valid YAML/],
    ['routes in routes in routes', nestedRoutes(100), /Nested more than 64 deep/],
    [
      'a megabyte and more',
      `# ${'x'.repeat(1024 * 1024)}\nservers: []`,
      /at most 1048576 are read/,
    ],
    ['an anchor in itself', 'servers: &s [{ listen: 80, routes: *s }]', /Nested more than 64 deep/],
    ['a merge of itself', 'servers: [&s { listen: 80, <<: *s }]', /^$/],
  ]

  function nestedRoutes(depth: number): string {
    const open = Array.from(
      { length: depth },
      (_, index) => `{ path: ${'/a'.repeat(index + 1)}, routes: [`,
    )
    return `servers: [{ listen: 80, routes: [${open.join('')}${']}'.repeat(depth)}] }]`
  }

  for (const [what, text, message] of HURTING) {
    it(`survives ${what}`, () => {
      const begun = performance.now()
      const { diagnostics } = readYaml(text)
      assert.match(
        diagnostics.map(item => item.message).join('\n'),
        new RegExp(message.source, 'm'),
      )
      assert.ok(performance.now() - begun < 10_000)
    })
  }
})
