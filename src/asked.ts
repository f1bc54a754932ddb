// What is read back beside the classes, for who asks for it: probabilities, a matte, values of an imported network as they are.
import { AtrousError } from './errors.ts';
import { decodeClasses, decodeValue } from './gpu/transfer.ts';
import type { Graph } from './graph/graph.ts';
import { withMatte, withScores } from './graph/scores.ts';
import { verify } from './graph/verify.ts';
import type { Size } from './image/size.ts';
import { single } from './models/channels.ts';
import type { BuildOptions, Runnable, RuntimeValue } from './models/network.ts';
import type { Plan } from './plan/plan.ts';

/** Probabilities at the network's last grid: one a class, or a single channel, class 1's. */
export interface Scores {
  /** c×h×w. */
  readonly data: Float32Array;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  /** Pixels of the picture that a cell stands for: pixel (x, y) lies in column ⌊(x + ½) / width⌋ and row ⌊(y + ½) / height⌋. */
  readonly cell: { readonly height: number; readonly width: number };
}

/** A value of an imported network as it is. */
export interface Raw {
  /** The file's own. */
  readonly dims: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** What is wished for beside the classes. */
export interface Wish {
  readonly scores: boolean;
  readonly matte: boolean;
  /** Names of values. */
  readonly raw: readonly string[];
}

/** What came of it; null where nothing was. */
export interface More {
  readonly scores: Scores | null;
  /** A byte a pixel. */
  readonly matte: Uint8Array | null;
  readonly raw: ReadonlyMap<string, Raw> | null;
}

/** Values that are read back behind the classes, and what becomes of their bytes. */
export interface Beside {
  readonly values: readonly string[];
  finish(bytes: ReadonlyMap<string, ArrayBuffer>, plan: Plan, picture: Size): More;
}

export interface Asked extends Beside {
  readonly graph: Graph;
}

/** Throws `BAD_USAGE` for what a network does not have. */
export function checkWish(network: Runnable, { matte, raw }: Wish): void {
  const { name, tile } = network;
  if (raw.length > 0 && !network.withValues)
    throw new AtrousError('BAD_USAGE', `raw: ${name} is no ONNX file, which names its values: leave it out`);
  if (matte && tile) throw new AtrousError('BAD_USAGE', `matte: ${name} reads tiles, which have none: leave it out`);
  if (matte && network.end.channels > 1) throw single('matte', network);
}

/** A network's graph with what is wished for. Throws as `checkWish`. */
export function ask(network: Runnable, options: BuildOptions, wish: Wish): Asked {
  checkWish(network, wish);
  const { graph, values } =
    wish.raw.length > 0 ? network.withValues!(options, wish.raw) : { graph: network.build(options), values: new Map() };
  return asking(graph, wish, values);
}

/** The same of a graph that is built. `cell`: pixels that a cell of the scores stands for; default: as many as the picture has. */
export function asking(
  graph: Graph,
  { scores, matte }: Pick<Wish, 'scores' | 'matte'>,
  raw: ReadonlyMap<string, RuntimeValue> = new Map(),
  cell?: Scores['cell'],
): Asked {
  const scored = scores ? withScores(graph) : { graph, scores: null };
  const whole = matte ? withMatte(scored.graph) : scored.graph;
  const own = [...raw.values()].map(({ value }) => value);
  const outputs = [...new Set([...whole.outputs, ...own])];
  return {
    graph: own.length > 0 ? verify({ ...whole, outputs }) : whole,
    values: [...new Set([...(scored.scores === null ? [] : [scored.scores]), ...(matte ? ['matte'] : []), ...own])],
    finish(bytes, { values: places, precision }, { h, w }) {
      const decoded = (value: string): Float32Array | Uint8Array => {
        const place = places[value];
        return place.kind === 'class' ? decodeClasses(bytes.get(value)!, place) : decodeValue(bytes.get(value)!, place, precision);
      };
      const place = scored.scores === null ? null : places[scored.scores];
      return {
        scores: place && {
          data: decoded(scored.scores!) as Float32Array,
          ...{ c: place.c, h: place.h, w: place.w },
          cell: cell ?? { height: h / place.h, width: w / place.w },
        },
        matte: matte ? (decoded('matte') as Uint8Array) : null,
        raw:
          raw.size > 0
            ? new Map([...raw].map(([name, { value, dims, arrange }]) => [name, { dims, data: arrange(decoded(value)) }]))
            : null,
      };
    },
  };
}
