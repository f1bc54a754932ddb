// `depthwise` for CPU adapters: a lane makes eight pixels of a row, of one channel quad. There loads cost more than multiply-adds: one of weights
// serves eight pixels, and where the pixels lie a dilation apart one of a pixel serves every tap of the row.
// use lib/f32.wgsl
// use lib/lane.wgsl
// use lib/weights.wgsl
// use lib/activation.wgsl
// use lib/depthwise.io.wgsl

override SLIDING: bool = true;  // the stride along a row is 1, a lane's pixels lie a dilation apart; else they are neighbours

struct Eight {
  a: vec4f,
  b: vec4f,
  c: vec4f,
  d: vec4f,
  e: vec4f,
  f: vec4f,
  g: vec4f,
  h: vec4f,
}

// Of a row that begins at `row`, zero beside the map.
fn at(row: u32, column: i32, quad: u32) -> vec4f {
  let inside = clamp(column, 0, i32(params.x_size.y) - 1);
  return operand(row + u32(inside) * params.x_stride, quad) * select(0.0, 1.0, inside == column);
}
fn eight(row: u32, column: i32, step: i32, quad: u32) -> Eight {
  return Eight(at(row, column, quad), at(row, column + step, quad), at(row, column + 2 * step, quad), at(row, column + 3 * step, quad),
               at(row, column + 4 * step, quad), at(row, column + 5 * step, quad), at(row, column + 6 * step, quad), at(row, column + 7 * step, quad));
}
fn add(s: Eight, w: vec4f, v: Eight) -> Eight {
  return Eight(s.a + w * v.a, s.b + w * v.b, s.c + w * v.c, s.d + w * v.d, s.e + w * v.e, s.f + w * v.f, s.g + w * v.g, s.h + w * v.h);
}
fn store(row: u32, column: u32, quad: u32, sum: vec4f) {
  if (column >= params.width) { return; }
  y[(row * params.width + column) * params.y_stride + params.y_offset + quad] = encode(activated(sum, quad, params.quads));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let strip = lane / params.quads;
  let quad = lane - strip * params.quads;
  let apart = select(1u, params.dilations.y, SLIDING);
  let across = (params.width + 8u * apart - 1u) / (8u * apart) * apart;
  let row = strip / across;
  if (row >= params.height) { return; }
  let place = strip - row * across;
  let column = place / apart * 8u * apart + place % apart;
  let top = i32(row * params.strides.x) - i32(params.pads.x);
  let left = i32(column * params.strides.y) - i32(params.pads.y);
  let step = i32(apart * params.strides.y);
  let start = weight(ROWS * COLUMNS * params.quads + quad);
  var sums = Eight(start, start, start, start, start, start, start, start);
  for (var ky = 0u; ky < ROWS; ky += 1u) {
    let v = top + i32(ky * params.dilations.x);
    if (v < 0 || v >= i32(params.x_size.x)) { continue; }
    let begin = u32(v) * params.x_size.y * params.x_stride;
    var values = eight(begin, left, step, quad);
    for (var kx = 0u; kx < COLUMNS; kx += 1u) {
      if (!SLIDING) { values = eight(begin, left + i32(kx * params.dilations.y), step, quad); }
      sums = add(sums, weight((ky * COLUMNS + kx) * params.quads + quad), values);
      if (SLIDING) { values = Eight(values.b, values.c, values.d, values.e, values.f, values.g, values.h, at(begin, left + (8 + i32(kx)) * step, quad)); }
    }
  }
  store(row, column, quad, sums.a);
  store(row, column + apart, quad, sums.b);
  store(row, column + 2u * apart, quad, sums.c);
  store(row, column + 3u * apart, quad, sums.d);
  store(row, column + 4u * apart, quad, sums.e);
  store(row, column + 5u * apart, quad, sums.f);
  store(row, column + 6u * apart, quad, sums.g);
  store(row, column + 7u * apart, quad, sums.h);
}
