// Reads what compile.sh logged: for each pipeline its instructions, loops, and the driver's statistics.
// A program is a list of { op, text, class } with `label` and `target` where control flow needs them.
import { readFileSync } from 'node:fs';

/**
 * What an instruction costs is counted by these. `fma` is weighted: a packed or dual one counts twice. `mma` are products of matrices, and count as the
 * multiply-adds of a lane that they stand for in `products`.
 */
export const CLASSES = ['fma', 'mma', 'lds', 'ldst', 'vmem', 'vmst', 'spill', 'int', 'mov', 'flt', 'cvt', 'ctl', 'sca', 'wait'];

export function readLog(file) {
  const pipelines = new Map();
  let key = null,
    lines = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const begin = /^@@@ begin (.*)$/.exec(line);
    if (begin) {
      key = begin[1];
      lines = [];
      continue;
    }
    const end = /^@@@ end (.*) (\d+) ms$/.exec(line);
    if (end) {
      pipelines.set(end[1], { key: end[1], ms: Number(end[2]), lines });
      key = null;
      continue;
    }
    if (key) lines.push(line);
  }
  return pipelines;
}

export function parse(gpu, lines) {
  if (/^(navi|vega|raphael|phoenix|gfx|rembrandt)/.test(gpu)) return radv(lines);
  if (gpu === 'm1') return agx(lines);
  if (/^(ga|tu|ad1|gv)/.test(gpu)) return nak(lines);
  if (/^adreno/.test(gpu)) return ir3(lines);
  throw new Error(`no parser for ${gpu}`);
}

const number = (text, pattern) => {
  const found = pattern.exec(text);
  return found ? Number(found[1]) : null;
};

// --- AMD, ACO ---
function radv(lines) {
  const start = lines.indexOf('disasm:');
  const end = lines.findIndex(line => line.includes('*** SHADER STATS'));
  const program = [];
  let label = null;
  for (const line of lines.slice(start + 1, end)) {
    const named = /^(BB\d+):/.exec(line);
    if (named) {
      label = named[1];
      continue;
    }
    const made = /^\t(\S+)\s*([^;]*)/.exec(line);
    if (!made || made[1].startsWith('(')) continue;
    const [, op, rest] = made;
    const target = /^s_c?branch/.test(op) ? /(BB\d+)/.exec(rest)?.[1] : undefined;
    program.push({ op, text: `${op} ${rest.trim()}`, class: radvClass(op), weight: radvWeight(op, rest), label, target });
    label = null;
  }
  const text = lines.slice(end).join('\n');
  const get = name => number(text, new RegExp(`^${name}: (\\d+)`, 'm'));
  const stats = {
    regs: get('VGPRs'),
    sgprs: get('SGPRs'),
    spills: get('Spilled VGPRs'),
    scratch: get('Scratch size'),
    lds: get('LDS size'),
    waves: get('Subgroups per SIMD'),
    code: get('Code size'),
    instrs: get('Instructions'),
    latency: get('Latency'),
    inverse: get('Inverse Throughput'),
  };
  return { program, stats };
}
function radvWeight(op, rest) {
  // m × n × k over the lanes of a wave.
  if (/^v_wmma/.test(op)) return (16 * 16 * 16) / 32;
  if (/^v_dual_/.test(op)) return (`${op} ${rest}`.match(/v_dual_(fmac|fmaak|fmamk)/g) ?? []).length;
  return /^v_pk_fma/.test(op) || /^v_dot2/.test(op) ? 2 : 1;
}
function radvClass(op) {
  if (/^v_wmma/.test(op)) return 'mma';
  if (
    /^v_(fma|fmac|fmaak|fmamk|mad|mac)_(f32|f16|mix|legacy)/.test(op) ||
    /^v_fma_mix/.test(op) ||
    /^v_pk_fma/.test(op) ||
    /^v_dot2/.test(op)
  )
    return 'fma';
  if (/^v_dual_(fmac|fmaak|fmamk)/.test(op)) return 'fma';
  if (/^v_dual/.test(op)) return 'flt';
  if (/^ds_(load|read)/.test(op)) return 'lds';
  if (/^ds_/.test(op)) return 'ldst';
  if (/^scratch_/.test(op)) return 'spill';
  if (/^(buffer|global|flat|image|tbuffer)_.*(load|sample|gather)/.test(op) || /^image_/.test(op)) return 'vmem';
  if (/^(buffer|global|flat|tbuffer)_.*store/.test(op)) return 'vmst';
  if (/^v_mov|^v_accvgpr|^v_swap|^v_readfirstlane/.test(op)) return 'mov';
  if (/^v_cvt/.test(op)) return 'cvt';
  if (/^v_.*_f(32|16)/.test(op) || /^v_(rcp|exp|log|sqrt|med3_f|max3_f)/.test(op)) return 'flt';
  if (/^v_/.test(op)) return 'int';
  if (/^s_(waitcnt|delay|nop|clause|sendmsg|wait_|barrier|code_end|endpgm|sleep)/.test(op)) return 'wait';
  if (/^s_c?branch/.test(op)) return 'ctl';
  return 'sca';
}

