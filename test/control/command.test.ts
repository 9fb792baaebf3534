import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  type Command,
  commandHelp,
  type ParsedCommand,
  parseCommand,
} from '../../src/control/command.ts'

const COMMAND: Command = {
  name: 'try',
  summary: 'Tries something',
  word: 'FILE',
  options: {
    config: { short: 'c', value: 'FILE', doc: 'a file' },
    format: { value: 'FORMAT', choices: ['yaml', 'nginx'], doc: 'a format' },
    quiet: { short: 'q', doc: 'a switch' },
    field: { short: 'F', value: 'TEXT', isRepeatable: true, doc: 'one of several' },
    watch: { short: 'w', value: 'SECONDS', isValueOptional: true, doc: 'looks again' },
  },
  run: () => 0,
}

const command = (values: Record<string, string>, word: string | null = null): ParsedCommand => ({
  kind: 'command',
  values,
  word,
})
const mistake = (text: string): ParsedCommand => ({ kind: 'mistake', text })

const ROWS: { args: string[]; parsed: ParsedCommand }[] = [
  { args: [], parsed: command({}) },
  { args: ['-c', 'a'], parsed: command({ config: 'a' }) },
  { args: ['-ca'], parsed: command({ config: 'a' }) },
  { args: ['-qc', 'a'], parsed: command({ quiet: '', config: 'a' }) },
  { args: ['--config=a', '-q'], parsed: command({ quiet: '', config: 'a' }) },
  { args: ['a', '-q'], parsed: command({ quiet: '' }, 'a') },
  { args: ['-q', '--', '-odd'], parsed: command({ quiet: '' }, '-odd') },
  { args: ['--format', 'yaml'], parsed: command({ format: 'yaml' }) },
  { args: ['--watch', '--quiet'], parsed: command({ watch: '', quiet: '' }) },
  { args: ['--watch', '5'], parsed: command({ watch: '5' }) },
  { args: ['--watch=0.5', 'a'], parsed: command({ watch: '0.5' }, 'a') },
  { args: ['-w', '2', 'a'], parsed: command({ watch: '2' }, 'a') },
  { args: ['-w', 'a'], parsed: command({ watch: '' }, 'a') },
  { args: ['-F', 'a', '--field=b'], parsed: command({ field: 'a\nb' }) },
  { args: ['-c', 'a', '-c', 'b'], parsed: command({ config: 'b' }) },
  { args: ['--', '--watch'], parsed: command({}, '--watch') },
  { args: ['--help'], parsed: { kind: 'help' } },
  { args: ['-q', '-h'], parsed: { kind: 'help' } },
  { args: ['a', 'b'], parsed: mistake('"try" takes one FILE, not two') },
  { args: ['-c'], parsed: mistake('option "-c" needs a FILE') },
  { args: ['--config='], parsed: mistake('option "--config" needs a FILE') },
  { args: ['--quiet=yes'], parsed: mistake('option "--quiet" takes no value') },
  {
    args: ['--format', 'toml'],
    parsed: mistake('option "--format" takes yaml or nginx, not "toml"'),
  },
  {
    args: ['--confg', 'a'],
    parsed: mistake('unknown option "--confg" of "try": did you mean "--config"?'),
  },
  { args: ['-x'], parsed: mistake('unknown option "-x" of "try": see "headgate help try"') },
  {
    args: ['--constructor'],
    parsed: mistake('unknown option "--constructor" of "try": see "headgate help try"'),
  },
]

describe('parseCommand', () => {
  for (const { args, parsed } of ROWS) {
    it(`${parsed.kind === 'mistake' ? 'refuses' : 'takes'} ${JSON.stringify(args)}`, () => {
      assert.deepEqual(parseCommand(COMMAND, args), parsed)
    })
  }

  it('refuses a word where none is wanted', () => {
    const { word: _, ...wordless } = COMMAND
    assert.deepEqual(parseCommand(wordless, ['a']), mistake('"try" takes no "a"'))
  })
})

describe('commandHelp', () => {
  it('is made of the rows', () => {
    assert.equal(
      commandHelp(COMMAND),
      'Tries something\n\nUsage: headgate try [options] [FILE]\n\nOptions:\n' +
        '  -c, --config FILE              a file\n' +
        '      --format FORMAT            a format\n' +
        '  -q, --quiet                    a switch\n' +
        '  -F, --field TEXT …             one of several\n' +
        '  -w, --watch [SECONDS]          looks again\n',
    )
  })
})
