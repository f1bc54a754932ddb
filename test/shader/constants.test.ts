// Numbers that stand in a shader and in the file that plans for it: the sizes of tiles, workgroups and arrays. Here both texts are read, so that one
// can't be changed alone.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readShaders } from '../../src/node/shader-files.ts';

const shaders = readShaders();
const source = (file: string): string => fileURLToPath(new URL(`../../src/${file}.ts`, import.meta.url));

/** What a pattern's groups hold, as numbers. */
function found(text: string, pattern: RegExp, where: string): number[] {
  const match = pattern.exec(text);
  assert.ok(match, `${where} says nothing like ${pattern}`);
  return match.slice(1).map(Number);
}

const inShader = (shader: string, pattern: RegExp): number[] => found(shaders.get(shader)!, pattern, `shaders/${shader}.wgsl`);
const inSource = (file: string, pattern: RegExp): number[] => found(readFileSync(source(file), 'utf8'), pattern, `src/${file}.ts`);

/** `const NAME = 8u;` or `const NAME = 8;` */
const named = (name: string): RegExp => new RegExp(`^(?:export )?const ${name} = (\\d+)u?;`, 'm');

test('constants of one name, in a shader and in its kernel’s descriptor', () => {
  const pairs: string[] = [];
  for (const [path, text] of shaders) {
    // Rows by subgroup matrices have one descriptor, whose tile is the product's that most of them share.
    const own = path === 'lib/matrix.product' ? 'kernels/matrices' : `kernels/${path.split('/').at(-1)!.split('.')[0]}`;
    const file = path.startsWith('grouped.workgroup') ? 'kernels/workgroups' : own;
    if (path.endsWith('.matrix') || !existsSync(source(file))) continue;
    const host = readFileSync(source(file), 'utf8');
    for (const [, name, value] of text.matchAll(/^const (\w+) = (\d+)u;/gm)) {
      const same = named(name).exec(host);
      if (!same) continue;
      assert.is(Number(same[1]), Number(value), `${name} in src/${file}.ts and in shaders/${path}.wgsl`);
      pairs.push(`${path} ${name}`);
    }
  }
  for (const pair of [
    'grouped.workgroup LANES',
    'grouped.workgroup PAIRS',
    'grouped.workgroup8 LANES',
    'grouped.workgroup8 PAIRS',
    'lib/staged SLOTS',
    'lib/staged PIXELS',
    'tail LANES',
    'tail COLUMNS',
  ])
    assert.ok(pairs.includes(pair), `${pair} is not among ${pairs.join(', ')}`);
});

/** Channels of so many quads. */
const channels = ([quads]: number[]): number[] => [quads * 4];

const tileOf = /let (?:pixel|column) = (?:tile|\(tile - [^;]*\)) \* (\d+)u;/;
const pairsOf = ([lanes]: number[]): number[] => [lanes / 16];

type Row = [shader: string, says: RegExp, host: string, means: RegExp, convert?: (values: number[]) => number[]];
const rows: Row[] = [
  // The widest workgroup has 16 lanes for each of so many pairs.
  ['lib/staged', /^override LANES: u32 = \d+u; .*?(\d+)$/m, 'kernels/staged', /^const WIDTHS = \[(\d+),/m, pairsOf],
  ['gated', named('MOST_LANES'), 'kernels/gated', /stagedCut\(y\.h \* y\.w, pairs\(y\.c\), (\d+)\)/, pairsOf],
  ['gated', named('MAX_QUADS'), 'graph/forms', named('MAX_GATES'), channels],
  ['lib/excite.io', named('MAX_HIDDEN'), 'graph/forms', named('MAX_HIDDEN'), channels],
  ['lib/excite.workgroup', named('MAX_QUADS'), 'graph/forms', named('MAX_CHANNELS'), channels],
  ...['grouped.workgroup', 'grouped.workgroup8'].flatMap((shader): Row[] => [
    [shader, named('TILES'), 'graph/ops', named('TILES')],
    [shader, tileOf, 'graph/ops', named('TILE')],
  ]),
  ['grouped', tileOf, 'graph/ops', named('TILE')],
  [
    'grouped.wide',
    /let row = tile \/ params\.across \* (\d+)u;\s*let column = \(tile - [^;]*\) \* (\d+)u;/,
    'kernels/grouped',
    /^const WIDE_TILE = \{ h: (\d+), w: (\d+) \};/m,
  ],
  [
    'grouped.octet',
    /let row = tile \/ params\.across \* (\d+)u;\s*let column = \(tile - [^;]*\) \* (\d+)u;/,
    'kernels/octets',
    /^const GROUPED_TILE = \{ h: (\d+), w: (\d+) \};/m,
  ],
  ['grouped.octet', /let quad = sixteen \* (\d+)u;/, 'kernels/octets', named('GROUPED_CHANNELS'), ([quads]) => [quads * 4]],
  ['lib/weights.texels', named('ROW'), 'gpu/texels', named('ROW')],
  ['pointwise', tileOf, 'kernels/pointwise', named('TILE')],
  ['pointwise.wide', tileOf, 'kernels/pointwise', named('WIDE_TILE')],
  ['pointwise.octet', /let left_pixel = tile \* (\d+)u;/, 'kernels/octets', named('TILE')],
  ['pointwise.octet', /\* all_quads \* (\d+)u \+ own/, 'kernels/octets', named('ROUND')],
  ...['stem', 'upsample', 'classify'].map((kernel): Row => [`${kernel}.octet`, named('LANES'), 'kernels/octets', named('ROUND')]),
  ['twin', tileOf, 'kernels/twin', named('TILE')],
  ['lib/stem.tile', tileOf, 'kernels/stem', named('TILE')],
  ['conv', /let column = \(tile - [^;]*\) \* select\((\d+)u, \d+u, POOL\);/, 'kernels/conv', named('TILE')],
  // Of the map before its pool, which is twice as wide.
  [
    'conv',
    /let column = \(tile - [^;]*\) \* select\(\d+u, (\d+)u, POOL\);/,
    'kernels/conv',
    named('POOLED_TILE'),
    ([full]) => [full / 2],
  ],
  ['lib/winograd', /let column = right \+ [^;]*\) \* (\d+)u \* apart;/, 'kernels/winograd', named('SEGMENT')],
  ['conv.winograd', /= segment\(tiles \* (\d+)u, own\);/, 'kernels/winograd', named('SEGMENTS')],
  ['conv.octet', /= segment\(tiles \* (\d+)u, own\);/, 'kernels/winograd', named('SEGMENTS')],
  ['conv.octet', /let across = \(params\.pairs \+ 1u\) \/ (\d+)u/, 'kernels/octets', named('WINOGRAD_ROUND')],
  ['conv.wide', tileOf, 'kernels/conv', named('WIDE_TILE')],
  // A tile has as many pixels × pairs of quads whatever the pairs.
  [
    'tail',
    /const COLUMNS = (\d+)u;[\s\S]*let high = (\d+)u \* COLUMNS \/ PAIRS;/,
    'kernels/tail',
    named('AREA'),
    ([w, h]) => [w * w * h],
  ],
];

for (const [shader, says, host, means, convert] of rows) {
  test(`${shader}: what src/${host}.ts has as ${means.source.replace(/^.*const | = .*$/g, '')}`, () => {
    const values = inShader(shader, says);
    assert.equal(convert ? convert(values) : values, inSource(host, means));
  });
}

test.run();