// --- NVIDIA, NAK ---
function nak(lines) {
  const start = lines.findLastIndex(line => line.startsWith('NAK IR after calc_instr_deps'));
  const end = lines.findIndex((line, index) => index > start && line.startsWith('Stage:'));
  const program = [];
  let label = null;
  for (const line of lines.slice(start + 1, end)) {
    const block = /^block(\.u)? (\d+) /.exec(line);
    if (block) {
      label = `B${block[2]}`;
      continue;
    }
    const out = /^\} -> \[(.*)\]/.exec(line);
    if (out) {
      const targets = out[1]
        .split(',')
        .map(name => name.trim())
        .filter(Boolean)
        .map(name => `B${name}`);
      if (label) program.push({ op: 'nop', text: 'nop', class: 'wait', weight: 1, label, targets });
      else program.at(-1).targets = targets;
      label = null;
      continue;
    }
    const code = line.replace(/\/\/.*/, '');
    if (!code.trim() || /^[A-Za-z{}]/.test(code)) continue;
    const eq = code.indexOf(' = ');
    const right = (eq >= 0 ? code.slice(eq + 3) : code.replace(/^@!?u?p\d+/, '')).trim();
    const op = /^(\S+)/.exec(right)?.[1] ?? '';
    const left = eq >= 0 ? code.slice(0, eq).trim() : '';
    program.push({ op, text: code.trim().replace(/\s+/g, ' '), class: nakClass(op, left), weight: nakWeight(op), label });
    label = null;
  }
  const text = lines.slice(end).join('\n');
  const get = name => number(text, new RegExp(`^${name}: (\\d+)`, 'm'));
  const stats = {
    regs: get('Num GPRs'),
    spills: (get('Spills to mem') ?? 0) + (get('Fills from mem') ?? 0),
    waves: get('Max warps/SM'),
    scratch: get('SLM size'),
    instrs: get('Instruction count'),
    latency: get('Static cycle count'),
    code: (get('Instruction count') ?? 0) * 16,
    lds: number(lines.join('\n'), /^shared_size: (\d+)/m),
  };
  return { program, stats };
}
function nakWeight(op) {
  const [, m, n, k] = /^[hi]mma\.m(\d+)n(\d+)k(\d+)/.exec(op) ?? [];
  return m ? (m * n * k) / 32 : /^hfma2/.test(op) ? 2 : 1;
}
function nakClass(op, left) {
  if (/^[hi]mma/.test(op)) return 'mma';
  if (/^ldsm/.test(op)) return 'lds';
  if (/^(ffma|hfma2)/.test(op)) return 'fma';
  if (/^ld\.shared|^lds/.test(op)) return 'lds';
  if (/^st\.shared|^sts/.test(op)) return 'ldst';
  if (/^(ld|st)\.local/.test(op)) return 'spill';
  if (/^(ld\.|ldg|tld|tex|suld|ldc\.bindless)/.test(op)) return 'vmem';
  if (/^(st\.|stg|sust)/.test(op)) return 'vmst';
  if (/^ur|^up/.test(left) && !/^bra/.test(op)) return 'sca';
  if (/^(mov|prmt|sel|s2r|r2ur|shfl|cs2r|parcopy)/.test(op)) return 'mov';
  if (/^(f2f|i2f|f2i|f2fp|unpack|hadd2.*f32)/.test(op)) return 'cvt';
  if (/^(fadd|fmul|fmnmx|fsetp|fset|hadd2|hmul2|hmnmx2|mufu|hset|fswz)/.test(op)) return 'flt';
  if (/^(bra|bssy|bsync|break|brk|exit|bclear|warpsync|bmov)/.test(op)) return 'ctl';
  if (/^(nop|bar|membar|ccctl|depbar)/.test(op)) return 'wait';
  return 'int';
}

