// An estimate of a frame: each step of a plan from its compiled code (isa.mjs), its workgroups, and the limits of a named GPU.
// node bench/static/model.mjs GPU JOBS.json LOG [--steps] [--json OUT] [--ptxas before|after]      GPU: rx7600 | rx7600dual | h200 | m1
// Every number of a GPU below is public or a guess (marked); none was measured here.
import { readFileSync, writeFileSync } from 'node:fs';
import { count, hot, loops, parse, readLog } from './isa.mjs';

// 32 CUs of two SIMD32 at 2.25 GHz; wave64 takes two turns. L2 and Infinity Cache rates are guesses. A CU makes 512 f16 operations of matrices a clock
// (GPUOpen, "How to accelerate AI applications on RDNA 3 using WMMA"), and as many of int8: 16×16×16 takes 32 clocks of a SIMD, in waves of 32.
const rx7600 = {
  log: 'navi33',
  memory: 65536,
  units: 32,
  pipes: 2,
  wave: 64,
  turns: 2,
  fmaTurns: 2,
  issue: 'valu',
  hz: 2.25e9,
  lds: 128,
  l1: 64,
  l2: 1.0e12,
  cache: 32e6,
  cacheRate: 0.5e12,
  dram: 288e9,
  latency: 340,
  gap: 3e-6,
  mmaClocks: 32,
};

export const GPUS = {
  rx7600,
  // The same where wave64 multiply-adds take one turn (dual issue).
  rx7600dual: { ...rx7600, fmaTurns: 1 },
  // 132 SMs of four schedulers at 1.755 GHz; compiled for sm_86 by Mesa. 989 TFLOP/s of f16 are 512 multiply-adds a clock and scheduler, of which instructions
  // of whole warps, all that Vulkan has, reach 62.9 % (arXiv 2402.13499): 6.4 clocks for 16×8×16, and for 16×8×32 of int8, whose peak is twice that.
  h200: {
    log: 'ga102',
    memory: 233472,
    units: 132,
    pipes: 4,
    wave: 32,
    turns: 1,
    fmaTurns: 1,
    issue: 'all',
    hz: 1.755e9,
    lds: 128,
    l1: 128,
    l2: 5.5e12,
    cache: 40e6,
    cacheRate: 5.5e12,
    dram: 4.3e12,
    latency: 270,
    gap: 3e-6,
    mmaClocks: 6.4,
  },
  // Eight cores of four pipes of 32 lanes at 1.278 GHz; compiled by Asahi, not by Apple.
  m1: {
    log: 'm1',
    memory: 32768,
    units: 8,
    pipes: 4,
    wave: 32,
    turns: 1,
    fmaTurns: 1,
    issue: 'all',
    hz: 1.278e9,
    lds: 128,
    l1: 64,
    l2: 0.2e12,
    cache: 6e6,
    cacheRate: 0.12e12,
    dram: 60e9,
    latency: 300,
    gap: 5e-6,
  },
};
/**
 * NVIDIA's own compiler instead of Mesa's: slots of a multiply-add in the hot loop, from the hand translations in cuda/ (ROBUST, sm_90). Other
 * steps with the staged body: what Mesa's compiler makes of them against the same of `nak`, its slots of `pointwise.workgroup` with 128 lanes.
 */
const PTXAS = {
  before: { 256: 684 / 512, 128: 700 / 512, grouped: 1686 / 1024, tail: 953 / 768, nak: 769 / 512 },
  after: { 256: 600 / 512, 128: 607 / 512, grouped: 1268 / 1024, tail: 326 / 256, nak: 689 / 512 },
};
/** Guess: what of a bound is reached with so many waves on a pipe. */
const busy = waves => (waves >= 4 ? 0.9 : waves >= 3 ? 0.87 : waves >= 2 ? 0.8 : 0.65);

