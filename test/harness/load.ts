// A bounded load with autocannon, and what came of it. Nothing here asserts time.

import autocannon from 'autocannon'

/** What a load came to. */
export interface LoadResult {
  /** Answers with a 2xx status. */
  readonly good: number
  /** Everything else: other statuses, connection errors, time-outs. */
  readonly bad: number
  readonly text: string
}

/** Sends `amount` requests over `connections` keep-alive connections; `during` runs once a third of them is answered. */
export function load(
  url: string,
  amount: number,
  connections: number,
  during: () => void | Promise<void>,
): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    let answered = 0
    let started: Promise<void> | null = null
    const instance = autocannon({ url, amount, connections, timeout: 20 }, (error, result) => {
      if (error) {
        reject(error)
        return
      }
      const bad = result.non2xx + result.errors + result.timeouts
      const text = `${result['2xx']} good, ${result.non2xx} other statuses, ${result.errors} errors, ${result.timeouts} time-outs`
      Promise.resolve(started).then(() => resolve({ good: result['2xx'], bad, text }), reject)
    })
    instance.on('response', () => {
      if (++answered < amount / 3 || started !== null) return
      started = Promise.resolve(during())
    })
  })
}
