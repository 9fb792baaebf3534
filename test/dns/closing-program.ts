// A program that watches a name at the given port, says when it was answered, closes the watch when it is told to, and
// then has nothing left to do: it ends by itself, or something was left open.

import { NameWatch } from '../../src/dns/name-watch.ts'
import { Resolver } from '../../src/dns/resolver.ts'

const source = new Resolver({
  servers: [{ host: '127.0.0.1', port: Number(process.argv[2]) }],
  validMs: 0,
  asksIpv4: true,
  asksIpv6: true,
  timeoutMs: 60_000,
})
const watch = new NameWatch({
  wanted: { name: 'app.example', service: null },
  source,
  retryMs: 60_000,
  holdMs: 0,
  onChange: () => {},
  onEvent: () => {},
})
void watch.firstAnswer.then(() => process.connected && process.send?.('answered'))
process.once('message', async () => {
  process.disconnect()
  await watch.close()
  source.close()
})
