// What the forms of Winograd's convolution share (conv.winograd.wgsl says how it goes): where a lane's tiles lie, their transform and the way back.
override POOL: bool = false;  // 2×2 maximum, stride 2, behind the activation; sizes rounded up: each tile is a window

// Four tiles beside each other: 2 × 8 pixels, made of 4 × 10 of the input, of which the lane loads a row.
struct Segment {
  row: u32,     // of the upper pixels
  stored: u32,  // of those that the lane stores
  column: u32,
  last: u32,    // column of the lattice
  even: Pixels, // input columns 0, 2, 4, 6
  odd: Pixels,  // 1, 3, 5, 7
  end: Pixels,  // 8, 9
}
fn segment_pixels(v: i32, first: i32, step: i32) -> Pixels {
  let row = clamp(v, 0, i32(params.x_height) - 1);
  let pixels = row_pixels(u32(row), first, step);
  return Pixels(pixels.at, pixels.inside * select(0.0, 1.0, v == row));
}
// Segments are numbered along the rows of tiles, first of one lattice and then of the lattice beside it. What is beyond the end, or the end
// of a lattice that is smaller than others, is the last segment again.
fn segment(number: u32, own: u32) -> Segment {
  let apart = params.dilation;
  let lattices = min(vec2u(apart), vec2u(params.full_height, params.full_width));
  let rows = ((params.full_height + apart - 1u) / apart + 1u) / 2u;
  let at = min(number, lattices.x * rows * lattices.y * params.across - 1u);
  let line = at / params.across;
  let tiles = line / lattices.y;
  let down = tiles / rows;
  let right = line - tiles * lattices.y;
  let last = (vec2u(params.full_height, params.full_width) - 1u - vec2u(down, right)) / apart;
  let row = down + min(tiles - down * rows, last.x / 2u) * 2u * apart;
  let column = right + min(at - line * params.across, last.y / 8u) * 8u * apart;
  let lower = ((own & 1u) == 1u) & (row + apart < params.full_height);
  let step = i32(apart);
  let v = i32(row + own * apart) - i32(params.pad);
  let u = i32(column) - i32(params.pad);
  return Segment(row, select(row, row + apart, lower), column, right + last.y * apart,
                 segment_pixels(v, u, 2 * step), segment_pixels(v, u + step, 2 * step), segment_pixels(v, u + 8 * step, step));
}

// The lane's row of the transformed tiles: rows 0 - 2, 1 + 2, 2 - 1, 3 - 1 of the input.
fn combined(v: vec4f, own: u32) -> vec4f {
  let outer = (own == 0u) | (own == 3u);
  return v + select(quadSwapDiagonal(v), quadSwapY(v), outer) * select(-1.0, 1.0, own == 1u);
}
fn combined4(m: mat4x4f, own: u32) -> mat4x4f {
  return mat4x4f(combined(m[0], own), combined(m[1], own), combined(m[2], own), combined(m[3], own));
}
// Then the same along the columns. A field holds one column of the transformed tiles: a quad of channels of four tiles.
fn transformed(s: Segment, quad: u32, own: u32) -> Strip {
  let even = combined4(load_pixels(s.even, quad), own);
  let odd = combined4(load_pixels(s.odd, quad), own);
  let column8 = combined(decode(x[s.end.at.x + quad]) * s.end.inside.x, own);
  let column9 = combined(decode(x[s.end.at.y + quad]) * s.end.inside.y, own);
  let next_even = mat4x4f(even[1], even[2], even[3], column8);
  let next_odd = mat4x4f(odd[1], odd[2], odd[3], column9);
  return Strip(even - next_even, odd + next_even, next_even - odd, next_odd - odd);
}

// Back again, products → pixels: 0 + 1 + 2 and 1 - 2 + 3 of four, first along the columns.
fn strip_sum(a: Strip, b: Strip, sign: f32) -> Strip { return Strip(a.a + b.a * sign, a.b + b.b * sign, a.c + b.c * sign, a.d + b.d * sign); }
fn wide_sum(a: Wide, b: Wide, sign: f32) -> Wide { return Wide(strip_sum(a.even, b.even, sign), strip_sum(a.odd, b.odd, sign)); }
// Then the rows, which lie in the four lanes: two gather the upper and the lower pixels of the even quad, two of the odd one.
fn gathered(s: Segment, even: mat4x4f, odd: mat4x4f, own: u32) -> mat4x4f {
  let lanes = vec4u(own) ^ vec4u(0u, 1u, 2u, 3u);
  let upper = select(vec4f(1.0), vec4f(), lanes == vec4u(3u));
  let lower = select(select(vec4f(1.0), vec4f(), lanes == vec4u(0u)), vec4f(-1.0), lanes == vec4u(2u));
  let factor = select(upper, lower, s.stored > s.row);
  let mine = either(even, odd, own >= 2u);
  let other = either(odd, even, own >= 2u);
  return mine * factor.x + turned_x(mine) * factor.y + turned_y(other) * factor.z + turned_xy(other) * factor.w;
}

