// Names of ports: ldirectord asks the machine's /etc/services, which small images do not have. The
// usual ones stand here (IANA); for others the file is asked. The ports that ldirectord itself ties
// to its services are here as well.

import { readFileSync } from 'node:fs'

const USUAL_PORTS: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  http: 80,
  www: 80,
  pop3: 110,
  nntp: 119,
  imap: 143,
  imap2: 143,
  ldap: 389,
  https: 443,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  radius: 1812,
  mysql: 3306,
  sip: 5060,
  postgresql: 5432,
  'http-alt': 8080,
  webcache: 8080,
}

/** Port of a number or a name; null where there is none. 0 is no port. */
export function portOf(
  text: string,
  readServices: () => string = readSystemServices,
): number | null {
  if (/^\d+$/.test(text)) {
    const port = Number(text)
    return port >= 1 && port <= 65_535 ? port : null
  }
  const usual = Object.hasOwn(USUAL_PORTS, text) ? USUAL_PORTS[text]! : null
  return usual ?? portIn(readServices(), text)
}

/** Looks up a name among the lines `name port/protocol alias…`. */
function portIn(services: string, name: string): number | null {
  for (const line of services.split('\n')) {
    const [first, place = '', ...aliases] = line.replace(/#.*/s, '').trim().split(/\s+/)
    if (first !== name && !aliases.includes(name)) continue
    const port = /^(\d{1,5})\/tcp$/.exec(place)?.[1]
    if (port !== undefined) return Number(port)
  }
  return null
}

function readSystemServices(): string {
  try {
    return readFileSync('/etc/services', 'utf8')
  } catch {
    // A machine without the file knows the usual names alone.
    return ''
  }
}
