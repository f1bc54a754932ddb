// ONNX files by hand, so that tests can build what no exporter would: the messages of onnx.proto over the writer of protocol buffers.
import { uniform } from '../../src/weights/seeded.ts';
import { bytes, encode, type Field, float, int, ints, message, text } from '../weights/protobuf.ts';

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  /** Whole numbers are ints, lists of them too. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly extra?: readonly Field[];
}

export interface FileSpec {
  readonly opset?: number;
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  /** Of inputs that are not float32, by ONNX's number: 2 for uint8. */
  readonly types?: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeSpec[];
  /** float32 unless a message is given. */
  readonly initializers?: Readonly<Record<string, Numbers | readonly Field[]>>;
  readonly extra?: readonly Field[];
}

export interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export const numbers = (shape: readonly number[], value: (n: number) => number): Numbers => ({
  shape,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => value(n)),
});

/** Random numbers of a name, from -0.5 to 0.5. */
export const seeded = (name: string, ...shape: number[]): Numbers => {
  const values = uniform(
    name,
    shape.reduce((a, b) => a * b, 1),
  );
  return numbers(shape, n => values[n] - 0.5);
};

/** TensorProto of float32 as raw bytes. */
export const floats = (name: string, { shape, values }: Numbers): Field[] => [
  ...ints(1, shape, false),
  int(2, 1),
  text(8, name),
  bytes(9, new Uint8Array(Float32Array.from(values).buffer)),
];

/** TensorProto of int64 as raw bytes. */
export const longs = (name: string, values: readonly number[], shape: readonly number[] = [values.length]): Field[] => [
  ...ints(1, shape, false),
  int(2, 7),
  text(8, name),
  bytes(9, new Uint8Array(BigInt64Array.from(values, BigInt).buffer)),
];

function attribute(name: string, value: Attribute): Field {
  const [type, ...fields]: [number, ...Field[]] =
    typeof value === 'number'
      ? [2, int(3, value)]
      : typeof value === 'string'
        ? [3, text(4, value)]
        : 'float' in value
          ? [1, float(2, value.float)]
          : [7, ...ints(8, value, false)];
  return message(5, text(1, name), int(20, type), ...fields);
}

export const node = ({ op, inputs, outputs, name = '', domain = '', attributes = {}, extra = [] }: NodeSpec): Field =>
  message(
    1,
    ...inputs.map(each => text(1, each)),
    ...outputs.map(each => text(2, each)),
    text(3, name),
    text(4, op),
    ...Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    ...(domain ? [text(7, domain)] : []),
    ...extra,
  );

/** One side of an If, of one node that makes `y`. */
export const branch = (key: 'then_branch' | 'else_branch', spec: NodeSpec, ...tensors: readonly (readonly Field[])[]): Field =>
  message(
    5,
    text(1, key),
    int(20, 5),
    message(6, node(spec), text(2, key), ...tensors.map(each => message(5, ...each)), port(12, spec.outputs[0])),
  );

const port = (number: number, name: string, dims: readonly (number | string)[] = [], type = 1): Field => {
  const shape = message(2, ...dims.map(dim => message(1, typeof dim === 'number' ? int(1, dim) : text(2, dim))));
  return message(number, text(1, name), message(2, message(1, int(1, type), ...(dims.length ? [shape] : []))));
};

export function fields({ opset = 17, inputs = {}, types = {}, outputs, nodes, initializers = {}, extra = [] }: FileSpec): Field[] {
  const tensors = Object.entries(initializers).map(([name, each]) => message(5, ...('shape' in each ? floats(name, each) : each)));
  const graph = message(
    7,
    ...nodes.map(node),
    text(2, 'tiny'),
    ...tensors,
    ...Object.entries(inputs).map(([name, dims]) => port(11, name, dims, types[name])),
    ...outputs.map(name => port(12, name)),
  );
  return [int(1, 8), text(2, 'by hand'), message(8, int(2, opset)), graph, ...extra];
}

export const onnx = (spec: FileSpec): Uint8Array => encode(fields(spec));
