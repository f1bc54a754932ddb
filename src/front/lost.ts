// What is said of a device that was lost and can't be replaced.
import { AtrousError } from '../errors.ts';

const lost = (what: string): AtrousError => new AtrousError('DEVICE_LOST', `the device ${what}`);

export const borrowed = (): AtrousError => lost('that was passed in is lost: pass a new one to load()');
export const again = (): AtrousError => lost('was lost and so was the one that replaced it: call again, or with a smaller size');
export const early = (): AtrousError => lost('was lost while the model was made: load it again');
