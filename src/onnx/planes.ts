// Between ONNX's tensors and the maps of the graph that they became: row-major numbers in the file's own dimensions outside, C×H×W inside.
import type { Shape } from '../graph/graph.ts';
import { count } from '../weights/tensor.ts';
import type { Mapped } from './layout.ts';

/** Place in C×H×W of every number of the tensor, in its order. */
function* places({ dims, axes, shape }: Mapped): Generator<number> {
  const worth = { c: shape.h * shape.w, h: shape.w, w: 1 };
  const steps = axes.map((list, axis) =>
    Array.from({ length: dims[axis] }, (_, index) => {
      let [place, left] = [0, index];
      for (const { axis: own, size, step } of [...list].reverse()) {
        place += (left % size) * step * worth[own];
        left = Math.floor(left / size);
      }
      return place;
    }),
  );
  function* walk(axis: number, at: number): Generator<number> {
    if (axis === dims.length) yield at;
    else for (const step of steps[axis]) yield* walk(axis + 1, at + step);
  }
  yield* walk(0, 0);
}

export interface Planes extends Shape {
  readonly data: Float64Array;
}

/** A tensor's numbers as C×H×W. */
export function planes(value: Mapped, numbers: ArrayLike<number>): Planes {
  const data = new Float64Array(count([value.shape.c, value.shape.h, value.shape.w]));
  let n = 0;
  for (const place of places(value)) data[place] = numbers[n++];
  return { ...value.shape, data };
}

/** C×H×W numbers as the tensor's. */
export function fromPlanes(value: Mapped, { data }: { readonly data: ArrayLike<number> }): Float32Array {
  const numbers = new Float32Array(count(value.dims));
  let n = 0;
  for (const place of places(value)) numbers[n++] = data[place];
  return numbers;
}
