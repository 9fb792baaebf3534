// System errors by name, as error logs of Linux have always shown them: `111: Connection refused`. The numbers are this
// platform's, the words those of glibc's strerror(3), which nginx prints and which alarms and searches look for.

import { getSystemErrorMap } from 'node:util'

/** What strerror(3) says; names that are missing here are shown in Node's words. */
const WORDS: Readonly<Record<string, string>> = {
  E2BIG: 'Argument list too long',
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EAGAIN: 'Resource temporarily unavailable',
  EALREADY: 'Operation already in progress',
  EBADF: 'Bad file descriptor',
  EBUSY: 'Device or resource busy',
  ECANCELED: 'Operation canceled',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EDESTADDRREQ: 'Destination address required',
  EEXIST: 'File exists',
  EFAULT: 'Bad address',
  EFBIG: 'File too large',
  EHOSTDOWN: 'Host is down',
  EHOSTUNREACH: 'No route to host',
  EINTR: 'Interrupted system call',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISCONN: 'Transport endpoint is already connected',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  EMLINK: 'Too many links',
  EMSGSIZE: 'Message too long',
  ENAMETOOLONG: 'File name too long',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENFILE: 'Too many open files in system',
  ENOBUFS: 'No buffer space available',
  ENODATA: 'No data available',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENONET: 'Machine is not on the network',
  ENOPROTOOPT: 'Protocol not available',
  ENOSPC: 'No space left on device',
  ENOSYS: 'Function not implemented',
  ENOTCONN: 'Transport endpoint is not connected',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  ENOTSOCK: 'Socket operation on non-socket',
  ENOTSUP: 'Operation not supported',
  ENOTTY: 'Inappropriate ioctl for device',
  ENXIO: 'No such device or address',
  EOVERFLOW: 'Value too large for defined data type',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EPROTO: 'Protocol error',
  EPROTONOSUPPORT: 'Protocol not supported',
  EPROTOTYPE: 'Protocol wrong type for socket',
  ERANGE: 'Numerical result out of range',
  EROFS: 'Read-only file system',
  ESHUTDOWN: 'Cannot send after transport endpoint shutdown',
  ESOCKTNOSUPPORT: 'Socket type not supported',
  ESPIPE: 'Illegal seek',
  ESRCH: 'No such process',
  ETIMEDOUT: 'Connection timed out',
  ETXTBSY: 'Text file busy',
  EXDEV: 'Invalid cross-device link',
}

const TEXTS: ReadonlyMap<string, string> = new Map(
  [...getSystemErrorMap()]
    // What libuv numbers itself (EAI_…, EOF) has no number that anybody could look up.
    .filter(([number, [name]]) => number > -1000 && /^E[0-9A-Z]+$/.test(name))
    .map(([number, [name, words]]) => [name, `${-number}: ${WORDS[name] ?? words}`]),
)

/** `111: Connection refused` for `ECONNREFUSED`; null for what is no system error. */
export function errnoText(name: string): string | null {
  return TEXTS.get(name) ?? null
}
