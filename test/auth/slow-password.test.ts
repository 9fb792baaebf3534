// Every slow form against what the programs make that people use: htpasswd and openssl.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'

import { checkSlowly } from '../../src/auth/slow-password.ts'

const bytes = (text: string) => Buffer.from(text, 'utf8')
const isMissing = (program: string) =>
  spawnSync(program, ['--help']).error === undefined ? false : `${program} is not installed here`

/** Lengths around those of digests, and what is no letter. */
const PASSWORDS = [
  'a',
  'secret',
  'fifteen letters',
  'sixteen letters!',
  'seventeen letters',
  'x'.repeat(31),
  'x'.repeat(32),
  'x'.repeat(63),
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(200),
  'Pässwörd ☂ mit allem',
  ' $apr1$:{SHA} ',
]

describe('checkSlowly', () => {
  for (const form of ['-1', '-apr1', '-5', '-6']) {
    it(`knows what openssl passwd ${form} makes`, { skip: isMissing('openssl') }, () => {
      const { stdout } = spawnSync('openssl', ['passwd', form, '-stdin'], {
        input: `${PASSWORDS.join('\n')}\n`,
        encoding: 'utf8',
      })
      const stored = stdout.trim().split('\n')
      assert.equal(stored.length, PASSWORDS.length)
      PASSWORDS.forEach((password, index) => {
        assert.equal(checkSlowly(bytes(password), stored[index]!), 'right', password)
        assert.equal(checkSlowly(bytes(`${password}.`), stored[index]!), 'wrong', password)
      })
    })
  }

  for (const options of [['-B', '-C', '4'], ['-m'], ['-2'], ['-5'], ['-2', '-r', '1000']]) {
    const words = options.join(' ')
    it(`knows what htpasswd ${words} makes`, { skip: isMissing('htpasswd') }, () => {
      for (const password of ['secret', 'Pässwörd ☂', 'x'.repeat(70)]) {
        const made = spawnSync('htpasswd', ['-nb', ...options, 'user', password], {
          encoding: 'utf8',
        })
        const stored = /^user:(\S+)/.exec(made.stdout)?.[1]
        assert.ok(stored !== undefined, made.stderr)
        assert.equal(checkSlowly(bytes(password), stored), 'right', stored)
        assert.equal(checkSlowly(bytes(password.slice(1)), stored), 'wrong', stored)
      }
    })
  }

  // Made by crypt(3) with the settings of https://www.akkadia.org/drepper/SHA-crypt.txt: too long a salt is cut.
  const SPECIFIED: readonly (readonly [password: string, stored: string])[] = [
    ['Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
    [
      'Hello world!',
      '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
    ],
    [
      'Hello world!',
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    [
      'Hello world!',
      '$6$rounds=1400$anotherlongsalts$5FGyu8c4BZDX4wJgs0Un26YOw2XibT5eTkHF1I1aP3QqStoJI9BHD2YPJYsAjEePVGUyBjdZxcNqMWlrrbIOC.',
    ],
    ['Hello world!', '$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1'],
  ]

  it('knows the examples of the specification', () => {
    for (const [password, stored] of SPECIFIED)
      assert.equal(checkSlowly(bytes(password), stored), 'right', stored)
  })

  it('never takes what crypt(3) refuses', () => {
    const long = 'x'.repeat(512)
    for (const stored of [
      '$5$rounds=999$salt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8',
      '$5$rounds=1000000000$salt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8',
      '$6$',
      '$1$',
      '$5$salt',
      '$apr1$',
    ])
      assert.equal(checkSlowly(bytes('secret'), stored), 'wrong', stored)
    const { stdout } = spawnSync('openssl', ['passwd', '-6', '-salt', 'a', '-stdin'], {
      input: long,
      encoding: 'utf8',
    })
    assert.equal(checkSlowly(bytes(long), stdout.trim()), 'wrong')
  })

  it('says of broken bcrypt that it cannot be used', () => {
    for (const stored of [
      '$2y$05$short',
      '$2y$99$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a',
    ])
      assert.equal(checkSlowly(bytes('secret'), stored), 'unusable', stored)
  })

  it('takes no bytes for text that they are not', () => {
    const stored = '$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a'
    assert.equal(checkSlowly(bytes('secret'), stored), 'right')
    assert.equal(checkSlowly(Buffer.from([0xff, 0xfe]), stored), 'wrong')
  })
})
