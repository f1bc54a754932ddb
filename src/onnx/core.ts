// What a file makes of a picture, and what is put around it: bars before, a resize and classes behind.
import { builder } from '../graph/build.ts';
import { type End, writeClasses } from '../graph/end.ts';
import { type Graph, INPUT, isCurve, type Node, type Shape } from '../graph/graph.ts';
import type { Size } from '../image/size.ts';
import type { Tensor } from '../weights/tensor.ts';
import { FILLED } from './layout.ts';
import { alongAll, emitMove, type Places, pen, placesOf, upTo } from './pen.ts';

/** A network that was a file, at a size: from a normalised picture to scores. */
export interface Core {
  readonly nodes: readonly Node[];
  readonly input: Shape;
  /** The scores behind the classes: of a file that ends in an argmax what that reads, so that they can be resized. */
  readonly value: string;
  readonly shape: Shape;
}

export interface Around extends Size {
  /** What classes are asked for at. */
  readonly to: Size;
  readonly threshold?: number;
  /** Takes the tables of what is put around. */
  readonly tensors: Map<string, Tensor>;
  readonly letterbox: boolean;
  readonly end: End;
}

/**
 * Nobody knows how much a network makes of a rounding, so that plans of `half` round less than halves do; and not at all where it rounds itself, since a number
 * beside the middle of two codes would become another code.
 */
export const codecsOf = (nodes: readonly Node[]): NonNullable<Graph['codecs']> => ({
  half: nodes.some(node => isCurve(node, 'quantise') || isCurve(node, 'round')) ? 'f32' : 'block',
});

/** The graph from a picture that is as large as the size inside, or with bars its own part of that, to its classes. */
export function aroundPicture(
  file: string,
  { nodes, input, value, shape }: Core,
  { h, w, to, threshold, tensors, letterbox, end }: Around,
): Graph {
  const box = letterbox ? placed(to, { h, w }) : null;
  // Two pens, because one's nodes come before the file's, the other's behind.
  const [before, behind] = [pen([], tensors), pen([], tensors)];
  const first = box ? emitMove(before, 'letterbox', [INPUT], alongAll(boxed(box, { h, w }))) : INPUT;
  const part = box && alongAll({ c: upTo(shape.c), ...contentOf(box, { h, w }, shape) });
  const content = part ? emitMove(behind, 'content', [value], part) : value;
  const map: Size = part ? { h: placesOf(part.rows), w: placesOf(part.columns) } : shape;
  const all = [...before.nodes, ...nodes.map(node => reading(node, INPUT, first)), ...behind.nodes];
  const b = builder(file, { ...input, ...(box && { h: box.h, w: box.w }) }, all);
  const scores = map.h === to.h && map.w === to.w ? content : b.resize('pixels', content, to);
  return { ...b.graph([writeClasses(b, scores, { ...end, threshold })]), codecs: codecsOf(nodes) };
}

/** A node that reads `to` where it read `from`. */
function reading(node: Node, from: string, to: string): Node {
  const inputs = Object.fromEntries(Object.entries(node.inputs).map(([role, value]) => [role, value === from ? to : value]));
  return { ...node, inputs };
}

/** Where a picture lies between bars, in pixels of the size inside. */
interface Box extends Size {
  readonly top: number;
  readonly left: number;
}

/** In the middle, as large as it may be in its own shape. */
function placed(picture: Size, inside: Size): Box {
  const scale = Math.min(inside.h / picture.h, inside.w / picture.w);
  const side = (own: number, most: number): number => Math.min(Math.max(Math.round(own * scale), 1), most);
  const [h, w] = [side(picture.h, inside.h), side(picture.w, inside.w)];
  return { h, w, top: (inside.h - h) >> 1, left: (inside.w - w) >> 1 };
}

/** The bars around a normalised picture: 0, its mean. */
function boxed({ h, w, top, left }: Box, inside: Size): Places {
  const places = (size: number, before: number, all: number): number[] =>
    upTo(all).map(n => (n >= before && n < before + size ? n - before : FILLED));
  return { c: upTo(3), h: places(h, top, inside.h), w: places(w, left, inside.w) };
}

/** The part of a map between the bars, in whole cells of it. */
function contentOf({ h, w, top, left }: Box, inside: Size, map: Size): Pick<Places, 'h' | 'w'> {
  const cells = (from: number, size: number, all: number, count: number): number[] => {
    const first = Math.min(Math.round((from * count) / all), count - 1);
    const end = Math.max(Math.round(((from + size) * count) / all), first + 1);
    return upTo(end - first).map(n => first + n);
  };
  return { h: cells(top, h, inside.h, map.h), w: cells(left, w, inside.w, map.w) };
}