/** What a step does, beside its code: multiply-adds of a lane in the hot loop, lanes of a workgroup, bytes of a workgroup behind L1. */
function work({ shader, overrides: o, params: p, grid, macs, bytes }, precision, code) {
  const at = precision === 'f32' ? 16 : 8; // bytes of a stored quad
  const staged = depth => ({ fma: Math.ceil(depth / 2) * 512, lanes: o.LANES, staged: true });
  const wg = o.LANES / 16; // pairs of a workgroup
  if (shader === 'qconv.matrix' || shader === 'qconv.grouped.matrix') {
    // 32 codes a round: 128 pixels by 64 channels, or 32 by four sixteens of a group each. A kernel of several taps has a third of its operand from beyond L1.
    const [grouped, taps] = [shader === 'qconv.grouped.matrix', o.ROWS * o.COLUMNS];
    const rounds = Math.ceil((taps * Math.ceil(o.QUADS / 2)) / 4);
    const [rows, pixels] = [128, grouped ? 32 : 128];
    return {
      fma: rounds * (grouped ? 512 : 2048),
      lanes: 128,
      matrix: true,
      rounds,
      bytes:
        (rows * taps * o.QUADS * 4) / (taps > 1 ? 3 : 1) + rounds * 2048 + pixels * 64 * (o.NUMBERS ? 4 : 1) * (o.RESIDUAL ? 2 : 1),
    };
  }
  if (shader === 'grouped.matrix') {
    // 32 pixels of a row by 64 channels a turn, and for each row of the kernel what its taps read, in batches of 40 columns. Of the three rows one comes from beyond L1.
    const turns = Math.ceil((p.height * Math.ceil(p.width / 32)) / p.strips);
    const taps = (9 * o.GROUP) / 4;
    const branches = p.dilations.slice(0, (2 * p.pairs) / p.branch_quads);
    const mean = of => branches.reduce((sum, dilation) => sum + of(31 * o.STRIDE + 1 + 2 * dilation), 0) / branches.length;
    return {
      fma: turns * taps * 256,
      lanes: 128,
      matrix: true,
      rounds: turns * taps,
      batches: mean(columns => Math.ceil(columns / 40)),
      bytes: turns * (mean(columns => columns) * 16 * at + 32 * 16 * at) + taps * 2048,
    };
  }
  if (shader === 'tail.matrix') {
    const rounds = Math.ceil(o.QUADS / 4);
    const operand = 180 * (o.COARSE * 4 + o.QUADS - o.COARSE) * at;
    return {
      fma: rounds * 9 * 1024,
      lanes: 128,
      matrix: true,
      rounds: rounds * 9,
      bytes: operand / 3 + rounds * 9 * 2048 + 128 * o.PROJECTED * at,
    };
  }
  if (shader.endsWith('.matrix')) {
    // 128 pixels by 64 channels, 16 input channels a round, halves.
    const rounds = depth => Math.ceil(depth / 4);
    const [main, more] =
      shader === 'conv.matrix'
        ? [p.steps, 0]
        : shader === 'pointwise.matrix'
          ? [p.quads, p.shortcut_quads]
          : [o.QUADS, o.SHORTCUT_QUADS ?? 0];
    const all = rounds(main) + rounds(more);
    // A kernel of several taps finds a third of its operand in L1.
    const pixels = shader === 'conv.matrix' ? main / 3 : main + more * (o.POOLED ? 4 : 1);
    const made = {
      fma: all * 1024,
      lanes: 128,
      matrix: true,
      rounds: all,
      bytes: 128 * pixels * at + all * 2048 + 128 * 16 * at * (o.RESIDUAL ? 2 : 1),
    };
    return shader === 'gated.matrix' ? { ...made, gate: { trips: 3, barriers: 6 } } : made;
  }
  if (shader === 'pointwise.workgroup') {
    const depth = p.quads + p.shortcut_quads;
    return { ...staged(depth), bytes: 128 * depth * at + wg * depth * 8 * 16 + 128 * wg * 2 * at };
  }
  if (shader === 'twin.workgroup')
    return { ...staged(o.QUADS), bytes: 128 * o.QUADS * at + wg * o.QUADS * 8 * 16 + 128 * wg * 2 * at };
  if (shader === 'gated') {
    const depth = o.QUADS + o.SHORTCUT_QUADS;
    const many = Math.max(Math.floor(o.LANES / o.QUADS), 1),
      few = Math.floor(o.LANES / p.hidden);
    const again = Math.ceil((o.QUADS * many) / o.LANES);
    // Loads of a turn wait for those of the one before, unless all bounds are constants: then three batches do.
    const trips =
      'HIDDEN' in o ? 3 : again * Math.ceil(p.strips / many) + Math.ceil(o.QUADS / few) + again * Math.ceil(p.hidden / many);
    return {
      ...staged(depth),
      gate: { trips, barriers: 6 },
      gateBytes: p.strips * o.QUADS * 16 + 2 * p.hidden * o.QUADS * 64,
      bytes:
        128 * (o.QUADS + o.SHORTCUT_QUADS * (o.POOLED ? 4 : 1)) * at +
        wg * depth * 8 * 16 +
        128 * wg * 2 * at * (o.RESIDUAL ? 2 : 1),
    };
  }
  if (shader === 'conv.workgroup')
    return { ...staged(p.steps), bytes: ((128 * p.steps) / 3) * at + wg * p.steps * 8 * 16 + 128 * wg * 2 * at };
  if (shader === 'grouped.workgroup') {
    const tiles = Math.ceil((p.height * p.across) / (p.strips * 64));
    return {
      fma: tiles * 9 * o.GROUP * 256,
      lanes: 256,
      grouped: true,
      bytes: tiles * (3 * 64 * 8 * o.STRIDE * 8 * at + 4 * 9 * o.GROUP * 8 * 16 + 64 * 8 * 8 * at),
    };
  }
  if (shader === 'tail')
    return {
      fma: o.QUADS * 3 * 768,
      lanes: 256,
      tail: true,
      bytes: (324 * (o.COARSE * 4 + o.QUADS - o.COARSE) * at) / 3 + o.PAIRS * 9 * o.QUADS * 8 * 16,
    };
  if (shader === 'stem') return { fma: 9 * 216, lanes: 64, bytes: (64 / p.pairs) * 8 * 4 * 4 + 64 * 16 * at };
  if (shader === 'classify')
    return { fma: 0, lanes: 64, classify: o.FOURFOLD ? 30 : 80, bytes: 64 * 4 + (64 / 4) * 2 * o.QUADS * at * 2 };
  // Any other: its multiply-adds dealt out to its lanes, its bytes to its workgroups.
  const lanes = o.LANES ?? Number(/const LANES = (\d+)u/.exec(code)?.[1] ?? 64);
  const groups = grid[0] * grid[1];
  return { fma: macs / groups / lanes, lanes, bytes: bytes / groups };
}

