// Which server of a listening address answers to a Host, by nginx's rules: exact name, longest `*.` name, longest `.*`
// name, first regex, then the address's default server (http://nginx.org/en/docs/http/server_names.html).

import type { ServerName } from '../model/route.ts'
import type { ServerRuntime } from './runtime.ts'

/** What a search found. */
export interface ServerFound {
  readonly server: ServerRuntime
  /** Of a regex name: its match. */
  readonly captures: RegExpExecArray | null
}

export class ServerTable {
  /** Takes what matches no name. */
  readonly defaultServer: ServerRuntime
  readonly #defaultFound: ServerFound
  readonly #exact = new Map<string, ServerFound>()
  /** By `.example.com`. */
  readonly #suffixes = new Map<string, ServerFound>()
  /** By `www.example.` */
  readonly #prefixes = new Map<string, ServerFound>()
  readonly #regexes: { readonly regex: RegExp; readonly server: ServerRuntime }[] = []

  /** @param servers in the order of the configuration: of two equal names the first wins */
  constructor(defaultServer: ServerRuntime, servers: readonly ServerRuntime[]) {
    this.defaultServer = defaultServer
    this.#defaultFound = { server: defaultServer, captures: null }
    for (const server of servers) {
      for (const name of server.config.names) this.#add(name, server)
    }
  }

  #add(name: ServerName, server: ServerRuntime): void {
    const found = { server, captures: null }
    switch (name.kind) {
      case 'exact':
        addFirst(this.#exact, name.name, found)
        return
      case 'suffix':
        addFirst(this.#suffixes, name.name, found)
        if (name.isApexToo) addFirst(this.#exact, name.name.slice(1), found)
        return
      case 'prefix':
        addFirst(this.#prefixes, name.name, found)
        return
      case 'regex':
        this.#regexes.push({
          regex: new RegExp(name.pattern, name.isCaseInsensitive ? 'i' : ''),
          server,
        })
        return
    }
  }

  /** @param host lower case, without port and trailing dot */
  find(host: string): ServerFound {
    const exact = this.#exact.get(host)
    if (exact !== undefined) return exact
    if (this.#suffixes.size > 0) {
      for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        const found = dot > 0 ? this.#suffixes.get(host.slice(dot)) : undefined
        if (found !== undefined) return found
      }
    }
    if (this.#prefixes.size > 0) {
      for (let dot = host.lastIndexOf('.'); dot > 0; dot = host.lastIndexOf('.', dot - 1)) {
        const found = this.#prefixes.get(host.slice(0, dot + 1))
        if (found !== undefined) return found
      }
    }
    for (const { regex, server } of this.#regexes) {
      const captures = regex.exec(host)
      if (captures !== null) return { server, captures }
    }
    return this.#defaultFound
  }
}

function addFirst(map: Map<string, ServerFound>, name: string, found: ServerFound): void {
  if (!map.has(name)) map.set(name, found)
}
