// A line a pipeline: registers, spills, LDS, waves, and what the hot loop is made of. node table.mjs GPU LOG [--all-loops] [--match TEXT]
import { count, hot, loops, parse, readLog } from './isa.mjs';

const [gpu, log, ...rest] = process.argv.slice(2);
const match = rest.includes('--match') ? rest[rest.indexOf('--match') + 1] : '';
/** Bytes that a lane loads from workgroup memory in a piece of code. */
const bytesLoaded = part =>
  part
    .filter(each => each.class === 'lds')
    .reduce((sum, { op }) => sum + Number(/b(\d+)/.exec(op)?.[1] ?? /u(\d+)/.exec(op)?.[1] ?? 32) / 8, 0);
const rows = [];
for (const { key, lines, ms } of readLog(log).values()) {
  if (!key.includes(match)) continue;
  const { program, stats } = parse(gpu, lines);
  const whole = count(program);
  const loop = hot(program);
  const c = loop?.counts;
  rows.push({
    pipeline: key,
    regs: stats.regs,
    spill: stats.spills,
    lds: stats.lds,
    waves: stats.waves,
    instrs: stats.instrs ?? program.length,
    ...(c
      ? {
          loop: c.all - c.wait,
          fma: c.fma,
          'fma%': Math.round((100 * c.fma) / (c.all - c.wait - c.sca)),
          mma: c.mma,
          'mma%': Math.round((100 * c.mma) / (c.all - c.wait - c.sca)),
          'B/mma': c.mma ? bytesLoaded(loop.part) / c.mma : '',
          ldsl: c.lds,
          ldss: c.ldst,
          vmem: c.vmem,
          vmst: c.vmst,
          spl: c.spill,
          int: c.int,
          mov: c.mov,
          flt: c.flt,
          cvt: c.cvt,
          ctl: c.ctl,
          sca: c.sca,
          nops: c.nops,
        }
      : { loop: '-', fma: whole.fma }),
    ms,
  });
  if (rest.includes('--all-loops'))
    for (const each of loops(program)) console.log(key, `depth ${each.depth}`, each.from, JSON.stringify(each.counts));
}
const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
const width = Object.fromEntries(
  names.map(name => [name, Math.max(name.length, ...rows.map(row => String(row[name] ?? '').length))]),
);
console.log(names.map(name => (name === 'pipeline' ? name.padEnd(width[name]) : name.padStart(width[name]))).join(' '));
for (const row of rows)
  console.log(
    names
      .map(name => {
        const t = String(row[name] ?? '');
        return name === 'pipeline' ? t.padEnd(width[name]) : t.padStart(width[name]);
      })
      .join(' '),
  );