/** Slots of the issue port that a piece of code takes in a wave, in clocks of a pipe. */
function clocks(gpu, c, w) {
  // Waves of 32 lanes; a product of matrices keeps its SIMD.
  if (w.matrix && gpu.issue === 'valu') return c.mma * gpu.mmaClocks + c.fma + c.int + c.mov + c.flt + c.cvt;
  if (gpu.issue === 'valu') return c.fma * gpu.fmaTurns + (c.int + c.mov + c.flt + c.cvt) * gpu.turns;
  return c.all - c.wait;
}
const minus = (a, b) => Object.fromEntries(Object.keys(a).map(name => [name, a[name] - (b[name] ?? 0)]));

/** Clocks that the loads of a wave keep the L1 or L0 port of a unit, and the ones of workgroup memory: by address patterns (README). */
function ports(gpu, w, c, trips) {
  const amd = gpu.wave === 64;
  const load = (gpu.wave * 16) / gpu.l1; // a quad a lane, at least
  if (w.grouped) {
    const weights = c.lds > 0 ? 0 : 8,
      pixels = 8; // of 256 multiply-adds
    const lines = amd ? 16 : 8;
    const l1 = pixels * Math.max(load, lines) + weights * Math.max(load, 4);
    const lds = c.lds > 0 ? 8 * (amd ? 8 : 1) : 0;
    return { l1: (w.fma / 256) * l1, lds: (w.fma / 256) * lds };
  }
  if (w.tail) return { l1: (w.fma / 768) * 24 * load, lds: (w.fma / 768) * 10 * (amd ? 8 : 4) };
  if (w.staged) return { l1: (w.fma / 512) * 4 * load, lds: (w.fma / 512) * (amd ? 32 * 8 : 48) };
  // Loads of 16 bytes a lane in rows of 48 bytes meet no conflicts; bytes over 128 a clock.
  if (w.matrix) return { l1: (((w.rounds * 5 * gpu.wave) / 2) * 16) / gpu.l1, lds: (w.rounds * 12 * 32 * 16) / gpu.lds };
  if (w.classify) return { l1: w.classify * load, lds: 0 };
  return { l1: (c.vmem ?? 0) * trips * load, lds: 0 };
}

