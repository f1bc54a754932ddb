// `grouped` for CPU adapters whose subgroups have eight lanes: a subgroup makes four rows of 16 pixels × 16 channels of one group, and a lane is a
// column of either half. So pixels of neighbouring taps are had from other lanes, and each of a block's weights lies in one lane, which hands it to all.
// A strip is what the tiles t, t + workers, … sum up to; strips beyond the workers are zero.
enable subgroups;
// A subgroup's lanes go round the same loops.
diagnostic(off, subgroup_uniformity);
// use lib/f32.wgsl
// use lib/weights.texels.wgsl
// use lib/activation.wgsl
// use lib/tile.wgsl
// use lib/row.wgsl
// use lib/wide.wgsl
// use lib/octet.wgsl
// use lib/grouped.io.wgsl

@group(0) @binding(2) var weights: texture_storage_2d<rgba32float, read>;

override SHIFTED: bool = false;  // stride 1, and a tile is as wide as the map: what lies beside it is padding

// Few lanes a workgroup: there are few in all, and each is long at work.
const LANES = 16u;

// Fields are quads of channels of a column's four rows.
struct Halves {
  left: Strip,
  right: Strip,
}
// A column of four rows, zero outside the map in either direction.
fn column_pixels(rows: vec4i, column: i32) -> Pixels {
  let v = clamp(rows, vec4i(0), vec4i(i32(params.x_height) - 1));
  let u = clamp(column, 0, i32(params.x_width) - 1);
  return Pixels((vec4u(v) * params.x_width + vec4u(u32(u))) * params.x_stride, select(vec4f(), vec4f(rows == v), u == column));
}
// The weights of a quad, which four lanes from `first` on hold, in all lanes.
fn shared4(w: vec4f, first: u32) -> mat4x4f {
  return mat4x4f(subgroupShuffle(w, first), subgroupShuffle(w, first + 1u), subgroupShuffle(w, first + 2u), subgroupShuffle(w, first + 3u));
}
// The sums with four more input channels, quad by quad, so that a quad's weights stay in registers for both halves.
fn halves_step(sums: Halves, ab: vec4f, cd: vec4f, left: mat4x4f, right: mat4x4f, eight: u32) -> Halves {
  let a = shared4(ab, eight);
  let left_a = add4(sums.left.a, a, left);
  let right_a = add4(sums.right.a, a, right);
  let b = shared4(ab, eight + 4u);
  let left_b = add4(sums.left.b, b, left);
  let right_b = add4(sums.right.b, b, right);
  let c = shared4(cd, eight);
  let left_c = add4(sums.left.c, c, left);
  let right_c = add4(sums.right.c, c, right);
  let d = shared4(cd, eight + 4u);
  let left_d = add4(sums.left.d, d, left);
  let right_d = add4(sums.right.d, d, right);
  return Halves(Strip(left_a, left_b, left_c, left_d), Strip(right_a, right_b, right_c, right_d));
}
fn turned(m: mat4x4f) -> mat4x4f { return mat4x4f(m[1], m[2], m[3], m[0]); }
fn turned_rows(s: Strip) -> Strip { return Strip(turned(s.a), turned(s.b), turned(s.c), turned(s.d)); }
fn store16(row: u32, column: u32, quad: u32, sums: Strip) -> mat4x4f {
  return mat4x4f(store(row, column, quad, sums.a[0]), store(row, column, quad + 1u, sums.b[0]),
                 store(row, column, quad + 2u, sums.c[0]), store(row, column, quad + 3u, sums.d[0]));
}
// Of all eight lanes, in each.
fn total(v: vec4f) -> vec4f {
  let two = v + subgroupShuffleXor(v, 1u);
  let four = two + subgroupShuffleXor(two, 2u);
  return four + subgroupShuffleXor(four, 4u);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) invocation: u32) {
  let lane = id.y * groups.x * LANES + id.x;
  let own = lane & 7u;
  // Their first lane, of which compilers don't know that it is 0: by a constant lavapipe shares numbers one by one.
  let eight = invocation & 0xfff8u;
  let sixteens = params.pairs / 2u;
  // The same in all lanes, said so that compilers count with one number in place of eight.
  let unit = subgroupBroadcastFirst(lane / 8u);
  let worker = unit / sixteens;
  let sixteen = unit - worker * sixteens;
  let quad = sixteen * 4u;
  let tiles = (params.height + 3u) / 4u * params.across;
  let workers = min(tiles, params.strips);
  if (worker >= workers) { return; }
  let first_input = quad / GROUP * GROUP;
  let dilation = params.dilations[quad / params.branch_quads];
  let a = bias(params.bias, quad);
  let b = bias(params.bias, quad + 1u);
  let c = bias(params.bias, quad + 2u);
  let d = bias(params.bias, quad + 3u);
  let start = Strip(mat4x4f(a, a, a, a), mat4x4f(b, b, b, b), mat4x4f(c, c, c, c), mat4x4f(d, d, d, d));

  var sum = mat4x4f();
  // With the test at its end, or CPU adapters that mask lanes would go through it once more for none.
  var tile = worker;
  loop {
    let row = tile / params.across * 4u;
    let column = (tile - row / 4u * params.across) * 16u;
    let rows = min(vec4u(row) + vec4u(0u, 1u, 2u, 3u), vec4u(params.height - 1u));
    // Rows of taps of which something lies in the map.
    let top = select(0u, 1u, rows.w * params.stride < dilation);
    let bottom = select(2u, 1u, row * params.stride + dilation >= params.x_height);
    let steps = (bottom - top + 1u) * GROUP;
    var sums = Halves(start, start);
    for (var step = 0u; step < steps; step += 1u) {
      let ky = top + step / GROUP;
      let input = step % GROUP;
      let x_rows = vec4i(rows * params.stride + ky * dilation) - i32(dilation);
      var left_x: mat4x4f;
      var right_x: mat4x4f;
      if (SHIFTED) {
        left_x = load_pixels(column_pixels(x_rows, i32(own)), first_input + input);
        right_x = load_pixels(column_pixels(x_rows, i32(own) + 8), first_input + input);
      }
      for (var kx = 0u; kx < 3u; kx += 1u) {
        let along = i32(kx * dilation) - i32(dilation);
        let at = ((sixteen * 18u + ky * 3u + kx) * GROUP + input) * 8u + own;
        let ab = weight(at);
        let cd = weight(at + GROUP * 72u);
        var left: mat4x4f;
        var right: mat4x4f;
        if (SHIFTED) {
          // This lane is read by the one that makes the column `along` before its own, or that and eight.
          let wanted = i32((own - u32(along)) & 7u) + along;
          let same = wanted == i32(own);
          let source = (own + u32(along)) & 7u;
          left = handed4(either(either(mat4x4f(), right_x, wanted == i32(own) + 8), left_x, same), source);
          right = handed4(either(either(mat4x4f(), left_x, wanted == i32(own) - 8), right_x, same), source);
        } else {
          let first = i32((column + own) * params.stride) + along;
          left = load_pixels(column_pixels(x_rows, first), first_input + input);
          right = load_pixels(column_pixels(x_rows, first + 8 * i32(params.stride)), first_input + input);
        }
        sums = halves_step(sums, ab, cd, left, right, eight);
      }
    }
    let columns = vec2u(column + own) + vec2u(0u, 8u);
    for (var n = 0u; n < 4u; n += 1u) {
      let below = f32(row + n < params.height);
      let y_row = min(row + n, params.height - 1u);
      if (columns.x < params.width) { sum += store16(y_row, columns.x, quad, sums.left) * below; }
      if (columns.y < params.width) { sum += store16(y_row, columns.y, quad, sums.right) * below; }
      sums = Halves(turned_rows(sums.left), turned_rows(sums.right));
    }
    continuing {
      tile += workers;
      break if tile >= tiles;
    }
  }
  if (SQUEEZE) {
    let totals = mat4x4f(total(sum[0]), total(sum[1]), total(sum[2]), total(sum[3]));
    let quads = params.pairs * 2u;
    if (own < 4u) {
      partials[worker * quads + quad + own] = select(select(totals[0], totals[1], own == 1u), select(totals[2], totals[3], own == 3u), own > 1u);
      for (var strip = worker + workers; strip < params.strips; strip += workers) { partials[strip * quads + quad + own] = vec4f(); }
    }
  }
}
