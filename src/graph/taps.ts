// What graphs and the import of ONNX both say of windows whose winners are kept: a number by itself, because pages fetch the operations late.
/** Of a window whose winner is kept: codes from 0 on. */
export const MOST_TAPS = 128;
