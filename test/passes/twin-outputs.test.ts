// A late reader of a map joins the first one: one convolution with two outputs.
import { test } from 'uvu';
import { builder, type ConvOptions } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { fuseRelu } from '../../src/passes/fuse-relu.ts';
import { twinOutputs } from '../../src/passes/twin-outputs.ts';
import { becomes, stays } from './check.ts';

interface Options {
  readonly early?: Partial<ConvOptions>;
  readonly late?: Partial<ConvOptions>;
  /** Whether something else reads the map after both. */
  readonly again?: boolean;
  readonly joined?: boolean;
  readonly activated?: boolean;
  readonly outputs?: readonly string[];
}

/** A map, a convolution of it, a pool of that, a late head. */
function heads({ early = {}, late = {}, again = false, joined = false, activated = true, outputs = [] }: Options = {}): Graph {
  const b = builder('heads', { c: 6, h: 3, w: 5 });
  const x = b.relu('x', b.input);
  const first = b.relu('first', b.conv('c1', x, { in: 6, out: 16, bias: true, ...early }));
  const low = b.pool('low', first);
  const head = b.conv('c2', x, { in: 6, out: 5, bias: true, ...late });
  const y = activated ? b.relu('head', head) : head;
  const ends = [low, joined ? b.concat('cat', [first, y]) : y, ...(again ? [b.relu('more', x)] : [])];
  return fuseRelu.apply(b.graph([...ends, ...outputs]));
}

const before = (bias: (name: string) => string): string =>
  `6×3×5 x = relu(input)
   16×3×5 first = conv(x) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu {weight c1.weight${bias('c1')}}
   16×2×3 low = pool(first)
   5×3×5 head = conv(x) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu {weight c2.weight${bias('c2')}}`;
const after = (bias: string): string =>
  `6×3×5 x = relu(input)
   16×3×5 first = conv(x) kernel=1 strides=1 dilations=1 pads=0 groups=1 activation=relu also=head×16 \
     {weight [c1.weight, c2.weight]${bias}}
   16×2×3 low = pool(first)`;

test('the late convolution is made with the first', () => {
  becomes(
    twinOutputs,
    heads(),
    before(name => `; bias ${name}.bias`),
    after('; bias [c1.bias, c2.bias]'),
  );
});

test('without biases', () => {
  becomes(
    twinOutputs,
    heads({ early: { bias: false }, late: { bias: false } }),
    before(() => ''),
    after(''),
  );
});

test('the first may be tapped', () => {
  becomes(
    twinOutputs,
    heads({ outputs: ['first'] }),
    before(name => `; bias ${name}.bias`),
    after('; bias [c1.bias, c2.bias]'),
  );
});

test('a map that lives on anyway stays', () => stays(twinOutputs, heads({ again: true })));
test('a tapped map stays', () => stays(twinOutputs, heads({ outputs: ['x'] })));
test('a head wider than its operand stays', () => stays(twinOutputs, heads({ late: { out: 7 } })));
test('a part of a concat stays', () => stays(twinOutputs, heads({ joined: true })));
test('one bias of two stays', () => stays(twinOutputs, heads({ late: { bias: false } })));
test('another activation stays', () => stays(twinOutputs, heads({ activated: false })));
test('a 3×3 head stays', () => stays(twinOutputs, heads({ late: { kernel: 3, pad: 1 } })));
test('channels that would share a lane stay', () => stays(twinOutputs, heads({ early: { out: 12 } })));

test.run();
