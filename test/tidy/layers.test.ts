// Folders are layers and every import points down (docs/architecture.md): what a reviewer would forget, a test does not.

import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { filesBelow } from './source-files.ts'

/** Bottom to top. Folders that share a row may not import each other. */
const LAYERS = [
  ['base'],
  ['model'],
  ['http', 'zone', 'config', 'dns', 'probe', 'auth'],
  ['balance', 'cache'],
  ['downstream', 'upstream'],
  ['proxy'],
  ['worker'],
  ['control'],
  ['main.ts'],
]

const IMPORT =
  /(?:^|\n)\s*(?:import|export)[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g

function rowOf(path: string): number {
  const top = path.split('/')[1]!
  return LAYERS.findIndex(row => row.includes(top))
}

const sources = filesBelow('src', ['.ts'])

describe('layers', () => {
  it('have a row for every folder of src', () => {
    const unknown = sources.filter(file => rowOf(file.path) === -1).map(file => file.path)
    assert.deepEqual(unknown, [])
  })

  it('import only downward, and never sideways', () => {
    const bad: string[] = []
    for (const file of sources) {
      for (const match of file.text.matchAll(IMPORT)) {
        const target = match[1] ?? match[2]!
        if (!target.startsWith('.')) continue
        const path = join(dirname(file.path), target)
        const [from, to] = [file.path.split('/')[1]!, path.split('/')[1]!]
        if (from === to) continue
        if (rowOf(path) >= rowOf(file.path)) bad.push(`${file.path}: ${from} may not import ${to}`)
      }
    }
    assert.deepEqual(bad, [])
  })

  it('write the ending of every relative import', () => {
    const bad = sources.flatMap(file =>
      [...file.text.matchAll(IMPORT)]
        .map(match => match[1] ?? match[2]!)
        .filter(target => target.startsWith('.') && !target.endsWith('.ts'))
        .map(target => `${file.path}: ${target}`),
    )
    assert.deepEqual(bad, [])
  })

  it('have no import cycle', () => {
    const graph = new Map(
      sources.map(file => [
        file.path,
        [...file.text.matchAll(/(?:^|\n)import (?!type )[^'"]*?from\s*['"](\.[^'"]+)['"]/g)].map(
          match => join(dirname(file.path), match[1]!),
        ),
      ]),
    )
    const state = new Map<string, 'open' | 'done'>()
    const cycles: string[] = []
    const visit = (path: string, trail: string[]) => {
      if (state.get(path) === 'done') return
      if (state.get(path) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
        return
      }
      state.set(path, 'open')
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
      state.set(path, 'done')
    }
    for (const path of graph.keys()) visit(path, [])
    assert.deepEqual(cycles, [])
  })
})