// --- Apple, AGX by Asahi ---
function agx(lines) {
  const program = [];
  let seen = false,
    stats = {};
  for (const line of lines) {
    const shader = /^CS shader: (.*)$/.exec(line);
    if (shader) {
      const get = pattern => number(shader[1], pattern);
      stats = {
        regs: get(/(\d+) gprs/),
        halves: true,
        spills: get(/(\d+):\d+ spills/) + get(/:(\d+) spills?:fills/),
        scratch: get(/(\d+) scratch/),
        waves: get(/(\d+) threads/),
        instrs: get(/(\d+) instrs/),
        code: get(/(\d+) code size/),
        latency: null,
      };
      const pair = /(\d+):(\d+) spills:fills/.exec(shader[1]);
      stats.spills = pair ? Number(pair[1]) + Number(pair[2]) : null;
    }
    const made = /^ *([0-9a-f]+): ([0-9a-f]+) +(\S+)\s*(.*)$/.exec(line);
    if (!made || seen) continue;
    const [, at, , op, rest] = made;
    const address = parseInt(at, 16);
    const item = { op, text: `${op} ${rest.trim()}`.replace(/\s+/g, ' '), class: agxClass(op), weight: 1, label: `A${address}` };
    if (/^jmp/.test(op)) {
      const by = Number(rest.trim().split(/[ ,]/)[0]);
      item.target = `A${address + by}`;
    }
    program.push(item);
    if (op === 'stop') seen = true;
  }
  stats.lds = number(lines.join('\n'), /^shared_size: (\d+)/m);
  return { program, stats };
}
function agxClass(op) {
  if (/^(ffma|hfma)/.test(op)) return 'fma';
  if (/^lload/.test(op)) return 'lds';
  if (/^lstore/.test(op)) return 'ldst';
  if (/^stack_/.test(op)) return 'spill';
  if (/^(load|texture|image_load|uniform_load)/.test(op)) return 'vmem';
  if (/^(store|image_write)/.test(op)) return 'vmst';
  if (/^(mov|xor|ldimm|get_sr)/.test(op)) return 'mov';
  if (/(_to_)/.test(op)) return 'cvt';
  if (/^(fadd|fmul|fmax|fmin|hadd|hmul|rcp|exp2|log2|rsqrt|floor|fcmp)/.test(op)) return 'flt';
  if (/^(jmp|if|else|while|pop_exec|push_exec|stop|stack_adjust|begin|end|break)/.test(op)) return 'ctl';
  if (/^(wait|barrier|threadgroup|memory|signal|no_varyings)/.test(op)) return 'wait';
  return 'int';
}

