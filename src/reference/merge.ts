// Truth for the sum of a map and one that is resized to its size.
import type { Resampling } from '../graph/graph.ts';
import { activate, type EndingOptions } from './activate.ts';
import { type Field, field } from './field.ts';
import { upsample } from './upsample.ts';

export function merge(x: Field, other: Field, { mode, ...ending }: { readonly mode: Resampling } & EndingOptions): Field {
  const resized = upsample(x, other, mode);
  return activate(
    field(
      other,
      other.data.map((value, n) => value + resized.data[n]),
    ),
    ending,
  );
}
