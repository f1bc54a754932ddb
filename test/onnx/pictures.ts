// Networks of one convolution as ONNX files, whose every pixel is known: what tests of the front door, the commands and the browser load.
import { int, ints, message, text } from '../weights/protobuf.ts';
import { type FileSpec, type NodeSpec, numbers, onnx } from './writer.ts';

export const identity = numbers([3, 3, 1, 1], n => Number(n % 4 === 0));
/** Its only channel is the red plane's. */
const red = numbers([1, 3, 1, 1], n => Number(n === 0));

const conv = (to: string): NodeSpec => ({ op: 'Conv', inputs: ['x', 'w'], outputs: [to] });

export const metadata = (key: string, value: string) => message(14, text(1, key), text(2, value));

/** A class is the largest of the three planes. */
export const classes = (changes: Partial<FileSpec> = {}): Uint8Array =>
  onnx({ inputs: { x: [1, 3, 'h', 'w'] }, outputs: ['y'], nodes: [conv('y')], initializers: { w: identity }, ...changes });

/** A probability: the sigmoid of the first plane, taken in the file or not. */
export const matte = (ends: boolean, changes: Partial<FileSpec> = {}): Uint8Array =>
  onnx({
    inputs: { x: [1, 3, 'h', 'w'] },
    outputs: ['y'],
    nodes: ends ? [conv('z'), { op: 'Sigmoid', inputs: ['z'], outputs: ['y'] }] : [conv('y')],
    initializers: { w: red },
    ...changes,
  });

/** The same classes; its weights are 36 bytes in w.bin. */
export const outside = classes({
  initializers: {
    w: [...ints(1, [3, 3, 1, 1], false), int(2, 1), text(8, 'w'), int(14, 1), message(13, text(1, 'location'), text(2, 'w.bin'))],
  },
});
export const weights = new Uint8Array(Float32Array.from(identity.values).buffer);
