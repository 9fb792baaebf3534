// Values of `files` that are more than a word: what becomes of symbolic links, and how many ranges a request may have.

import type { FileSettings, SymlinkRule } from '../../model/settings.ts'
import { type Kind, nullable } from './kind.ts'
import { record } from './record.ts'
import { rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { integer, mapped, template } from './words.ts'

const COUNT = integer(0)

/** A number, or `any`. */
export const RANGES_MAX: Kind<FileSettings['rangesMax']> = {
  label: 'number, `any`',
  wanted: 'a number such as 5, or any',
  schema: () => ({ anyOf: [COUNT.schema(), { const: 'any' }] }),
  read: (node, reading) => (scalarText(node) === 'any' ? null : COUNT.read(node, reading)),
  write: value => (value === null ? 'any' : COUNT.write(value)),
}

const symlinkRow = rowsOf<SymlinkRule>()
const MODE = mapped<SymlinkRule['mode']>(
  new Map([
    ['refuse', 'on'],
    ['same_owner', 'if_not_owner'],
  ]),
)
const WANTED = 'follow, refuse, same_owner, or a mapping such as { mode: refuse, from: /srv }'

const RULE = record<SymlinkRule>({
  label: '`follow`, `refuse`, `same_owner`, mapping',
  wanted: WANTED,
  place: 'in "symlinks"',
  rows: [
    symlinkRow('mode', 'mode', MODE, {
      doc: '`refuse` all, or serve those that are of the `same_owner` as their file',
      isRequired: true,
    }),
    symlinkRow('from', 'from', nullable(template('a path such as /srv or $document_root')), {
      doc: 'The beginning of paths that is not looked at',
    }),
  ],
  blank: () => ({ mode: 'on', from: null }),
  short: {
    read: (node, reading) => {
      const mode = MODE.read(node, reading)
      return mode === undefined ? undefined : { mode, from: null }
    },
    write: ({ mode, from }) => (from === null ? MODE.write(mode) : undefined),
    schema: MODE.schema(),
  },
})

/** Null where links are followed. */
export const SYMLINKS: Kind<FileSettings['symlinks']> = {
  ...RULE,
  schema: () => ({ anyOf: [{ const: 'follow' }, RULE.schema()] }),
  read: (node, reading) => (scalarText(node) === 'follow' ? null : RULE.read(node, reading)),
  write: value => (value === null ? 'follow' : RULE.write(value)),
}
