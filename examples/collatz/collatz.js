// Counts the Collatz steps of each number in a range, and gives the number that takes the most.
//
// The numbers are beyond what a JavaScript number holds exactly, so they are BigNumbers all the way; an item is a
// string anyway. A range has many numbers, because a single one is too little work to send anywhere.
var BigNumber = require('bignumber.js')
var pando = require('pando-computing')

// Never "1e+21": the next program compares digits.
BigNumber.config({ EXPONENTIAL_AT: 1e9 })

function stepsToOne (n) {
  var steps = 0
  while (!n.eq(1)) {
    n = n.mod(2).isZero() ? n.idiv(2) : n.times(3).plus(1)
    steps++
  }
  return steps
}

// The item: "FIRST COUNT". The result: "NUMBER STEPS".
module.exports['/pando/1.0.0'] = function (range, cb) {
  var started = Date.now()
  var parts = range.split(' ')
  var first = new BigNumber(parts[0])
  var count = Number(parts[1])
  if (!first.isInteger() || first.lt(1) || !(count >= 1)) return cb(new Error('not a range: ' + range))

  var best = null
  var most = -1
  for (var i = 0; i < count; i++) {
    var n = first.plus(i)
    var steps = stepsToOne(n)
    // The smallest of equals, so that the answer does not depend on how the ranges were cut.
    if (steps > most) {
      best = n
      most = steps
    }
  }
  // What the monitoring page shows of this volunteer.
  pando.report({ cpuTime: Date.now() - started, nbItems: count, units: 'numbers' })
  cb(null, best.toFixed() + ' ' + most)
}
