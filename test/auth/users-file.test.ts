import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { UsersFile } from '../../src/auth/users-file.ts'

const CASES: readonly {
  readonly what: string
  readonly text: string
  readonly users: Readonly<Record<string, string | null>>
}[] = [
  { what: 'a name and its password', text: 'a:x\nb:y\n', users: { a: 'x', b: 'y', c: null } },
  { what: 'a last line without its end', text: 'a:x\nb:y', users: { b: 'y' } },
  { what: 'an empty file', text: '', users: { a: null, '': null } },
  { what: 'a comment behind the password', text: 'a:x:of the house\n', users: { a: 'x' } },
  { what: 'lines that end as in Windows', text: 'a:x\r\nb:y\r\n', users: { a: 'x', b: 'y' } },
  {
    what: 'comments and empty lines',
    text: '# a:x\n\n\r\n#b:y\nc:z\n',
    users: { '# a': null, '#b': null, b: null, c: 'z' },
  },
  { what: 'the first line of a name only', text: 'a:x\na:y\n', users: { a: 'x' } },
  { what: 'an empty password', text: 'a:\n', users: { a: '' } },
  { what: 'names as they are', text: 'A:x\n a:y\n', users: { A: 'x', a: null, ' a': 'y' } },
  { what: 'no part of a name', text: 'anna:x\n', users: { ann: null, annabel: null, anna: 'x' } },
  {
    what: 'a line without a colon that the name begins with takes the next one along',
    text: 'an\nanna:x\nanna:y\n',
    users: { anna: 'y' },
  },
  {
    what: 'a line without a colon that the name does not begin with takes nothing along',
    text: 'bo\nanna:x\nbob\nanna2:y',
    users: { anna: 'x', anna2: 'y' },
  },
  { what: 'a last line without a colon', text: 'anna:x\nan', users: { anna: 'x', an: null } },
  { what: 'a name without its colon at the end', text: 'anna', users: { anna: null } },
  {
    what: 'names of objects',
    text: 'constructor:x\n',
    users: { constructor: 'x', toString: null },
  },
]

describe('UsersFile', () => {
  for (const { what, text, users } of CASES) {
    it(`reads ${what}`, () => {
      const file = new UsersFile(text)
      for (const [name, password] of Object.entries(users))
        assert.equal(file.find(name), password, name)
    })
  }
})
