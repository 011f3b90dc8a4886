// Squares a number, and takes a second over it, so that there is something to share.
module.exports['/pando/1.0.0'] = function (x, cb) {
  setTimeout(function () {
    var n = Number(x)
    if (Number.isNaN(n)) cb(new Error('not a number: ' + x))
    else cb(null, String(n * n))
  }, 1000)
}
