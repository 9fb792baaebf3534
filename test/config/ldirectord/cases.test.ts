// Runs every file of test/config/cases/ldirectord: the reader must say exactly what stands below the dashes.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { caseNames, testCases } from '../../harness/golden-cases.ts'
import { runCase } from './golden.ts'

const DIRECTORY = new URL('../cases/ldirectord/', import.meta.url)

describe('ldirectordReader: golden cases', () => {
  it('has its cases, half of them mistakes', () => {
    const names = caseNames(DIRECTORY)
    const mistakes = names.filter(name => name.startsWith('mistake-'))
    assert.ok(
      mistakes.length >= 12 && names.length - mistakes.length >= 12,
      `${names.length} cases`,
    )
  })

  testCases(DIRECTORY, runCase, (actual, name) => {
    assert.equal(actual.includes(': error:'), name.startsWith('mistake-'), 'the name says which')
  })
})
