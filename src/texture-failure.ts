// What is said of a caller's texture that the device refuses.
import { AtrousError } from './errors.ts';

export function unreadable(cause: AtrousError): AtrousError {
  const next = 'it must be of the device that was passed to load(), and not destroyed';
  return new AtrousError('BAD_IMAGE', `the texture can't be read: ${next} (${cause.message.slice(0, 120)})`, { cause });
}