export function estimate(name, plan, log, { ptxas } = {}) {
  const gpu = GPUS[name];
  const compiled = readLog(log);
  const programs = new Map();
  const rows = plan.steps.map(step => {
    if (!programs.has(step.key)) {
      const made = compiled.get(step.key);
      if (!made) throw new Error(`${log} has no ${step.key}`);
      const { program, stats } = parse(gpu.log, made.lines);
      programs.set(step.key, { stats, loop: hot(program), whole: count(program), all: loops(program) });
    }
    const { stats, loop, whole } = programs.get(step.key);
    const w = work(step, plan.precision, plan.jobs.find(({ key }) => key === step.key).code);
    const body = { ...(loop?.counts ?? count([])) };
    // Two forms of a loop's body, of which a turn takes one.
    const forms = w.grouped && body.fma >= 2048 ? 2 : 1;
    const trips = loop ? w.fma / (body.products / forms) : 0;
    // Loops within the hot one that load its operand take several turns each.
    for (const { counts } of w.batches ? loop.inner : [])
      if (counts.vmem) for (const name of Object.keys(body)) body[name] += (w.batches - 1) * counts[name];
    const once = clocks(gpu, minus(whole, body), w);
    let slots = clocks(gpu, body, w) / forms;
    if (ptxas && loop && !w.matrix) {
      const table = PTXAS[ptxas];
      const fma = body.fma / forms;
      if (w.grouped) slots = fma * table.grouped;
      else if (w.tail) slots = fma * table.tail;
      else if (w.staged)
        slots = step.shader === 'pointwise.workgroup' ? fma * (table[w.lanes] ?? table[128]) : (slots * table[128]) / table.nak;
    }
    const wave = once * (ptxas ? 0.6 : 1) + trips * slots;
    const waves = Math.ceil(w.lanes / (w.matrix ? 32 : gpu.wave));
    const groups = step.grid[0] * step.grid[1];
    const each = Math.ceil(groups / gpu.units); // workgroups of the busiest unit
    const perUnit = c => (each * waves * c) / gpu.hz;
    const port = ports(gpu, w, body, trips);
    const time = {
      alu: perUnit(wave / gpu.pipes),
      mma: w.matrix && gpu.issue === 'all' ? perUnit((Math.max(trips * body.mma, whole.mma) * gpu.mmaClocks) / gpu.pipes) : 0,
      lds: perUnit(port.lds),
      l1: perUnit(port.l1),
      l2: (groups * (w.bytes + (w.gateBytes ?? 0))) / gpu.l2,
      dram: step.bytes / (step.bytes < gpu.cache ? gpu.cacheRate : gpu.dram),
    };
    const bound = Object.keys(time).reduce((best, each) => (time[each] > time[best] ? each : best));
    // Workgroups that run at once hide one another's waits only where several waves of them follow.
    const gate = w.gate ? (w.gate.trips * gpu.latency + w.gate.barriers * 60 + 20 * 40) / gpu.hz : 0;
    // Workgroups at home in a unit: by registers, by workgroup memory, and by how many there are.
    const byRegisters = !stats.waves
      ? 8
      : stats.halves
        ? stats.waves / w.lanes
        : (stats.waves * (gpu.wave === 64 ? gpu.pipes : 1)) / waves;
    const byMemory = stats.lds ? gpu.memory / stats.lds : 99;
    const resident = Math.max(1, Math.min(Math.floor(byRegisters), Math.floor(byMemory), each));
    const wavesPerPipe = (resident * waves) / gpu.pipes;
    const total = time[bound] / busy(wavesPerPipe) + gate + gpu.gap;
    return {
      index: step.index,
      node: step.node,
      key: step.key,
      groups,
      lanes: w.lanes,
      perUnit: groups / gpu.units,
      resident,
      wavesPerPipe,
      macs: step.macs,
      time,
      bound,
      gate,
      total,
      share:
        (body.fma + body.mma) /
        forms /
        ((gpu.issue === 'valu' ? body.fma + body.mma + body.int + body.mov + body.flt + body.cvt : body.all - body.wait) / forms),
      stats,
      body,
      forms,
    };
  });
  return { gpu, rows, total: rows.reduce((sum, { total }) => sum + total, 0) };
}

