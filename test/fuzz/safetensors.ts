// Safetensors files, and damage to their headers.
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { encodeFloat16, fromFloat32 } from '../../src/weights/tensor.ts';
import { edited, type Mutation, pick, type Random, type Specimen, setNumber, several, splice, token, values } from './mutate.ts';
import { card } from './texts.ts';

function header(bytes: Uint8Array): { end: number; json: string } {
  const end = Math.min(bytes.length, 8 + (bytes[0] | (bytes[1] << 8)));
  return { end, json: new TextDecoder().decode(bytes.subarray(8, end)) };
}

/** The header with another text; its length mostly follows. */
function withJson(bytes: Uint8Array, json: string, random: Random): Uint8Array {
  const encoded = new TextEncoder().encode(json);
  const mutant = splice(bytes, Math.min(8, bytes.length), header(bytes).end, encoded);
  if (mutant.length >= 8 && random(8) > 0) new DataView(mutant.buffer).setBigUint64(0, BigInt(encoded.length), true);
  return mutant;
}

const safetensorsMutations: readonly Mutation[] = [
  (bytes, random) => setNumber(bytes, 0, pick([8, 8, 4, 1], random), random),
  // A number, or any token, becomes another value.
  (bytes, random) => {
    const { json } = header(bytes);
    const found = [...json.matchAll(random(2) ? /\d+/g : token)];
    if (found.length === 0) return bytes;
    const { 0: old, index } = pick(found, random);
    const other = /^\d+$/.test(old) && random(2) ? String(Number(old) + pick([-8, -1, 1, 8], random)) : pick(values, random);
    return withJson(bytes, json.slice(0, index) + other + json.slice(index + old.length), random);
  },
  // Tokens are dropped, repeated, exchanged.
  (bytes, random) => {
    const { json } = header(bytes);
    const found = [...json.matchAll(token)].map(([whole]) => whole);
    const from = random(found.length + 1);
    const some = found.slice(from, from + 1 + random(12));
    const to = random(found.length + 1);
    const moved = found.toSpliced(from, random(2) ? some.length : 0).toSpliced(to, 0, ...(random(3) ? some : []));
    return withJson(bytes, moved.join(''), random);
  },
  (bytes, random) => edited(bytes, copy => void (copy[random(Math.min(copy.length, header(copy).end))] ^= 1 << random(8))),
];

const matrix = fromFloat32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
const safetensors = writeSafetensors(
  [
    ['a.weight', matrix],
    ['a.bias', fromFloat32([3], Float32Array.of(1, 2, 3))],
    ['half', { dtype: 'F16', shape: [2, 2], bytes: encodeFloat16(Float32Array.of(1, 2, 3, 4)) }],
    ['steps', { dtype: 'I64', shape: [], bytes: new Uint8Array(8) }],
    ['none', fromFloat32([0, 4], new Float32Array(0))],
  ],
  { atrous: JSON.stringify(card), format: 'pt' },
);

/** As another writer might: spaces, escapes, keys in another order, data in another order than the header. */
const foreign = ((): Uint8Array => {
  const rows = [
    '"\\u0061" : {"shape": [ 1 , 2 ], "data_offsets":[4, 12], "dtype" :"F32"}',
    '"bf": {"dtype":"BF16","shape":[2],"data_offsets":[0,4]}',
  ];
  const json = new TextEncoder().encode(`{ ${rows.join(' ,')} }  `);
  const bytes = new Uint8Array(8 + json.length + 12);
  bytes[0] = json.length;
  bytes.set(json, 8);
  return bytes;
})();

const aimed: Mutation = (bytes, random) => several(bytes, random, safetensorsMutations);
export const safetensorsFiles: readonly Specimen[] = [
  { title: 'safetensors', bytes: safetensors, aimed },
  { title: 'foreign', bytes: foreign, aimed },
];
