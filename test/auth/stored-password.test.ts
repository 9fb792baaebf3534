import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { formName, formOf, isSame, matchesQuickly } from '../../src/auth/stored-password.ts'

describe('formOf', () => {
  const FORMS: readonly (readonly [stored: string, form: string])[] = [
    ['{PLAIN}secret', 'quick'],
    ['{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'quick'],
    ['{SSHA}gN98WIY3egoH05SI/UBq3lF/X9pzYWx0IQ==', 'quick'],
    ['$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0', 'slow'],
    ['$1$a$b', 'slow'],
    ['$5$a$b', 'slow'],
    ['$6$a$b', 'slow'],
    ['$2y$05$x', 'slow'],
    ['$2a$05$x', 'slow'],
    ['$2b$05$x', 'slow'],
    ['', 'never'],
    ['*', 'never'],
    ['!$6$a$b', 'never'],
    ['*LK*', 'never'],
    ['I6OoAiqMC97FM', 'unknown'],
    ['secret', 'unknown'],
    ['{sha}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'unknown'],
    ['{MD5}x', 'unknown'],
    ['$y$j9T$a$b', 'unknown'],
    ['$7$a', 'unknown'],
  ]
  for (const [stored, form] of FORMS)
    it(`finds "${stored}" ${form}`, () => assert.equal(formOf(stored), form))
})

describe('matchesQuickly', () => {
  it('knows what is right and what is not', () => {
    for (const stored of [
      '{PLAIN}secret',
      '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
      '{SSHA}gN98WIY3egoH05SI/UBq3lF/X9pzYWx0IQ==',
    ]) {
      assert.equal(matchesQuickly('secret', stored), true, stored)
      for (const wrong of ['', 'secre', 'secret2', 'Secret'])
        assert.equal(matchesQuickly(wrong, stored), false, `${stored} ${wrong}`)
    }
  })

  it('takes broken digests for nobody’s', () => {
    for (const stored of ['{SHA}', '{SSHA}', '{SSHA}AAAA', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ'])
      assert.equal(matchesQuickly('secret', stored), false, stored)
  })
})

describe('isSame', () => {
  it('compares bytes', () => {
    assert.equal(isSame('abc', 'abc'), true)
    assert.equal(isSame('abc', 'abd'), false)
    assert.equal(isSame('abc', 'abcd'), false)
    assert.equal(isSame('', ''), true)
  })
})

describe('formName', () => {
  it('shows the mark of a form and nothing of what it holds', () => {
    assert.equal(formName('$y$j9T$salt$digest'), '$y$')
    assert.equal(formName('{MD5}digest'), '{MD5}')
    assert.equal(formName('secret'), 'unknown')
    assert.equal(formName('$secret'), 'unknown')
  })
})
