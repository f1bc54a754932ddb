// What graphs and the import of ONNX both say of windows whose winners are kept: a number by itself, because pages fetch the operations late.
/** Taps of a window whose winner is kept, which a code from 0 to 127 tells. */
export const MOST_TAPS = 128;
