// A small ray tracer: three mirroring balls on a checkered floor, seen by a camera that goes round them.
//
// The item: "WIDTHxHEIGHT ANGLE", the angle of the camera in radians. The result: the frame as a PPM image, that is
// three lines of text and then three bytes for each pixel. Such an image says itself how long it is, so that whoever
// reads `--binary-output` knows where the next one begins.
const SKY = [0.55, 0.7, 0.95]
const LIGHT = unit([-0.5, 0.8, -0.35]) // where the sun is
const BALLS = [
  { centre: [0, 1, 0], radius: 1, color: [0.9, 0.25, 0.2], mirror: 0.25 },
  { centre: [-1.7, 0.6, 0.9], radius: 0.6, color: [0.25, 0.75, 0.3], mirror: 0.15 },
  { centre: [1.2, 0.45, 1.5], radius: 0.45, color: [0.25, 0.35, 0.9], mirror: 0.5 }
]
const MOST_MIRRORS = 3

function add (a, b) { return [a[0] + b[0], a[1] + b[1], a[2] + b[2]] }
function scale (a, k) { return [a[0] * k, a[1] * k, a[2] * k] }
function sub (a, b) { return add(a, scale(b, -1)) }
function dot (a, b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] }
function unit (a) { return scale(a, 1 / Math.sqrt(dot(a, a))) }
function cross (a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

// What a ray meets first: { distance, point, normal, color, mirror }, or null for the sky.
function meet (from, direction) {
  let nearest = Infinity
  let ball = null
  for (const each of BALLS) {
    // |from + t * direction - centre| = radius, for the smaller t.
    const toCentre = sub(each.centre, from)
    const along = dot(toCentre, direction)
    const inside = each.radius * each.radius - dot(toCentre, toCentre) + along * along
    if (inside < 0) continue
    const t = along - Math.sqrt(inside)
    // Not the ball that the ray starts from: rounding puts its start a little beneath the surface.
    if (t > 1e-6 && t < nearest) {
      nearest = t
      ball = each
    }
  }
  const floor = direction[1] < 0 ? -from[1] / direction[1] : Infinity
  if (floor > 1e-6 && floor < nearest) {
    const point = add(from, scale(direction, floor))
    const dark = (Math.floor(point[0]) + Math.floor(point[2])) % 2 !== 0
    const color = dark ? [0.25, 0.25, 0.3] : [0.85, 0.85, 0.8]
    return { distance: floor, point, normal: [0, 1, 0], color, mirror: 0.1 }
  }
  if (ball === null) return null
  const point = add(from, scale(direction, nearest))
  return { distance: nearest, point, normal: unit(sub(point, ball.centre)), color: ball.color, mirror: ball.mirror }
}

function colorOf (from, direction, mirrors) {
  const hit = meet(from, direction)
  if (hit === null) return add(SKY, scale([0.3, 0.2, 0], -Math.max(0, direction[1])))
  const lit = Math.max(0, dot(hit.normal, LIGHT))
  const bright = 0.25 + 0.75 * (lit > 0 && meet(hit.point, LIGHT) === null ? lit : 0)
  let color = scale(hit.color, bright)
  if (mirrors < MOST_MIRRORS) {
    const bounced = sub(direction, scale(hit.normal, 2 * dot(direction, hit.normal)))
    color = add(scale(color, 1 - hit.mirror), scale(colorOf(hit.point, bounced, mirrors + 1), hit.mirror))
  }
  // Far away the floor fades into the sky: otherwise its squares, smaller than pixels there, flicker.
  const haze = 1 - Math.exp(-hit.distance / 40)
  return add(scale(color, 1 - haze), scale(SKY, haze))
}

function render (width, height, angle) {
  const eye = [6 * Math.sin(angle), 2.4, 6 * Math.cos(angle)]
  const ahead = unit(sub([0, 0.7, 0], eye))
  const right = unit(cross(ahead, [0, 1, 0]))
  const up = cross(right, ahead)
  const head = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`)
  const image = new Uint8Array(head.length + 3 * width * height)
  image.set(head)
  let at = head.length
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const across = (2 * (x + 0.5) - width) / height * 0.5
      const upward = (height - 2 * (y + 0.5)) / height * 0.5
      const direction = unit(add(ahead, add(scale(right, across), scale(up, upward))))
      for (const part of colorOf(eye, direction, 0)) image[at++] = Math.round(255 * Math.min(1, Math.max(0, part)))
    }
  }
  return image
}

// A function of one parameter returns its result; bytes are a result like any other.
module.exports = (item) => {
  const parts = /^(\d+)x(\d+) (\S+)$/.exec(item)
  if (parts === null || Number.isNaN(Number(parts[3]))) throw new Error('not a frame: ' + item)
  return render(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}
