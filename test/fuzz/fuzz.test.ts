// A few hundred damaged files of every kind, and small files that would be large. `npm run fuzz` goes on where this stops.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { join } from '../weights/pickle.ts';
import * as proto from '../weights/protobuf.ts';
import { blobBombs, caffeBombs } from './caffemodel.ts';
import { examine, judge } from './judge.ts';
import { readers } from './readers.ts';
import { archive, pickleBombs } from './torch.ts';

/** Unless a reader has its own. */
const CASES = 300;

for (const reader of readers) {
  test(`${reader.name}: whole files are read, as others read them`, async () => {
    for (const { title, bytes } of reader.specimens) {
      const { read, fault } = await examine(reader, bytes, false);
      assert.equal([read, fault], [true, null], title);
    }
  });

  const { cases = CASES } = reader;
  test(`${reader.name}: ${cases} damaged files`, async () => {
    let read = 0;
    for (let index = 0; index < cases; index++) {
      const verdict = await judge(reader, 1, index);
      assert.is(
        verdict.fault,
        null,
        `npm run fuzz -- --reader ${reader.name} --seed 1 --from ${index} --count 1: ${verdict.title}`,
      );
      read += Number(verdict.read);
    }
    // Mutations that all fail, or all succeed, would exercise one half of the reader only.
    assert.ok(read > cases / 50 && read < cases * 0.9, `${read} of ${cases} were read`);
  });
}

test('a name of a hundred thousand blanks costs its length, not its square', async () => {
  const names = readers.find(({ name }) => name === 'names')!;
  for (const line of [`a${' '.repeat(1e5)}b`, `a ${'1'.repeat(1e5)}`, 'a 1, '.repeat(2e4)]) {
    const { read, fault } = await examine(names, new TextEncoder().encode(`${line}\nsky\n`), true);
    assert.equal([read, fault], [false, null], line.slice(0, 10));
  }
});

test('a bomb costs no more', async () => {
  const [torch, caffe] = ['torch', 'caffemodel'].map(name => readers.find(reader => reader.name === name)!);
  const repeated = (inside: Uint8Array, times: number): Uint8Array => join(Array.from({ length: times }, () => inside));
  for (const [title, code, times] of pickleBombs) {
    const pickle = join([repeated(Uint8Array.from(code), times), Uint8Array.of(0x2e)]);
    const { read, fault } = await examine(torch, archive({ pickle, method: 8, wide: false }), false);
    assert.equal([read, fault], [false, null], title);
  }
  const layers = caffeBombs.map(([title, inside, times]) => [title, proto.bytes(100, repeated(inside, times))] as const);
  const blobs = blobBombs.map(
    ([title, inside, times]) => [title, proto.message(100, proto.bytes(7, repeated(inside, times)))] as const,
  );
  for (const [title, layer] of [...layers, ...blobs]) {
    const { read, fault } = await examine(caffe, proto.encode([layer]), false);
    assert.equal([read, fault], [false, null], title);
  }
});

test.run();
