// Caffe models, and damage to their fields. What is around a damaged field gets true lengths, or it would never be read.
import type { Field } from '../weights/protobuf.ts';
import * as proto from '../weights/protobuf.ts';
import { blind, type Mutation, pick, type Random, type Specimen } from './mutate.ts';

const fieldNumbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 100, 2 ** 29 - 1];
const wireTypes = [0, 1, 2, 3, 4, 5, 6, 7];

function fieldValue(old: Field['value'], random: Random): Field['value'] {
  const numbers = [0n, 1n, 2n, 3n, 5n, 6n, 127n, 128n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, BigInt(random(2 ** 31))];
  if (typeof old === 'bigint') return pick([...numbers, old - 1n < 0n ? 0n : old - 1n, old + 1n], random);
  return blind(old instanceof Uint8Array ? old : proto.encode(old), random);
}

/** One field, at any depth, is dropped, repeated, moved, or gets another number, type, length or value. */
function mutateFields(fields: readonly Field[], random: Random): readonly Field[] {
  if (fields.length === 0) return fields;
  const at = random(fields.length);
  const field = fields[at];
  if (Array.isArray(field.value) && random(4) > 0) return fields.with(at, { ...field, value: mutateFields(field.value, random) });
  const edits: readonly (() => readonly Field[])[] = [
    () => fields.toSpliced(at, 1),
    () => fields.toSpliced(at, 0, ...Array.from({ length: 1 + random(8) }, () => field)),
    () => fields.toSpliced(at, 1).toSpliced(random(fields.length), 0, field),
    () => fields.with(at, { ...field, number: pick(fieldNumbers, random) }),
    () => fields.with(at, { ...field, wire: pick(wireTypes, random) }),
    () => fields.with(at, { ...field, claim: pick([0n, 1n, 4n, 40n, 2n ** 32n, 2n ** 64n - 1n, BigInt(random(256))], random) }),
    () => fields.with(at, { ...field, value: fieldValue(field.value, random) }),
    () => fields.with(at, { ...field, value: fieldValue(field.value, random) }),
  ];
  return pick(edits, random)();
}

function caffemodel(title: string, fields: readonly Field[]): Specimen {
  const aimed: Mutation = (_, random) => {
    let mutant = fields;
    for (let left = pick([1, 1, 2, 4], random); left > 0; left--) mutant = mutateFields(mutant, random);
    return proto.encode(mutant);
  };
  return { title, bytes: proto.encode(fields), aimed };
}

const inputs = [proto.text(1, 'net'), proto.text(3, 'data'), ...proto.ints(4, [1, 3, 8, 8], false)];
const newLayers = [
  proto.layer('data', 'Data'),
  proto.layer('a', 'Convolution', proto.blob([2, 3], [1, 2, 3, 4, 5, 6]), proto.blob([3], [1, 2, 3])),
  proto.layer('relu', 'ReLU'),
  proto.layer(
    'bn',
    'BatchNorm',
    [...proto.doubles(8, [1, 2]), proto.message(7, ...proto.ints(1, [2], false))],
    [...proto.floats(5, [1, 2], false), ...proto.blob([2], [])],
  ),
];
const oldLayers = [
  proto.oldLayer('a', 4, proto.legacyBlob([2, 3, 1, 1], [1, 2, 3, 4, 5, 6]), proto.legacyBlob([1, 1, 1, 3], [1, 2, 3])),
  proto.oldLayer('pool', 17),
  proto.oldLayer('fc', 14, proto.legacyBlob([1, 1, 2, 1], [1, 2]), proto.legacyBlob([1, 1, 1, 2], [1, 2])),
];

export const caffemodels: readonly Specimen[] = [
  caffemodel('caffemodel', [...inputs, ...newLayers]),
  caffemodel('old caffemodel', [...inputs, ...oldLayers]),
];

/** Small files that would be large: bytes that repeat inside one layer. */
export const caffeBombs: readonly (readonly [title: string, inside: Uint8Array, times: number])[] = [
  ['blobs of nothing', proto.encode([proto.message(7, proto.int(1, 0))]), 2 ** 18],
  ['empty blobs', proto.encode([proto.message(7)]), 2 ** 20],
  ['names', proto.encode([proto.text(1, 'x'.repeat(4000))]), 2 ** 10],
  ['unknown fields', proto.encode([proto.int(900, 1)]), 2 ** 19],
];
/** And inside one blob. */
export const blobBombs: readonly (readonly [title: string, inside: Uint8Array, times: number])[] = [
  ['floats', proto.encode(proto.floats(5, [1], false)), 2 ** 18],
  ['empty pieces', proto.encode(proto.floats(5, [])), 2 ** 20],
  ['shapes', proto.encode([proto.message(7, proto.int(1, 1))]), 2 ** 18],
];
