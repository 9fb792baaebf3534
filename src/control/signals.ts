// Which signal asks the main process for what, as in nginx (https://nginx.org/en/docs/control.html), and the words
// that `-s` has for them.

/** What a signal asks for. */
export type Request =
  | 'stop'
  | 'quit'
  | 'reload'
  | 'reopen'
  | 'stop-accepting'
  /** Understood and without effect: the default action of the signal would end the process. */
  | 'ignore'

/** The signals that are handled. */
export const SIGNALS = {
  SIGTERM: 'stop',
  SIGINT: 'stop',
  SIGQUIT: 'quit',
  SIGHUP: 'reload',
  SIGUSR1: 'reopen',
  SIGWINCH: 'stop-accepting',
  SIGUSR2: 'ignore',
} as const satisfies Partial<Record<NodeJS.Signals, Request>>

/** The words of `-s`, in nginx's order. */
export const SIGNAL_NAMES = ['stop', 'quit', 'reopen', 'reload'] as const
export type SignalName = (typeof SIGNAL_NAMES)[number]

/** What `-s` sends. */
export const SIGNAL_OF = {
  stop: 'SIGTERM',
  quit: 'SIGQUIT',
  reopen: 'SIGUSR1',
  reload: 'SIGHUP',
} as const satisfies Record<SignalName, NodeJS.Signals>

/** Calls `onRequest` for each signal until the returned function is called. */
export function listenToSignals(
  onRequest: (request: Request, signal: NodeJS.Signals) => void,
): () => void {
  const handlers = Object.entries(SIGNALS).map(([name, request]) => {
    const signal = name as NodeJS.Signals
    const handler = () => onRequest(request, signal)
    process.on(signal, handler)
    return () => void process.off(signal, handler)
  })
  return () => {
    for (const remove of handlers) remove()
  }
}
