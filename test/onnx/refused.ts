// What is refused of ../shared/onnx/networks, and why: to be shortened.
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['segformer_b0, case 0', 'Split: its value has 2×1×1×4×4 values, of which the first counts pictures: one at a time'],
  ['forms_reduce, case 0: ArgMax, the last of equals', 'ArgMax: it takes the last of equals'],
  [
    'forms_reduce, case 0: attention over channels',
    'MatMul: a product of two maps, or of a matrix by a map: only of a map by a known matrix',
  ],
]);
