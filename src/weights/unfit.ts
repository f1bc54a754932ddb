// Why a server's answer is no file of weights. It is fetched when there is such an answer, so the network is there.
import { AtrousError } from '../errors.ts';

/** Of an error, and of a body that is empty or was read. */
export function noBody(name: string, { ok, status, statusText, body }: Response): AtrousError {
  if (!ok) return new AtrousError('NO_FILE', `${name}: the server answered ${status} ${statusText}`.trimEnd());
  return new AtrousError('NO_FILE', `${name}: its body ${body ? 'was read before' : 'is empty'}: fetch it again`);
}

/** `asked`: the size that the file must have, where it is known; `most`: what is read of any. */
export function tooMany(name: string, bytes: number, asked: number | undefined, most: number): AtrousError {
  if (asked !== undefined)
    return new AtrousError('BAD_WEIGHTS', `${name}: more than ${asked} bytes, the size of the file that is asked for`);
  return new AtrousError(
    'LIMIT',
    `${name} is ${bytes} bytes or more, and weights of up to ${most} are read: give the URL of weights alone`,
  );
}
