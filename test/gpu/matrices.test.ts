// Programs with subgroup matrices in every form that adapters have and in both ways of writing them, as Dawn's null backend takes them: it compiles for
// subgroups of any size. What they make is judged where some adapter has them (test/lavapipe.ts).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MATRIX_FEATURE } from '../../src/gpu/flags.ts';
import { isUsable, wantsFlags } from '../../src/gpu/matrices.ts';
import { matrices } from '../../src/kernels/matrices.ts';
import { fileLibrary } from '../../src/node/shader-files.ts';
import { matrixText } from '../../src/shader/matrix-text.ts';
import type { MatrixForm } from '../../src/shader/source.ts';
import { compilerJudge } from '../judges.ts';
import { sat } from '../record.ts';

const form = (m: number, n: number, k: number, lanes: number, sized = false): MatrixForm => ({
  ...{ m, n, k, lanes, sized },
  ...({ operands: 'f16', sums: 'f32' } as const),
});
const codes = (m: number, n: number, k: number, lanes: number): MatrixForm => ({
  ...form(m, n, k, lanes),
  operands: 'i8',
  sums: 'i32',
});
/** Of lavapipe, NVIDIA, AMD, Intel. */
const forms = [
  form(8, 8, 8, 8),
  form(16, 16, 16, 32),
  form(16, 8, 16, 32),
  form(16, 8, 8, 32),
  form(16, 16, 16, 64),
  form(8, 16, 16, 16),
];
const formsOfCodes = [codes(8, 8, 8, 8), codes(16, 16, 32, 32), codes(16, 8, 32, 32), codes(16, 8, 16, 32), codes(16, 16, 16, 64)];

const library = fileLibrary();
const sitting = await compilerJudge(['shader-f16', 'subgroups', MATRIX_FEATURE, 'subgroup-size-control' as GPUFeatureName]);

async function refusal(device: GPUDevice, code: string): Promise<string | null> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code });
  const error = await device.popErrorScope();
  if (error) return error.message;
  return device.createComputePipelineAsync({ layout: 'auto', compute: { module } }).then(
    () => null,
    ({ message }) => message,
  );
}

for (const { shader, needs } of Object.values(matrices).flat()) {
  const own = needs.matrix!.operands === 'i8' ? formsOfCodes : forms;
  (sitting ? test : test.skip)(`${shader} in every form`, async () => {
    const { device, who } = sitting!;
    for (const each of own)
      assert.is(await refusal(device, matrixText(library, { shader, overrides: {} }, 'f16', each)), null, JSON.stringify(each));
    assert.is(
      await refusal(device, matrixText(library, { shader, overrides: own === forms ? { CURVE: 3 } : {} }, 'half', own[0], true)),
      null,
      'in the earlier words',
    );
    sat('compiler', who);
  });
}

(sitting ? test : test.skip)('a subgroup whose size is asked for', async () => {
  const text = matrixText(library, { shader: 'pointwise.matrix', overrides: {} }, 'half', form(16, 16, 16, 32, true));
  assert.match(text, /@subgroup_size\(MATRIX_LANES\)/);
  assert.is(await refusal(sitting!.device, text), null);
});

(sitting ? test : test.skip)('the way of writing is the one that the device takes', async () => {
  assert.is(await wantsFlags(sitting!.device), false);
  assert.is(await wantsFlags(sitting!.device, 'words of a language to come'), true);
});

test('forms of other types, sides and subgroups are left alone', () => {
  for (const each of [...forms, ...formsOfCodes]) assert.ok(isUsable(each), JSON.stringify(each));
  assert.not.ok(isUsable({ ...forms[0], operands: 'i8' }));
  assert.not.ok(isUsable({ ...forms[0], sums: 'i32' }));
  assert.not.ok(isUsable(form(16, 16, 32, 32)));
  assert.not.ok(isUsable(form(8, 8, 8, 32)));
  // The sums of eight subgroups are twice what the stage holds.
  assert.not.ok(isUsable(form(16, 16, 16, 16)));
  assert.not.ok(isUsable(form(8, 16, 16, 8)));
});

test.after(() => sitting?.close());

test.run();
