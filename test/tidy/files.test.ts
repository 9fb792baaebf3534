// How files look: short, named after one concept, with a comment on top, without words that do not belong here.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { filesBelow, ROOT, readText } from './source-files.ts'

const LINES_MAX = 350
const FORBIDDEN_NAMES = /\/(util|utils|helper|helpers|common|misc|types|index)\.ts$/

const sources = filesBelow('src', ['.ts'])
const code = [...sources, ...filesBelow('test', ['.ts']), ...filesBelow('bench', ['.ts'])]
const documents = [
  ...filesBelow('docs', ['.md']),
  ...['README.md', 'CHANGELOG.md'].filter(name => existsSync(join(ROOT, name))).map(readText),
]

describe('source files', () => {
  it(`have at most ${LINES_MAX} lines, or a reason on top`, () => {
    const bad = sources
      .filter(
        file =>
          file.lines.length > LINES_MAX && !/^\/\/ .*\bLength: /m.test(file.text.slice(0, 2000)),
      )
      .map(file => `${file.path}: ${file.lines.length}`)
    assert.deepEqual(bad, [])
  })

  it('are kebab-case and say what they hold', () => {
    const bad = code
      .filter(file => FORBIDDEN_NAMES.test(file.path) || !/^[a-z0-9./-]+$/.test(file.path))
      .map(file => file.path)
    assert.deepEqual(bad, [])
  })

  it('begin with a comment', () => {
    const bad = [...sources, ...filesBelow('bench', ['.ts'])]
      .filter(file => !/^(#!.*\n)?\/[/*]/.test(file.text))
      .map(file => file.path)
    assert.deepEqual(bad, [])
  })

  it('have no default export and no enum', () => {
    const bad = sources
      .filter(file => /^export default|^(export )?(const )?enum /m.test(file.text))
      .map(file => file.path)
    assert.deepEqual(bad, [])
  })

  it('do not silence the checks', () => {
    const bad = code.filter(
      file =>
        /@ts-(ignore|nocheck)|^[^/]*\bas any\b/m.test(
          file.text.replaceAll(/^\s*(\*|\/\/).*$/gm, ''),
        ) && !file.path.endsWith('tidy/files.test.ts'),
    )
    assert.deepEqual(
      bad.map(file => file.path),
      [],
    )
  })
})

describe('tests', () => {
  it('do not run alone, and skip only with a reason', () => {
    const bad = filesBelow('test', ['.test.ts']).flatMap(file =>
      file.lines
        .map((line, index) => ({ line, place: `${file.path}:${index + 1}` }))
        .filter(({ line }) => /\b(it|test|describe)\.(only|todo|skip)\b|\bskip: true\b/.test(line))
        .filter(() => !file.path.startsWith('test/tidy/'))
        .map(({ place }) => place),
    )
    assert.deepEqual(bad, [])
  })
})

describe('documents', () => {
  it('name only files that exist', () => {
    const bad: string[] = []
    for (const file of documents) {
      for (const match of file.text.matchAll(
        /`((?:src|docs|test|bench|config)\/[\w./-]+\.\w+)`/g,
      )) {
        if (!existsSync(join(ROOT, match[1]!))) bad.push(`${file.path}: ${match[1]}`)
      }
      for (const match of file.text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
        if (!existsSync(join(ROOT, file.path, '..', match[1]!)))
          bad.push(`${file.path}: ${match[1]}`)
      }
    }
    assert.deepEqual(bad, [])
  })

  it('that comments in the code name exist', () => {
    const bad = sources.flatMap(file =>
      [...file.text.matchAll(/docs\/[\w./-]+\.md/g)]
        .map(match => match[0])
        .filter(path => !existsSync(join(ROOT, path)))
        .map(path => `${file.path}: ${path}`),
    )
    assert.deepEqual(bad, [])
  })
})
