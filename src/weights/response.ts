// Weights from a response that the caller fetched.
import { AtrousError, checkSignal } from '../errors.ts';
import { joined, networkReason, nothing, receive, type TransferOptions } from './transfer.ts';

/** The body. Throws as `transfer` does; nothing can be asked for again. */
export async function readResponse(response: Response, options: TransferOptions): Promise<Uint8Array> {
  const got = nothing();
  try {
    await receive(response, got, options);
  } catch (error) {
    checkSignal(options.signal);
    if (error instanceof AtrousError) throw error;
    const name = response.url || 'the response';
    throw new AtrousError('NO_FILE', `${name} can't be fetched: ${networkReason(error)}`, { cause: error });
  }
  return joined(got);
}
