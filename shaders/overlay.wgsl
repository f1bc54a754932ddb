// A class map over its picture: the chosen classes tinted and outlined, or standing before a background. A lane makes a pixel.
// use lib/lane.wgsl
// use lib/picture.wgsl

// What is behind the chosen classes: the picture itself, a colour, or another picture that covers the frame.
override BACKGROUND: u32 = 0u;
override MATTE: bool = false;  // `classes` are bytes of a matte: how much of class 1 stands before the background

struct Params {
  height: u32,
  width: u32,
  reach: u32,  // pixels from a chosen pixel to one of another class at which it belongs to the outline; 0: no outline
  opacity: f32,
  own_outline: u32,  // 1: outlines have their class's colour
  outline: vec4f,
  background: vec4f,  // alpha apart
}
@group(0) @binding(1) var frame: texture_2d<f32>;
@group(0) @binding(2) var classes: texture_2d<u32>;
@group(0) @binding(3) var behind: texture_2d<f32>;
@group(0) @binding(4) var<storage, read> palette: array<vec4f>;  // alpha 1: chosen
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

// The class of a pixel, of the nearest one outside the picture; 256 for all that are not chosen.
fn key(row: i32, column: i32) -> u32 {
  let inside = clamp(vec2i(column, row), vec2i(0), vec2i(i32(params.width) - 1, i32(params.height) - 1));
  let index = textureLoad(classes, inside, 0).r;
  return select(256u, index, palette[index].a > 0.0);
}

fn outlined(row: i32, column: i32, own: u32) -> bool {
  let reach = i32(params.reach);
  for (var v = row - reach; v <= row + reach; v += 1) {
    for (var u = column - reach; u <= column + reach; u += 1) {
      if (key(v, u) != own) { return true; }
    }
  }
  return false;
}

// Bilinear, clamped at the border; the picture is scaled until it covers the frame, and centred.
fn covering(row: u32, column: u32) -> vec4f {
  let size = vec2f(textureDimensions(behind));
  let frame_size = vec2f(f32(params.width), f32(params.height));
  let scale = max(frame_size.x / size.x, frame_size.y / size.y);
  let at = (vec2f(f32(column), f32(row)) + 0.5 - frame_size * 0.5) / scale + size * 0.5 - 0.5;
  let low = floor(at);
  let t = at - low;
  let last = vec2i(size) - 1;
  let first = clamp(vec2i(low), vec2i(0), last);
  let next = clamp(vec2i(low) + 1, vec2i(0), last);
  let upper = mix(textureLoad(behind, first, 0), textureLoad(behind, vec2i(next.x, first.y), 0), t.x);
  let lower = mix(textureLoad(behind, vec2i(first.x, next.y), 0), textureLoad(behind, next, 0), t.x);
  return mix(upper, lower, t.y);
}

// What is behind, its alpha multiplied in.
fn background(row: u32, column: u32, picture: vec4f) -> vec4f {
  if (BACKGROUND == 1u) { return vec4f(params.background.rgb * params.background.a, params.background.a); }
  if (BACKGROUND == 2u) { return vec4f(covering(row, column).rgb, 1.0); }
  return picture;
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let row = lane / params.width;
  let column = lane - row * params.width;
  if (row >= params.height) { return; }
  var pixel = vec4f(textureLoad(frame, vec2u(column, row), 0).rgb, 1.0);
  if (MATTE) {
    let share = f32(textureLoad(classes, vec2u(column, row), 0).r) / 255.0;
    let tinted = vec4f(mix(pixel.rgb, palette[1].rgb, params.opacity), 1.0);
    put(row, column, mix(background(row, column, pixel), tinted, share));
    return;
  }
  let own = key(i32(row), i32(column));
  let chosen = own < 256u;
  let colour = palette[min(own, 255u)].rgb;
  if (chosen) {
    let line = params.reach > 0u && outlined(i32(row), i32(column), own);
    let tinted = vec4f(mix(pixel.rgb, colour, params.opacity), 1.0);
    let edge = vec4f(select(params.outline.rgb, colour, params.own_outline == 1u), 1.0);
    pixel = select(tinted, edge, line);
  } else {
    pixel = background(row, column, pixel);
  }
  put(row, column, pixel);
}
