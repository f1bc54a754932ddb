// What a decoder is, and what it gets of a body.
import type { Builder } from '../graph/build.ts';

/** What a body gives: a value, its channels, its height and width. */
export interface Feature {
  readonly value: string;
  readonly c: number;
  readonly h: number;
  readonly w: number;
}

export interface Features {
  readonly at4: Feature;
  readonly at8: Feature;
  readonly at16: Feature;
}

export interface Decoder {
  /** Module whose output channels are the classes. */
  readonly classifier: string;
  /** Returns the unresized logits. */
  build(b: Builder, features: Features, classes: number): string;
}
