// Tests the lender with a random story, made from a seed: the same seed is the same story, on every machine.
//
// The item: "SEED", or "SEED BUG" to plant a bug. The result: {"seed", "steps", "problem", "story"}, where the problem
// is null if there was none, and the story is told only if there was one, or for "SEED tell".
const Lender = require('./lender.js')

const NAMES = ['Ada', 'Bo', 'Cy', 'Di']
const MOST_STEPS = 100

// A generator of random numbers of our own: Math.random() cannot be seeded. (xorshift, with 32 bits of state.)
function randomFrom (seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return function below (limit) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

// What has to be true after every step; the first thing that is not, or null.
function check (lender) {
  const lent = new Map() // index → who has it in a lease that was not given back
  for (const [name, leases] of lender.volunteers) {
    for (const lease of leases.values()) {
      if (lease.givenBack) continue
      for (let index = lease.next; index < lease.end; index++) {
        if (lender.isAnswered(index)) continue
        if (lent.has(index)) return `item ${index} is with ${lent.get(index)} and with ${name}`
        lent.set(index, name)
      }
    }
  }
  const wrong = lender.written.findIndex((result, index) => result !== `result of ${index}`)
  if (wrong >= 0) return `in place ${wrong} was written: ${lender.written[wrong]}`
  const [read, written] = [lender.readCount, lender.written.length]
  const [waiting, held] = [lender.waiting.length, lender.heldBack.size]
  if (read - written !== waiting + lent.size + held) {
    return `${read} read - ${written} written is not ${waiting} waiting + ${lent.size} lent + ${held} held back`
  }
  return null
}

function run (seed, word) {
  const below = randomFrom(seed)
  const lender = new Lender(word)
  const story = []
  const known = [] // all leases that ever were, with who had them: the late and the wrong ones answer too
  const pick = (list) => list[below(list.length)]

  const answer = (name, lease, count) => {
    const results = []
    for (let i = 0; i < count; i++) results.push(`result of ${lease.next + i}`)
    lender.answer(name, lease.number, results)
    return `${name} answers ${count} of lease ${lease.number}`
  }
  const steps = [
    () => { const n = 1 + below(5); lender.read(n); return `${n} are read` },
    () => {
      const name = pick(NAMES)
      if (lender.volunteers.has(name)) return null
      lender.join(name)
      return `${name} joins`
    },
    () => {
      const name = pick(NAMES)
      const lease = lender.lend(name, 1 + below(4))
      if (lease === null) return null
      known.push({ name, lease })
      return `${name} is lent ${lease.first} to ${lease.end - 1}, lease ${lease.number}`
    },
    () => {
      if (known.length === 0) return null
      const { name, lease } = pick(known)
      return answer(name, lease, 1 + below(lease.end - lease.first))
    },
    () => {
      // Of somebody else's lease: nothing may come of it.
      if (known.length === 0) return null
      return answer(pick(NAMES), pick(known).lease, 1)
    },
    () => { const name = pick(NAMES); lender.suspect(name); return `${name} is suspected` },
    () => { const name = pick(NAMES); lender.leave(name); return `${name} leaves` }
  ]
  // What moves things on is more frequent than what disturbs.
  const frequent = [0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 5, 6]

  const end = 10 + below(MOST_STEPS - 10)
  let problem = null
  for (let i = 0; i < end && problem === null; i++) {
    const told = steps[pick(frequent)]()
    if (told === null) continue
    story.push(told)
    problem = check(lender)
  }
  // A kind world: somebody comes, the others leave, and everything must get done.
  if (problem === null) {
    for (const name of NAMES) lender.leave(name)
    lender.join('Eve')
    for (let lease; (lease = lender.lend('Eve', 3)) !== null;) answer('Eve', lease, lease.end - lease.first)
    story.push('all leave, and Eve does the rest')
    problem = check(lender)
    if (problem === null && lender.written.length !== lender.readCount) {
      problem = `${lender.readCount} items were read, and ${lender.written.length} results written`
    }
  }
  return { seed, steps: story.length, problem, story: problem !== null || word === 'tell' ? story : [] }
}

module.exports = (item) => {
  const [seed, word] = item.split(' ')
  if (!/^\d+$/.test(seed)) throw new Error('not a seed: ' + item)
  // A failed test is a result. An error of this function would mean that the test itself is broken.
  return JSON.stringify(run(Number(seed), word))
}
