// A lender: who computes which items. It does not know what items are; it knows their indexes, 0, 1, 2, ….
//
// Its law: an item that is read and not answered is in one place, either among the waiting or in one lease that was not
// given back. A lease is a run of consecutive items, answered from its first to its last, in as many parts as the
// volunteer likes. One that is silent is suspected: its leases are given back, so that others can have the items, but
// it keeps them as well, and its late answers count where they are the first.
class Lender {
  // `bug` plants one, for those who want to see it found: 'lost' or 'twice'.
  constructor (bug) {
    this.bug = bug
    this.readCount = 0
    this.written = [] // the results, in order
    this.waiting = [] // indexes, the lowest first
    this.heldBack = new Map() // answered, but an item before is not: index → result
    this.volunteers = new Map() // name → its leases, by their number
    this.suspects = new Set()
    this.leaseCount = 0
  }

  read (count) {
    for (let i = 0; i < count; i++) this.waiting.push(this.readCount++)
  }

  join (name) {
    this.volunteers.set(name, new Map())
  }

  // Lends at most so many items, lowest index first; null if there are none, or nobody of that name who is heard.
  lend (name, most) {
    const leases = this.volunteers.get(name)
    if (leases === undefined || this.suspects.has(name) || this.waiting.length === 0) return null
    const first = this.waiting[0]
    let count = 1
    while (count < most && this.waiting[count] === first + count) count++
    this.waiting.splice(0, count)
    const lease = { number: ++this.leaseCount, first, next: first, end: first + count, givenBack: false }
    leases.set(lease.number, lease)
    return lease
  }

  // Takes the results of the next items of a lease. What is of no lease of this volunteer, or too much, is ignored.
  answer (name, number, results) {
    const leases = this.volunteers.get(name)
    const lease = leases && leases.get(number)
    if (!lease || lease.next + results.length > lease.end) return
    for (const result of results) this.#accept(lease.next++, result)
    if (lease.next === lease.end) leases.delete(number)
  }

  suspect (name) {
    if (!this.volunteers.has(name)) return
    this.suspects.add(name)
    for (const lease of this.volunteers.get(name).values()) this.#giveBack(lease)
  }

  leave (name) {
    if (!this.volunteers.has(name)) return
    for (const lease of this.volunteers.get(name).values()) {
      if (this.bug === 'lost' && lease.next > lease.first) continue
      this.#giveBack(lease)
    }
    this.volunteers.delete(name)
    this.suspects.delete(name)
  }

  isAnswered (index) {
    return index < this.written.length || this.heldBack.has(index)
  }

  #giveBack (lease) {
    if (lease.givenBack) return // others have its items by now, or will
    lease.givenBack = true
    for (let index = lease.next; index < lease.end; index++) {
      if (!this.isAnswered(index)) this.waiting.push(index)
    }
    this.waiting.sort((a, b) => a - b)
  }

  #accept (index, result) {
    const known = this.bug === 'twice' ? this.heldBack.has(index) : this.isAnswered(index)
    if (known) return
    this.heldBack.set(index, result)
    // It waits if it was given back, and the late answer came before somebody else had it.
    this.waiting = this.waiting.filter((other) => other !== index)
    while (this.heldBack.has(this.written.length)) {
      const next = this.written.length
      this.written.push(this.heldBack.get(next))
      this.heldBack.delete(next)
    }
  }
}

module.exports = Lender