if (process.argv[1]?.endsWith('model.mjs')) {
  const [name, jobs, log, ...rest] = process.argv.slice(2);
  const plan = JSON.parse(readFileSync(jobs, 'utf8'));
  const { gpu, rows, total } = estimate(name, plan, log, {
    ptxas: rest.includes('--ptxas') ? rest[rest.indexOf('--ptxas') + 1] : undefined,
  });
  const us = seconds => (seconds * 1e6).toFixed(1).padStart(8);
  const by = new Map();
  for (const row of rows) {
    const key = rest.includes('--steps') ? `${String(row.index).padStart(2)} ${row.node}` : `${row.key} ${row.groups}wg`;
    const sum = by.get(key) ?? { n: 0, macs: 0, alu: 0, lds: 0, l1: 0, l2: 0, dram: 0, gate: 0, total: 0, row };
    sum.n++;
    sum.macs += row.macs;
    sum.gate += row.gate;
    sum.total += row.total;
    for (const each of ['alu', 'lds', 'l1', 'l2', 'dram']) sum[each] += row.time[each];
    by.set(key, sum);
  }
  console.log('   n   GMAC fma%  wg/unit waves/pipe     alu      lds       l1       l2     dram     gate    total  share  step');
  for (const [key, s] of by)
    console.log(
      `${String(s.n).padStart(4)} ${(s.macs / 1e9).toFixed(3).padStart(6)} ${(100 * s.row.share).toFixed(0).padStart(4)} ${s.row.perUnit.toFixed(2).padStart(8)} ${s.row.wavesPerPipe.toFixed(1).padStart(10)} ${us(s.alu)} ${us(s.lds)} ${us(s.l1)} ${us(s.l2)} ${us(s.dram)} ${us(s.gate)} ${us(s.total)} ${((100 * s.total) / total).toFixed(1).padStart(5)}%  ${key} [${s.row.bound}]`,
    );
  const macs = rows.reduce((sum, row) => sum + row.macs, 0);
  const peak = ((gpu.units * gpu.pipes * gpu.wave) / gpu.fmaTurns) * gpu.hz;
  console.log(
    `${name} ${plan.model} ${plan.precision}: ${(total * 1e3).toFixed(2)} ms a frame, ${(1 / total).toFixed(1)} fps (estimate); ${(macs / total / 1e12).toFixed(2)} TMAC/s of ${(peak / 1e12).toFixed(2)}; gaps ${(rows.length * gpu.gap * 1e3).toFixed(2)} ms, gates ${(rows.reduce((s, r) => s + r.gate, 0) * 1e3).toFixed(2)} ms`,
  );
  if (rest.includes('--json'))
    writeFileSync(rest[rest.indexOf('--json') + 1], JSON.stringify(rows.map(({ stats, ...row }) => ({ ...row, stats }))));
}