// --- Qualcomm, ir3 ---
function ir3(lines) {
  const program = [];
  let label = null;
  const text = lines.map(line => line.replace(/^MESA: info: ?/, ''));
  for (const line of text) {
    const named = /^(l\d+):/.exec(line);
    if (named) {
      label = named[1];
      continue;
    }
    const body = line.replace(/^(\s*\((?:ss|sy|jp|eq|ei|rpt\d|nop\d|ul|sat|r|last|eolm|eogm)\))+\s*/g, '');
    const made = /^\s*([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*)(\s.*|)$/.exec(body);
    if (
      !made ||
      /^(block|impl|con|div|decl_|shader|name|internal|max_|min_|source|outputs|inputs|workgroup|num_|shared|system|bit_sizes|writes|flrp)/.test(
        made[1],
      )
    )
      continue;
    if (!/^\s*(\(|[a-z][a-z0-9_.]*( |$))/.test(line)) continue;
    const repeat = /\(rpt(\d)\)/.exec(line),
      nops = /\(nop(\d)\)/.exec(line);
    const target = /#(l\d+)/.exec(line)?.[1];
    const op = made[1];
    const kind = ir3Class(op);
    if (!kind) continue;
    program.push({
      op,
      text: line.trim(),
      class: kind,
      weight: 1,
      count: 1 + Number(repeat?.[1] ?? 0),
      nops: Number(nops?.[1] ?? 0),
      label,
      target,
    });
    label = null;
  }
  const all = text.join('\n');
  const stats = {
    regs: number(all, /(\d+) full/),
    waves: number(all, /(\d+) max_waves/),
    instrs: number(all, /: (\d+) instr/),
    code: number(all, /(\d+) dwords/) * 4,
    spills: null,
    lds: number(all, /^shared_size: (\d+)/m),
    nops: number(all, /(\d+) nops/),
  };
  return { program, stats };
}
function ir3Class(op) {
  if (/^(mad\.f|sel|sad|mad|madsh)/.test(op)) return /^mad\.f/.test(op) ? 'fma' : 'int';
  if (/^(ldl|ldlw)/.test(op)) return 'lds';
  if (/^(stl|stlw)/.test(op)) return 'ldst';
  if (/^(ldp|stp)/.test(op)) return 'spill';
  if (/^(isam|sam|ldib|ldg|resinfo|ldc)/.test(op)) return 'vmem';
  if (/^(stib|stg)/.test(op)) return 'vmst';
  if (/^mova?\.|^mov/.test(op)) return 'mov';
  if (/^cov/.test(op)) return 'cvt';
  if (/^(add|mul|max|min|cmps|abs|sign|rcp|floor|ceil|rndne|trunc|exp2|log2|rsq)\.f/.test(op) || /^rcp|^exp2/.test(op))
    return 'flt';
  if (/^(br|jump|bra|bany|ball|shps|shpe|pred|end|kill|getone)/.test(op)) return 'ctl';
  if (/^(nop|bar|fence)/.test(op)) return 'wait';
  if (
    /\.(u|s|b|u16|u24|s24|x16|m16|x8)/.test(op) ||
    /^(shl|shr|and|or|xor|not|add|sub|mul|cmps|min|max|ashr|mull|mgen|getbit)/.test(op)
  )
    return 'int';
  return null;
}

/** Basic blocks: first and last instruction, and the blocks that may follow. */
function blocksOf(program) {
  const at = new Map();
  program.forEach(({ label }, index) => {
    if (label && !at.has(label)) at.set(label, index);
  });
  const jumps = ({ target, targets }) =>
    (targets ?? (target ? [target] : [])).map(name => at.get(name)).filter(to => to !== undefined);
  const starts = new Set([0]);
  program.forEach((each, index) => {
    const to = jumps(each);
    for (const first of to) starts.add(first);
    if ((to.length || each.class === 'ctl') && index + 1 < program.length) starts.add(index + 1);
  });
  const firsts = [...starts].sort((a, b) => a - b);
  const number = new Map(firsts.map((first, block) => [first, block]));
  return firsts.map((first, block) => {
    const last = (firsts[block + 1] ?? program.length) - 1;
    const end = program[last];
    const next = jumps(end).map(to => number.get(to));
    // A list of targets is complete; a single target leaves the way on, unless the jump is certain.
    const falls = !end.targets && !/^(s_branch|s_endpgm|jump|stop|end|exit)$/.test(end.op);
    if (falls && block + 1 < firsts.length) next.push(block + 1);
    return { first, last, next: [...new Set(next)] };
  });
}

/** Natural loops of a program: those that share a head are one. */
export function loops(program) {
  const blocks = blocksOf(program);
  const before = blocks.map(() => []);
  for (const [block, { next }] of blocks.entries()) for (const to of next) before[to].push(block);
  // Dominators, by iteration over sets.
  const everything = new Set(blocks.keys());
  const over = blocks.map((_, block) => (block === 0 ? new Set([0]) : new Set(everything)));
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = 1; block < blocks.length; block++) {
      const from = before[block];
      if (!from.length) continue;
      const common = new Set([...over[from[0]]].filter(each => from.every(other => over[other].has(each))));
      common.add(block);
      if (common.size !== over[block].size) {
        over[block] = common;
        changed = true;
      }
    }
  }
  const bodies = new Map();
  blocks.forEach(({ next }, block) => {
    next.forEach(head => {
      if (!over[block].has(head)) return;
      const body = bodies.get(head) ?? new Set([head]);
      const rest = [block];
      while (rest.length) {
        const each = rest.pop();
        if (!body.has(each)) {
          body.add(each);
          rest.push(...before[each]);
        }
      }
      bodies.set(head, body);
    });
  });
  const all = [...bodies].map(([head, body]) => ({
    head,
    body,
    from: blocks[head].first,
    counts: count([...body].sort((a, b) => a - b).flatMap(block => program.slice(blocks[block].first, blocks[block].last + 1))),
    part: [...body].sort((a, b) => a - b).flatMap(block => program.slice(blocks[block].first, blocks[block].last + 1)),
  }));
  for (const loop of all) {
    const within = (a, b) => a !== b && a.body.size < b.body.size && [...a.body].every(block => b.body.has(block));
    loop.inner = all.filter(each => within(each, loop));
    loop.depth = all.filter(each => within(loop, each)).length + 1;
  }
  return all.sort((a, b) => a.from - b.from);
}

