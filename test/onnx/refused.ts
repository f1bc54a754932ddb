// What is refused of ../shared/onnx/networks, and why: to be shortened.
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['isnet_dynamic_int8, case 0', 'DynamicQuantizeLinear: there is no kernel for it; ConvInteger: there is no kernel for it'],
  ['segformer_b0, case 0', 'Split: its value has 2×1×1×4×4 values, of which the first counts pictures: one at a time'],
  ['forms_elementwise, case 0: Where greater', 'Greater: it is worked out for constants alone'],
  ['forms_reduce, case 0: ArgMax, the last of equals', 'ArgMax: it takes the last of equals'],
  [
    'forms_reduce, case 0: attention over channels',
    'MatMul: a product of two maps, or of a matrix by a map: only of a map by a known matrix',
  ],
  [
    'forms_softmax_11, case 0: Softmax axis 1 of opset 11: over everything behind the batch',
    'Softmax: a softmax over 6×5×7 at once, as opsets before 13 have it',
  ],
]);
