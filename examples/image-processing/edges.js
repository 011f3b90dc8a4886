// Finds the edges in an image: where it changes from one pixel to the next, the result is bright (the Sobel operator).
//
// The item: "NAME BASE64", a PNG file. The result: the same for the file that was made. Items are lines of text, hence
// the base64; the name comes along so that the program behind knows what it gets.
const { PNG } = require('pngjs')

function edges (image) {
  const { width, height, data } = image
  // Red, green and blue as bright as the eye finds them. Whole numbers, so that every device rounds alike.
  const gray = new Uint8Array(width * height)
  for (let i = 0; i < gray.length; i++) {
    gray[i] = Math.floor((299 * data[4 * i] + 587 * data[4 * i + 1] + 114 * data[4 * i + 2]) / 1000)
  }
  // Beyond its border the image goes on with the pixels of the border.
  const at = (x, y) => gray[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]
  const result = new PNG({ width, height })
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const across = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1) -
        at(x - 1, y - 1) - 2 * at(x - 1, y) - at(x - 1, y + 1)
      const down = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1) -
        at(x - 1, y - 1) - 2 * at(x, y - 1) - at(x + 1, y - 1)
      const edge = Math.min(255, Math.abs(across) + Math.abs(down))
      result.data.set([edge, edge, edge, 255], 4 * (y * width + x))
    }
  }
  return result
}

module.exports['/pando/1.0.0'] = function (item, cb) {
  const [name, file] = item.split(' ')
  new PNG().parse(Buffer.from(file, 'base64'), function (err, image) {
    if (err) return cb(new Error(name + ' is no image: ' + err.message))
    cb(null, name + ' ' + PNG.sync.write(edges(image)).toString('base64'))
  })
}