export function count(part) {
  const counts = Object.fromEntries(CLASSES.map(name => [name, 0]));
  let all = 0,
    nops = 0,
    products = 0;
  for (const { class: kind, weight, count = 1, nops: n = 0 } of part) {
    counts[kind] += kind === 'fma' ? weight * count : count;
    if (kind === 'fma' || kind === 'mma') products += weight * count;
    all += count;
    nops += n;
  }
  return { ...counts, all, nops, products };
}

/** The deepest loop that multiplies in earnest, of several the one with most multiply-adds. */
export function hot(program) {
  const every = loops(program);
  // Where matrices are multiplied, the loop that does it.
  const all = every.some(({ counts }) => counts.mma > 0) ? every.filter(({ counts }) => counts.mma > 0) : every;
  const most = Math.max(0, ...all.map(({ counts }) => counts.products));
  const earnest = all.filter(
    ({ counts, inner }) =>
      counts.products >= Math.min(64, most) && counts.products > 0 && !inner.some(each => each.counts.products >= 64),
  );
  if (!earnest.length) return null;
  return earnest.reduce((best, each) =>
    each.depth > best.depth || (each.depth === best.depth && each.counts.products > best.counts.products) ? each : best,
  );
}

/** NVIDIA, as nvdisasm -c prints a cubin: for hand translations. */
export function sass(text) {
  const program = [];
  let label = null;
  for (const line of text.split('\n')) {
    const named = /^(\.L_x?_?\d+):/.exec(line);
    if (named) {
      label = named[1];
      continue;
    }
    const made = /^\s+\/\*[0-9a-f]+\*\/\s+(@!?U?P\d+ )?\s*([A-Z][A-Z0-9_.]*)\s*([^;]*);/.exec(line);
    if (!made) continue;
    const [, , op, rest] = made;
    const target = /^(BRA|BREAK)/.test(op) ? /\((\.L_x?_?\d+)\)/.exec(rest)?.[1] : undefined;
    program.push({
      op: made[1] ? `@${op}` : op,
      text: `${op} ${rest.trim()}`,
      class: sassClass(op, rest),
      weight: /^HFMA2/.test(op) && !/-RZ|RZ, RZ/.test(rest) ? 2 : 1,
      label,
      target,
    });
    label = null;
    if (/^(EXIT|BRA)$/.test(op) && !made[1]) program.at(-1).op = op === 'EXIT' ? 'exit' : 'jump';
  }
  return program;
}
function sassClass(op, rest) {
  if (/^FFMA/.test(op)) return 'fma';
  if (/^HFMA2/.test(op)) return /-RZ/.test(rest) ? 'mov' : 'fma';
  if (/^LDS/.test(op)) return 'lds';
  if (/^STS/.test(op)) return 'ldst';
  if (/^(LDL|STL)/.test(op)) return 'spill';
  if (/^(LDG|LD\b|TEX|TLD|SULD)/.test(op)) return 'vmem';
  if (/^(STG|ST\b|SUST)/.test(op)) return 'vmst';
  if (/^(U[A-Z0-9]+|R2UR|S2UR|ULDC)/.test(op)) return 'sca';
  if (/^(MOV|CS2R|S2R|SEL|PRMT|LDC|R2P|P2R)/.test(op) || /^IMAD\.MOV/.test(op)) return 'mov';
  if (/^(I2F|F2I|F2F|HADD2\.F32|F2FP|I2FP)/.test(op)) return 'cvt';
  if (/^(FADD|FMUL|FMNMX|FSETP|FSEL|MUFU|HADD2|HMUL2|HMNMX2)/.test(op)) return 'flt';
  if (/^(BRA|BSSY|BSYNC|EXIT|BREAK|WARPSYNC|CALL|RET)/.test(op)) return 'ctl';
  if (/^(NOP|BAR|DEPBAR|MEMBAR|ERRBAR)/.test(op)) return 'wait';
  return 'int';
}
