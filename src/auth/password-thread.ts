// The thread in which slow passwords are checked, one after the other: an entry file. They are slow on purpose, and it is
// not the requests of others that should feel it.

import { type MessagePort, parentPort } from 'node:worker_threads'
import type { PasswordAnswer, PasswordQuestion } from './password-words.ts'
import { checkSlowly } from './slow-password.ts'

function serve(port: MessagePort): void {
  port.on('message', ({ id, password, stored }: PasswordQuestion) => {
    const verdict = checkSlowly(Buffer.from(password, 'latin1'), stored)
    port.postMessage({ id, verdict } satisfies PasswordAnswer)
  })
}

if (parentPort !== null) serve(parentPort)
