// Looks for a nonce in a range: a number such that the SHA-256 of "BLOCK NONCE" begins with so many zero bits.
var createHash = require('crypto').createHash // a stand-in for that of Node.js, which browsers do not have

function leadingZeros (bytes) {
  for (var i = 0; i < bytes.length; i++) {
    // Math.clz32 counts in 32 bits, of which a byte has the last 8.
    if (bytes[i] !== 0) return 8 * i + Math.clz32(bytes[i]) - 24
  }
  return 8 * bytes.length
}

// The item: {"block": "…", "bits": 12, "first": 0, "count": 500}. The result: {"block": "…", "nonce": 417 or null}.
// It names its block, because results of earlier blocks are still on their way when a new one has begun.
module.exports['/pando/1.0.0'] = function (item, cb) {
  var range = JSON.parse(item)
  var nonce = null
  for (var n = range.first; n < range.first + range.count && nonce === null; n++) {
    var hash = createHash('sha256').update(range.block + ' ' + n).digest()
    if (leadingZeros(hash) >= range.bits) nonce = n
  }
  cb(null, JSON.stringify({ block: range.block, nonce: nonce }))
}
