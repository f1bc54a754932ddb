// What the forms of `pointwise` share that can add an upsampled map on top.
override ADDEND: bool = false;

fn upsampled(pixel: u32, quad: u32) -> vec4f {
  let row = pixel / params.width;
  let v = tap(row, params.addend_height, params.height);
  let u = tap(pixel - row * params.width, params.addend_width, params.width);
  let upper = mix(decode(addend[(v.low * params.addend_width + u.low) * params.addend_stride + quad]),
                  decode(addend[(v.low * params.addend_width + u.high) * params.addend_stride + quad]), u.t);
  let lower = mix(decode(addend[(v.high * params.addend_width + u.low) * params.addend_stride + quad]),
                  decode(addend[(v.high * params.addend_width + u.high) * params.addend_stride + quad]), u.t);
  return mix(upper, lower, v.t);
}

fn finish(pixel: u32, quad: u32, sum: vec4f) {
  if ((pixel >= params.height * params.width) | (quad >= params.y_quads)) { return; }
  var value = finished(pixel, quad, sum);
  if (ADDEND) { value += upsampled(pixel, quad); }
  y[pixel * params.y_stride + params.y_offset + quad] = encode(value);
}