// From right to left: what is beyond the lattice goes to its last pixel, before that one's own value.
fn store8(s: Segment, quad: u32, left: mat4x4f, right: mat4x4f) {
  let even = min(vec4u(s.column) + vec4u(0u, 2u, 4u, 6u) * params.dilation, vec4u(s.last));
  let odd = min(vec4u(s.column) + vec4u(1u, 3u, 5u, 7u) * params.dilation, vec4u(s.last));
  store(s.stored, odd.w, quad, right[3]);
  store(s.stored, even.w, quad, left[3]);
  store(s.stored, odd.z, quad, right[2]);
  store(s.stored, even.z, quad, left[2]);
  store(s.stored, odd.y, quad, right[1]);
  store(s.stored, even.y, quad, left[1]);
  store(s.stored, odd.x, quad, right[0]);
  store(s.stored, even.x, quad, left[0]);
}
// Of each window the pixels that exist. Two lanes make the same maxima.
fn pooled(s: Segment, left: mat4x4f, right: mat4x4f) -> mat4x4f {
  let columns = vec4u(s.column) + vec4u(1u, 3u, 5u, 7u);
  let there = columns == min(columns, vec4u(s.last));
  let m = mat4x4f(max(left[0], select(left[0], right[0], there.x)), max(left[1], select(left[1], right[1], there.y)),
                  max(left[2], select(left[2], right[2], there.z)), max(left[3], select(left[3], right[3], there.w)));
  let n = turned_x(m);
  return mat4x4f(max(m[0], n[0]), max(m[1], n[1]), max(m[2], n[2]), max(m[3], n[3]));
}
fn store4(s: Segment, quad: u32, maxima: mat4x4f) {
  let at = min(vec4u(s.column / 2u) + vec4u(0u, 1u, 2u, 3u), vec4u(params.width - 1u));
  store(s.row / 2u, at.w, quad, maxima[3]);
  store(s.row / 2u, at.z, quad, maxima[2]);
  store(s.row / 2u, at.y, quad, maxima[1]);
  store(s.row / 2u, at.x, quad, maxima[0]);
}

// Products → pixels of four segments, stored.
fn finish(s0: Segment, s1: Segment, s2: Segment, s3: Segment, pair: u32, own: u32, p0: Wide, p1: Wide, p2: Wide, p3: Wide) {
  let left = wide_sum(wide_sum(p0, p1, 1.0), p2, 1.0);
  let right = wide_sum(wide_sum(p1, p2, -1.0), p3, 1.0);
  let l0 = gathered(s0, left.even.a, left.odd.a, own);
  let r0 = gathered(s0, right.even.a, right.odd.a, own);
  let l1 = gathered(s1, left.even.b, left.odd.b, own);
  let r1 = gathered(s1, right.even.b, right.odd.b, own);
  let l2 = gathered(s2, left.even.c, left.odd.c, own);
  let r2 = gathered(s2, right.even.c, right.odd.c, own);
  let l3 = gathered(s3, left.even.d, left.odd.d, own);
  let r3 = gathered(s3, right.even.d, right.odd.d, own);
  let quad = pair * 2u + own / 2u;
  // No early return: in a function it makes a pooled step take SwiftShader 5 % longer.
  let there = quad < params.y_quads;
  if (POOL) {
    let m0 = pooled(s0, l0, r0);
    let m1 = pooled(s1, l1, r1);
    let m2 = pooled(s2, l2, r2);
    let m3 = pooled(s3, l3, r3);
    if (there) {
      store4(s0, quad, m0);
      store4(s1, quad, m1);
      store4(s2, quad, m2);
      store4(s3, quad, m3);
    }
  } else if (there) {
    store8(s0, quad, l0, r0);
    store8(s1, quad, l1, r1);
    store8(s2, quad, l2, r2);
    store8(s3, quad, l3, r3);
  }
}
