// The tile of the rows for CPU adapters: 16 pixels × 8 channels a lane. There a lane's loads cost more than its multiply-adds, for each is
// made of tests and scalar loads; so the four lanes of a quad make the same pixels, each for channels of its own. A lane loads one of four
// quads of input channels and hands it round: after quadSwapX, Y and Diagonal each has seen all four, in an order of its own in which its
// weights are packed. A load then serves 128 multiply-adds in place of 32.
struct Strip {
  a: mat4x4f,  // a quad of channels of four pixels each
  b: mat4x4f,
  c: mat4x4f,
  d: mat4x4f,
}
fn turned_x(m: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapX(m[0]), quadSwapX(m[1]), quadSwapX(m[2]), quadSwapX(m[3])); }
fn turned_y(m: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapY(m[0]), quadSwapY(m[1]), quadSwapY(m[2]), quadSwapY(m[3])); }
fn turned_xy(m: mat4x4f) -> mat4x4f {
  return mat4x4f(quadSwapDiagonal(m[0]), quadSwapDiagonal(m[1]), quadSwapDiagonal(m[2]), quadSwapDiagonal(m[3]));
}
fn either(no: mat4x4f, yes: mat4x4f, which: bool) -> mat4x4f {
  return mat4x4f(select(no[0], yes[0], which), select(no[1], yes[1], which), select(no[2], yes[2], which), select(no[3], yes[3], which));
}
fn strip_x(s: Strip) -> Strip { return Strip(turned_x(s.a), turned_x(s.b), turned_x(s.c), turned_x(s.d)); }
fn strip_y(s: Strip) -> Strip { return Strip(turned_y(s.a), turned_y(s.b), turned_y(s.c), turned_y(s.d)); }
fn strip_xy(s: Strip) -> Strip { return Strip(turned_xy(s.a), turned_xy(s.b), turned_xy(s.c), turned_xy(s.d)); }

struct Wide {
  even: Strip,
  odd: Strip,
}
// The next four pixels' sums first. What a tile ends in is a loop over them: written out 32 times it was most of a program, and of its compilation.
fn wide_turned(w: Wide) -> Wide {
  return Wide(Strip(w.even.b, w.even.c, w.even.d, w.odd.a), Strip(w.odd.b, w.odd.c, w.odd.d, w.even.a));
}
fn wide_biased(start: u32, quad: u32) -> Wide {
  let even = bias(start, quad);
  let odd = bias(start, quad + 1u);
  let evens = mat4x4f(even, even, even, even);
  let odds = mat4x4f(odd, odd, odd, odd);
  return Wide(Strip(evens, evens, evens, evens), Strip(odds, odds, odds, odds));
}
fn add4(sums: mat4x4f, w: mat4x4f, m: mat4x4f) -> mat4x4f {
  return mat4x4f(sums[0] + w * m[0], sums[1] + w * m[1], sums[2] + w * m[2], sums[3] + w * m[3]);
}
fn add16(sums: Strip, w: mat4x4f, x: Strip) -> Strip {
  return Strip(add4(sums.a, w, x.a), add4(sums.b, w, x.b), add4(sums.c, w, x.c), add4(sums.d, w, x.d));
}
fn wide_step(sums: Wide, at: u32, x: Strip) -> Wide {
  return Wide(add16(sums.even, weight_block(at), x), add16(sums.odd, weight_block(at + 4u), x));
}
// The tile with sixteen more input channels, four of them in `x`.
fn wide_accumulate(sums: Wide, at: u32, x: Strip) -> Wide {
  let one = wide_step(sums, at, x);
  let two = wide_step(one, at + 8u, strip_x(x));
  let three = wide_step(two, at + 16u, strip_y(x));
  return wide_step(three, at + 24u, strip_xy(x));
}
