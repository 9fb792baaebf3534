// `proxy.store`: what becomes of whole responses on the disk. `on` puts them where the files of the route are looked
// for, a path puts them there, `off` nowhere; a mapping says with which access.

import { STORE_MODE, type StoreSettings } from '../../model/proxy-settings.ts'
import type { Template } from '../../model/template.ts'
import { type Kind, wordKind } from './kind.ts'
import { PATH_TEMPLATE } from './paths.ts'
import { record } from './record.ts'
import { rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { FROM_ENVIRONMENT } from './words.ts'

const WANTED =
  'on, off, a path such as /srv/www$uri, or a mapping such as { path: on, mode: "0644" }'

const PLACE: Kind<'root' | Template> = {
  label: 'path with variables, `on`',
  wanted: 'on, or a path such as /srv/www$uri',
  schema: () => ({ type: ['string', 'boolean'] }),
  read(node, reading) {
    const text = scalarText(node)
    if (text === 'on' || text === 'true') return 'root'
    if (text === '' || text === 'off' || text === 'false')
      return reading.unwanted(node, PLACE.wanted)
    return PATH_TEMPLATE.read(node, reading)
  },
  write: path => (path === 'root' ? 'on' : PATH_TEMPLATE.write(path)),
}

/** As of chmod. */
const FILE_MODE: Kind<number> = wordKind<number>({
  label: 'access as of chmod',
  wanted: 'three octal digits such as 0644',
  schema: {
    anyOf: [{ type: 'integer' }, { type: 'string', pattern: `^0?[0-7]{3}$|${FROM_ENVIRONMENT}` }],
  },
  parse: text => (/^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : null),
  print: mode => mode.toString(8).padStart(4, '0'),
})

const typed = rowsOf<StoreSettings>()

const RECORD: Kind<StoreSettings> = record<StoreSettings>({
  label: 'path, `on`, `off`, mapping',
  wanted: WANTED,
  place: 'in "store"',
  rows: [
    typed('path', 'path', PLACE, {
      doc: 'The file that a response becomes; `on` = where `files` would look for it',
      nginx: 'proxy_store',
    }),
    typed('mode', 'mode', FILE_MODE, {
      doc: 'Access to the files; directories are made accordingly',
      nginx: 'proxy_store_access',
    }),
  ],
  blank: () => ({ path: 'root', mode: STORE_MODE }),
  short: {
    read: (node, reading) => {
      const path = PLACE.read(node, reading)
      return path === undefined ? undefined : { path, mode: STORE_MODE }
    },
    write: ({ path, mode }) => (mode === STORE_MODE ? PLACE.write(path) : undefined),
    schema: { type: ['string', 'boolean'] },
  },
})

/** Null where it is off. */
export const STORE: Kind<StoreSettings | null> = {
  ...RECORD,
  read(node, reading) {
    const text = scalarText(node)
    return text === 'off' || text === 'false' ? null : RECORD.read(node, reading)
  },
  write: store => (store === null ? 'off' : RECORD.write(store)),
}
