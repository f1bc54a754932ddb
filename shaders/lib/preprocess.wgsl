// What `preprocess` makes of a picture, which it reads through `colour_at`: normalised channels, a fourth one zero. RESIZE filters with a triangle
// as wide as the shrinking factor (what PIL and torchvision call antialiased bilinear); without it a lane copies one pixel.
override RESIZE: bool = false;
override BGR: bool = false;

struct Params {
  height: u32,  // of the network's input, in pixels
  width: u32,
  frame_height: u32,
  frame_width: u32,
  y_stride: u32,  // channel quads a pixel
  scale: vec4f,   // 1 / std, and mean / std, of values in [0, 1]; red first
  shift: vec4f,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> y: array<stored>;

struct Window {
  first: i32,
  last: i32,  // exclusive
  centre: f32,
  support: f32,
}

fn window(index: u32, source_size: u32, size: u32) -> Window {
  let scale = f32(source_size) / f32(size);
  let support = max(scale, 1.0);
  let centre = (f32(index) + 0.5) * scale;
  return Window(max(i32(floor(centre - support + 0.5)), 0), min(i32(floor(centre + support + 0.5)), i32(source_size)), centre, support);
}

fn weight(w: Window, index: i32) -> f32 { return max(1.0 - abs(f32(index) + 0.5 - w.centre) / w.support, 0.0); }

fn resized(row: u32, column: u32) -> vec4f {
  let v = window(row, params.frame_height, params.height);
  let u = window(column, params.frame_width, params.width);
  var sum = vec4f();
  var total = 0.0;
  for (var i = v.first; i < v.last; i += 1) {
    for (var j = u.first; j < u.last; j += 1) {
      let w = weight(v, i) * weight(u, j);
      sum += w * colour_at(j, i);
      total += w;
    }
  }
  return sum / total;
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = lane_of(id, groups);
  let row = lane / params.width;
  let column = lane - row * params.width;
  if (row >= params.height) { return; }
  var colour: vec4f;
  if (RESIZE) { colour = resized(row, column); } else { colour = colour_at(i32(column), i32(row)); }
  colour = colour * params.scale - params.shift;
  y[lane * params.y_stride] = encode(vec4f(select(colour.rgb, colour.bgr, BGR), 0.0));
}
