// Bodies and decoders meet only in shapes, so the slow tests take every body with one decoder and every decoder with two bodies, not all pairs.
import { networks } from '../../src/models/registry.ts';

export const representatives: readonly string[] = networks().filter(name => /_decoder14$|^exp48_|^exp53_/.test(name));
